/*
format: 1
id: J12
title: {zh: 近24月环保处罚次数, en: Environmental penalties in 24 months}
group: judicial
subjects: [enterprise, sole_trader, public_institution, social_organisation]
type: int
unit: count
window: 24M
empty: 0
release: [value, count, band]
bands: [1, 2, 3]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject where the environmental credit is red or black
changes: >-
  The sum of the formula: fines of 24 months, each decision once, and one more for a red or black
  environmental credit in force on the day.
origin: common knowledge, unverified
*/
WITH marks AS (
  SELECT subject, coalesce(cf_doc_no, inspect_no) AS doc_no, 0 AS rated
  FROM environmental_inspections
  WHERE cf_fine > 0 AND inspect_date > :back_24m AND inspect_date <= :as_of
  UNION ALL
  SELECT subject, NULL AS doc_no, 1 AS rated
  FROM polluting_enterprises
  WHERE env_credit IN ('红', '黑') AND (valid_to IS NULL OR valid_to >= :as_of)
)
SELECT subject, count(DISTINCT doc_no) + max(rated) AS value
FROM marks
GROUP BY subject
