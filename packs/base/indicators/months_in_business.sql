/*
format: 1
id: R01
title: {zh: 经营月数, en: Months in business}
group: registration
subjects: [enterprise, sole_trader]
type: int
unit: month
window: at
empty: null
release: [value, band]
bands: [12, 24, 36, 60, 120]
purposes: [lending, guarantee]
direction: "+"
typical_use: '12 or 24 at least, by product'
sources_any: true
changes: >-
  Sole traders are in a register of their own (SCJ-02): a subject is known from either. In both, the earlier
  establishment counts.
origin: public material
*/
WITH registered AS (
  SELECT subject, est_date FROM enterprise_registration
  UNION ALL
  SELECT subject, est_date FROM sole_trader_registration
)
SELECT subject,
  max(year(:as_of) * 12 + month(:as_of) - year(est_date) * 12 - month(est_date)
    - CASE WHEN day(:as_of) < day(est_date) THEN 1 ELSE 0 END) AS value
FROM registered
WHERE est_date <= :as_of
GROUP BY subject
