/*
format: 1
id: T15
title: {zh: 近12月滞纳金金额, en: Late fees of tax in the last 12 months}
group: tax
subjects: [enterprise, sole_trader]
type: decimal(18,2)
unit: CNY
window: 12M
empty: 0
release: [value, band]
bands: [0, 100, 1000]
purposes: [lending, guarantee]
direction: "-"
typical_use: score
origin: public material
*/
SELECT subject, sum(tax_paid) AS value
FROM enterprise_tax_payments
WHERE tax_kind = '滞纳金' AND tax_treasury_date > :back_12m AND tax_treasury_date <= :as_of
GROUP BY subject
