/*
format: 1
id: T22
title: {zh: 个税申报人数, en: Persons whose income tax is withheld}
group: tax
subjects: [enterprise, sole_trader]
type: int
unit: person
window: latest
empty: 0
release: [count, band]
bands: [5, 10, 20, 50, 100]
purposes: [lending, guarantee]
direction: "+"
typical_use: 'compared with the insured headcount: a gap above 20 % is reviewed, above 50 % high'
changes: >-
  Counted through the relation withholds_for (from SWJ-03) under its aggregate gate: the firm learns nothing
  of a person but that the count holds one. The latest month is the newest that the withholding firm filed.
  The relation is complete for organisations: one that withholds for nobody has zero.
origin: public material
*/
WITH dated AS (
  SELECT subject, other, pit_period, max(pit_period) OVER (PARTITION BY subject) AS newest
  FROM withholds_for
  WHERE pit_period <= :as_of
)
SELECT subject, count(DISTINCT other) AS value
FROM dated
WHERE pit_period = newest
GROUP BY subject
