/*
format: 1
id: R04
title: {zh: 法定代表人任职月数, en: Months in office of the legal representative}
group: registration
subjects: [enterprise]
type: int
unit: month
window: at
empty: null
release: [value, band]
bands: [6, 12, 24, 36]
purposes: [lending, guarantee]
direction: "+"
typical_use: '6 at least in a guarantee scheme'
changes: >-
  A firm that never changed its representative counts from its establishment (SCJ-01), which the formula
  does not say.
origin: public material
*/
WITH starts AS (
  SELECT subject, est_date AS started FROM enterprise_registration WHERE est_date <= :as_of
  UNION ALL
  SELECT subject, change_date AS started
  FROM registration_changes
  WHERE change_item LIKE '%法定代表人%' AND change_date <= :as_of
),
newest AS (
  SELECT subject, max(started) AS started
  FROM starts
  GROUP BY subject
)
SELECT subject,
  year(:as_of) * 12 + month(:as_of) - year(started) * 12 - month(started)
  - CASE WHEN day(:as_of) < day(started) THEN 1 ELSE 0 END AS value
FROM newest
