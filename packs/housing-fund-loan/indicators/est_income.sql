/*
format: 1
id: H04
title: {zh: 估算月收入, en: Estimated monthly income}
group: income
subjects: [person]
type: decimal(14,2)
unit: CNY
window: latest
empty: null
release: [band]
bands: [3000, 5000, 8000, 12000, 20000]
purposes: [lending, guarantee]
direction: "+"
typical_use: DTI base
parameters: []
changes: >-
  The ratios are asked of GJJ-02 itself (hf_person_ratio, hf_unit_ratio, both in JGJ/T 320), not of the employer's
  rows in GJJ-01, which are about another subject and lack the person's ratio. Read from the latest row; of several
  accounts in one month from the one with the largest base, then the first account number.
origin: "common knowledge, unverified"
*/
WITH ranked AS (
  SELECT
    subject, hf_base,
    hf_person_month + hf_unit_month AS deposit,
    hf_person_ratio + hf_unit_ratio AS ratio,
    row_number() OVER (
      PARTITION BY subject ORDER BY hf_paid_to DESC, coalesce(hf_base, 0) DESC, hf_person_no
    ) AS rn
  FROM housing_fund_deposits
  WHERE hf_paid_to <= :as_of
),
income AS (
  SELECT subject,
    CASE WHEN hf_base IS NULL THEN deposit ELSE hf_base END AS amount,
    CASE WHEN hf_base IS NULL THEN ratio ELSE 1 END AS share
  FROM ranked
  WHERE rn = 1
)
SELECT subject, amount / nullif(share, 0) AS value
FROM income
