/*
format: 1
id: A01
title: {zh: 承包地面积, en: Contracted farmland}
group: rural
subjects: [person, sole_trader, enterprise]
type: decimal(16,2)
unit: mu
window: at
empty: 0
release: [value, band]
bands: [1, 10, 50, 100, 500]
purposes: [lending, guarantee]
direction: "+"
typical_use: limit base
parameters: []
changes: >-
  fields.csv gives no end of a contract: every parcel in the register counts. The contractor is a household; the row
  is about its representative.
origin: source document
*/
SELECT subject, sum(land_area_mu) AS value
FROM land_rights
GROUP BY subject
