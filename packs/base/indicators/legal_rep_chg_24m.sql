/*
format: 1
id: R05
title: {zh: 近24月法人变更次数, en: Changes of the legal representative in 24 months}
group: registration
subjects: [enterprise]
type: int
unit: count
window: 24M
empty: 0
release: [value, count, band]
bands: [1, 2, 3]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject above 2
changes: The item is recognised within the longer names that registries write.
origin: public material
*/
SELECT subject, count(*) AS value
FROM registration_changes
WHERE change_item LIKE '%法定代表人%'
  AND change_date > :back_24m AND change_date <= :as_of
GROUP BY subject
