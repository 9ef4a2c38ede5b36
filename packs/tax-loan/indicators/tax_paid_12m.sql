/*
format: 1
id: T01
title: {zh: 近12月完税总额, en: Tax paid in the last 12 months}
group: tax
subjects: [enterprise, sole_trader]
type: decimal(18,2)
unit: CNY
window: 12M
empty: 0
release: [value, band]
bands: [10000, 30000, 100000, 300000]
purposes: [lending, guarantee]
direction: "+"
typical_use: admission from 10,000 or 30,000 up
parameters: [counted_tax_items]
changes: >-
  Which taxes count is the dated parameter counted_tax_items (VAT and corporate income tax; the formula
  leaves consumption tax to the product). Refunds are rows with a negative amount and net themselves out.
origin: public material
*/
SELECT subject, sum(tax_paid) AS value
FROM enterprise_tax_payments
WHERE tax_kind = '正税' AND tax_item IN (:counted_tax_items)
  AND tax_treasury_date > :back_12m AND tax_treasury_date <= :as_of
GROUP BY subject
