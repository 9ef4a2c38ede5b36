/*
format: 1
id: R07
title: {zh: 近12月股权变更次数, en: Changes of equity in 12 months}
group: registration
subjects: [enterprise]
type: int
unit: count
window: 12M
empty: 0
release: [value, count, band]
bands: [1, 3]
purposes: [lending, guarantee]
direction: "-"
typical_use: review from 3 up
changes: The item is recognised within the longer names that registries write.
origin: common knowledge, unverified
*/
SELECT subject, count(*) AS value
FROM registration_changes
WHERE (change_item LIKE '%股权%' OR change_item LIKE '%股东%' OR change_item LIKE '%投资人%')
  AND change_date > :back_12m AND change_date <= :as_of
GROUP BY subject
