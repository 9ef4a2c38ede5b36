/*
format: 1
id: T14
title: {zh: 近3月滞纳金金额, en: Late fees of tax in the last 3 months}
group: tax
subjects: [enterprise, sole_trader]
type: decimal(18,2)
unit: CNY
window: 3M
empty: 0
release: [value, band]
bands: [0, 100, 1000]
purposes: [lending, guarantee]
direction: "-"
typical_use: review above 0
origin: public material
*/
SELECT subject, sum(tax_paid) AS value
FROM enterprise_tax_payments
WHERE tax_kind = '滞纳金' AND tax_treasury_date > :back_3m AND tax_treasury_date <= :as_of
GROUP BY subject
