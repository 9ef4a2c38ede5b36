/*
format: 1
id: H10
title: {zh: 偿债收入比(公积金贷款部分), en: Debt service to income (housing-fund loans)}
group: income
subjects: [person]
type: decimal(12,4)
unit: ratio
window: 1M
empty: null
release: [band]
bands: [0.3, 0.5, 0.55]
purposes: [lending, guarantee]
direction: "-"
typical_use: "<= 0.5-0.55"
parameters: []
changes: >-
  The public part only: instalments of housing-fund loans due in the last month over H04. The new instalment and the
  debts at other lenders are in the applicant's own request: the bank adds (new instalment + other instalments) / H04.
  An instalment is principal and interest repaid plus principal overdue.
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
),
due AS (
  SELECT subject,
    sum(coalesce(repay_principal, 0) + coalesce(repay_interest, 0) + coalesce(overdue_principal, 0)) AS instalments
  FROM housing_loan_repayments
  WHERE repay_due_date > :back_1m AND repay_due_date <= :as_of
  GROUP BY subject
),
parts AS (
  SELECT i.subject, i.amount, coalesce(d.instalments, 0) * i.share AS burden
  FROM income AS i
  LEFT JOIN due AS d ON d.subject = i.subject
)
SELECT subject, burden / nullif(amount, 0) AS value
FROM parts
