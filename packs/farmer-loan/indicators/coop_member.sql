/*
format: 1
id: A09
title: {zh: 合作社或新型经营主体标志, en: Cooperative or new-type farm operator}
group: rural
subjects: [person, sole_trader, enterprise]
type: bool
unit: bool
window: at
empty: false
release: [flag]
bands: []
purposes: [lending, guarantee]
direction: "+"
typical_use: score bonus
parameters: []
sources_any: true
changes: >-
  SCJ-17 lists cooperatives, not their members: a person is found in the rosters NYJ-03, NYJ-04 and NYJ-05, and a firm
  that is itself a registered cooperative in SCJ-17. Known as soon as one of the four knows the subject, or is declared
  complete for its kind.
origin: source document
*/
WITH rosters AS (
  SELECT subject
  FROM farmer_cooperatives
  WHERE reg_status = '存续' AND est_date <= :as_of
  UNION ALL
  SELECT subject
  FROM young_farm_owners
  WHERE farm_eval_year <= year(:as_of)
  UNION ALL
  SELECT subject
  FROM professional_farmers_management
  WHERE farm_eval_year <= year(:as_of)
  UNION ALL
  SELECT subject
  FROM professional_farmers_skilled
  WHERE farm_eval_year <= year(:as_of)
)
SELECT subject, count(*) > 0 AS value
FROM rosters
GROUP BY subject
