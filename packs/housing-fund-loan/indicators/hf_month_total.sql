/*
format: 1
id: H03
title: {zh: 月缴存额合计, en: Monthly deposit of person and employer}
group: income
subjects: [person]
type: decimal(14,2)
unit: CNY
window: latest
empty: null
release: [value, band]
bands: [500, 1000, 2000, 4000, 8000]
purposes: [lending, guarantee]
direction: "+"
typical_use: limit base
parameters: []
changes: >-
  Sum over all accounts with a deposit in the latest month; an account that states only one of the two parts is left
  out, since the missing part is unknown and not zero.
origin: public material
*/
WITH last_month AS (
  SELECT subject, max(hf_paid_to) AS paid_to
  FROM housing_fund_deposits
  WHERE hf_paid_to <= :as_of
  GROUP BY subject
)
SELECT d.subject, sum(d.hf_person_month + d.hf_unit_month) AS value
FROM housing_fund_deposits AS d
JOIN last_month AS l ON l.subject = d.subject AND l.paid_to = d.hf_paid_to
GROUP BY d.subject
