/*
format: 1
id: H02
title: {zh: 个人缴存基数, en: Housing-fund deposit base}
group: income
subjects: [person]
type: decimal(12,2)
unit: CNY
window: latest
empty: null
release: [band]
bands: [3000, 5000, 8000, 12000, 20000]
purposes: [lending, guarantee]
direction: "+"
typical_use: ">= 3,000"
parameters: []
changes: >-
  Latest month that states a base; of several accounts in that month the largest base.
origin: public material
*/
WITH ranked AS (
  SELECT subject, hf_base,
    row_number() OVER (PARTITION BY subject ORDER BY hf_paid_to DESC, hf_base DESC) AS rn
  FROM housing_fund_deposits
  WHERE hf_paid_to <= :as_of AND hf_base IS NOT NULL
)
SELECT subject, hf_base AS value
FROM ranked
WHERE rn = 1
