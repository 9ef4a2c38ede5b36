/*
format: 1
id: P01
title: {zh: 自有房产套数, en: Units of real estate owned}
group: property
subjects: [person, sole_trader, enterprise]
type: int
unit: count
window: at
empty: 0
release: [value, band]
bands: [1, 2, 3]
purposes: [lending, guarantee]
direction: "+"
typical_use: written consent
parameters: []
changes: >-
  Distinct real-estate units: a unit with two certificates of one owner counts once. A title without a date of
  registration counts, since it stands in today's register.
origin: "common knowledge, unverified"
*/
SELECT subject, count(DISTINCT re_unit_no) AS value
FROM real_estate_registration
WHERE re_status = '现势' AND (re_reg_date IS NULL OR re_reg_date <= :as_of)
GROUP BY subject
