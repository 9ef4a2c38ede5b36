/*
format: 1
id: J07
title: {zh: 近12月行政处罚次数, en: Administrative penalties in 12 months}
group: judicial
subjects: [enterprise, sole_trader, public_institution, social_organisation]
type: int
unit: count
window: 12M
empty: 0
release: [value, count, band]
bands: [1, 3, 5]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject from 3 up
changes: >-
  fields.csv has neither the repair nor the gravity of a penalty: the fields repair_status and cf_level
  (proposals) were added. A penalty that states nothing of these counts.
origin: common knowledge, unverified
*/
SELECT subject, count(DISTINCT cf_doc_no) AS value
FROM administrative_penalties
WHERE cf_decide_date > :back_12m AND cf_decide_date <= :as_of
  AND (cf_procedure IS NULL OR cf_procedure <> '01')
  AND (repair_status IS NULL OR repair_status <> '已修复')
  AND (cf_level IS NULL OR cf_level <> '轻微')
GROUP BY subject
