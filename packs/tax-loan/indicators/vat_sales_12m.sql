/*
format: 1
id: T04
title: {zh: 近12月增值税销售额, en: VAT sales of the last 12 months}
group: tax
subjects: [enterprise, sole_trader]
type: decimal(18,2)
unit: CNY
window: 12M
empty: 0
release: [value, band]
bands: [100000, 500000, 1000000, 5000000, 10000000]
purposes: [lending, guarantee]
direction: "+"
typical_use: a limit is capped at 20 to 40 % of it
changes: >-
  Only rows of the tax itself count, so that a late fee that repeats the sales of its return is not counted
  again. A month is in the window when its tax period ends there; the return of the last month is due in the
  middle of the next, so a snapshot as of the 15th or later holds twelve filed months.
origin: public material
*/
SELECT subject, sum(tax_sales) AS value
FROM enterprise_tax_payments
WHERE tax_kind = '正税' AND tax_item = '10101'
  AND tax_period_to > :back_12m AND tax_period_to <= :as_of
GROUP BY subject
