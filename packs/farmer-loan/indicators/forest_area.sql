/*
format: 1
id: A04
title: {zh: 林地面积, en: Forest land}
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
  Rights whose term (forest_to) has ended by as_of are left out; fields.csv has no other state of a right.
origin: source document
*/
SELECT subject, sum(forest_area_mu) AS value
FROM forest_rights
WHERE forest_to IS NULL OR forest_to >= :as_of
GROUP BY subject
