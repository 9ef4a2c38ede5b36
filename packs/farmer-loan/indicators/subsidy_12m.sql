/*
format: 1
id: A05
title: {zh: 近12月惠农补贴额, en: Farm subsidies paid in 12 months}
group: rural
subjects: [person]
type: decimal(16,2)
unit: CNY
window: 12M
empty: 0
release: [value, band]
bands: [1, 500, 2000, 10000]
purposes: [lending, guarantee]
direction: "+"
typical_use: proof of real farming
parameters: []
changes: By the day of payment; a subsidy granted and not yet paid is not counted.
origin: public material
*/
SELECT subject, sum(subsidy_amount) AS value
FROM consolidated_subsidies
WHERE subsidy_pay_date > :back_12m AND subsidy_pay_date <= :as_of
GROUP BY subject
