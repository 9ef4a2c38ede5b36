/*
format: 1
id: T16
title: {zh: 近12月滞纳金次数, en: Late-fee entries in the last 12 months}
group: tax
subjects: [enterprise, sole_trader]
type: int
unit: count
window: 12M
empty: 0
release: [value, count, band]
bands: [1, 3, 6]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject from 6 up
changes: Entries of nothing and refunds of late fees are no entries.
origin: public material
*/
SELECT subject, count(*) AS value
FROM enterprise_tax_payments
WHERE tax_kind = '滞纳金' AND tax_paid > 0
  AND tax_treasury_date > :back_12m AND tax_treasury_date <= :as_of
GROUP BY subject
