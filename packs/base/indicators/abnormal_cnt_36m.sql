/*
format: 1
id: R10
title: {zh: 近36月列入异常次数, en: Entries on the list of abnormal operations in 36 months}
group: registration
subjects: [enterprise, sole_trader]
type: int
unit: count
window: 36M
empty: 0
release: [value, count, band]
bands: [1, 2, 3]
purposes: [lending, guarantee]
direction: "-"
typical_use: score
origin: common knowledge, unverified
*/
SELECT subject, count(list_in_date) AS value
FROM abnormal_operations
WHERE list_in_date > :back_36m AND list_in_date <= :as_of
GROUP BY subject
