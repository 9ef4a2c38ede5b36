/*
format: 1
id: H06
title: {zh: 近24月断缴月数, en: Months without a deposit in the last 24}
group: income
subjects: [person]
type: int
unit: month
window: 24M
empty: 24
release: [value, band]
bands: [1, 3, 6, 12]
purposes: [lending, guarantee]
direction: "-"
typical_use: review if > 2
parameters: []
changes: >-
  Months before the account was opened count as months without a deposit, as the formula says (24 - paid months);
  read it beside H01.
origin: "common knowledge, unverified"
*/
SELECT subject, 24 - count(DISTINCT hf_paid_to) AS value
FROM housing_fund_deposits
WHERE hf_paid_to > :back_24m AND hf_paid_to <= :as_of
GROUP BY subject
