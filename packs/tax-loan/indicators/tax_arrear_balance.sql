/*
format: 1
id: T12
title: {zh: 当前欠税余额, en: Tax in arrears now}
group: tax
subjects: [enterprise, sole_trader]
type: decimal(18,2)
unit: CNY
window: at
empty: 0
release: [value, band]
bands: [0, 1000, 10000]
purposes: [lending, guarantee]
direction: "-"
typical_use: knock-out above 0
changes: >-
  fields.csv has no day on which an arrear was cleared; the field arrear_clear_date (proposal) was added, so
  that the state at an earlier day can be told.
origin: public material
*/
SELECT subject, sum(arrear_balance) AS value
FROM tax_arrears
WHERE (arrear_date IS NULL OR arrear_date <= :as_of)
  AND (arrear_clear_date IS NULL OR arrear_clear_date > :as_of)
GROUP BY subject
