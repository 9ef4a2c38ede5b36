/*
format: 1
id: T13
title: {zh: 近12月欠税次数, en: Tax periods with arrears in the last 12 months}
group: tax
subjects: [enterprise, sole_trader]
type: int
unit: count
window: 12M
empty: 0
release: [value, count, band]
bands: [1, 2, 4]
purposes: [lending, guarantee]
direction: "-"
typical_use: review from 2 up
changes: >-
  fields.csv has no tax period of an arrear; the field arrear_period_to (proposal) was added. A period
  counts when its arrear arose in the window, also if it was cleared since; arrears of several taxes for one
  period count once.
origin: public material
*/
SELECT subject, count(DISTINCT year(arrear_period_to) * 12 + month(arrear_period_to)) AS value
FROM tax_arrears
WHERE arrear_date > :back_12m AND arrear_date <= :as_of
GROUP BY subject
