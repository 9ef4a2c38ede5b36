/*
format: 1
id: H05
title: {zh: 缴存基数增长率, en: Growth of the deposit base in 12 months}
group: income
subjects: [person]
type: decimal(12,4)
unit: ratio
window: 24M
empty: null
release: [band]
bands: [-0.3, 0, 0.1, 0.3]
purposes: [lending, guarantee]
direction: "+"
typical_use: score
parameters: []
changes: >-
  "hf_base at T-12" is the latest base of the twelve months that end 12 months before as_of (the window is therefore
  24M), and "hf_base" the latest of the last twelve months; without either, or with a zero base, undefined.
origin: "common knowledge, unverified"
*/
WITH stated AS (
  SELECT subject, hf_base, hf_paid_to, CASE WHEN hf_paid_to > :back_12m THEN 1 ELSE 0 END AS recent
  FROM housing_fund_deposits
  WHERE hf_paid_to > :back_24m AND hf_paid_to <= :as_of AND hf_base IS NOT NULL
),
ranked AS (
  SELECT subject, hf_base, recent,
    row_number() OVER (PARTITION BY subject, recent ORDER BY hf_paid_to DESC, hf_base DESC) AS rn
  FROM stated
),
bases AS (
  SELECT subject,
    max(hf_base) FILTER (WHERE recent = 1) AS base_now,
    max(hf_base) FILTER (WHERE recent = 0) AS base_then
  FROM ranked
  WHERE rn = 1
  GROUP BY subject
)
SELECT subject, (base_now - base_then) / nullif(base_then, 0) AS value
FROM bases
