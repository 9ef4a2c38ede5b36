/*
format: 1
id: E06
title: {zh: 上年度裁员率, en: Lay-off rate of last year}
group: employment
subjects: [enterprise, sole_trader]
type: decimal(12,4)
unit: ratio
window: 24M
empty: null
release: [value, band]
bands: [0.055, 0.2]
purposes: [lending, guarantee]
direction: "-"
typical_use: "<= 5.5%; <= 20% if insured <= 30"
parameters: []
changes: >-
  The calendar year before as_of; the window of 24M is what surely holds it. Persons by the relation
  claimed_after_leaving (RSJ-06, last employer) over the mean monthly heads insured against unemployment (210) by
  contributes_for (RSJ-03; RSJ-04 holds changes only). Both relations must be complete for firms: a firm that laid
  nobody off is in no row of the first.
origin: public material
*/
WITH claims AS (
  SELECT subject, count(DISTINCT other) AS claimants
  FROM claimed_after_leaving
  WHERE year(unemp_from) = year(:as_of) - 1
  GROUP BY subject
),
heads AS (
  SELECT DISTINCT subject, other, si_period
  FROM contributes_for
  WHERE si_type = '210' AND year(si_period) = year(:as_of) - 1
),
insured AS (
  SELECT subject, count(*) AS person_months
  FROM heads
  GROUP BY subject
),
parts AS (
  SELECT i.subject, i.person_months, coalesce(c.claimants, 0) AS claimants
  FROM insured AS i
  LEFT JOIN claims AS c ON c.subject = i.subject
)
SELECT subject, claimants * 12 / nullif(person_months, 0) AS value
FROM parts
