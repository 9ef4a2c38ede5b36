/*
format: 1
id: E02
title: {zh: 月均参保人数, en: Mean number of insured employees}
group: employment
subjects: [enterprise, sole_trader]
type: decimal(12,2)
unit: count
window: 12M
empty: 0
release: [value, band]
bands: [1, 5, 20, 50, 100, 300]
purposes: [lending, guarantee]
direction: "+"
typical_use: size class
parameters: []
changes: >-
  Over all 12 months of the window; a month without insured persons counts 0. Heads as in E01.
origin: public material
*/
WITH heads AS (
  SELECT DISTINCT subject, other, si_period
  FROM contributes_for
  WHERE si_type = '110' AND si_period > :back_12m AND si_period <= :as_of
)
SELECT subject, count(*) / nullif(12, 0) AS value
FROM heads
GROUP BY subject
