/*
format: 1
id: H11
title: {zh: 近12月个税收入, en: Wages declared for income tax in 12 months}
group: income
subjects: [person]
type: decimal(16,2)
unit: CNY
window: 12M
empty: 0
release: [band]
bands: [60000, 120000, 240000, 480000]
purposes: [lending, guarantee]
direction: "+"
typical_use: written consent needed
parameters: []
origin: "common knowledge, unverified"
*/
SELECT subject, sum(pit_income) AS value
FROM individual_income_tax
WHERE pit_item = '工资薪金' AND pit_period > :back_12m AND pit_period <= :as_of
GROUP BY subject
