/*
format: 1
id: J10
title: {zh: 守信红名单数, en: Entries on red lists}
group: judicial
subjects: [enterprise, sole_trader, public_institution, social_organisation, person]
type: int
unit: count
window: at
empty: 0
release: [value, count, band]
bands: [1, 2, 3]
purposes: [lending, guarantee]
direction: "+"
typical_use: score bonus
changes: An entry is active on its last day.
origin: source document
*/
SELECT subject, count(*) AS value
FROM red_list
WHERE (list_type IS NULL OR list_type = '红名单')
  AND list_in_date <= :as_of AND (valid_to IS NULL OR valid_to >= :as_of)
GROUP BY subject
