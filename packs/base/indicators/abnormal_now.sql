/*
format: 1
id: R09
title: {zh: 当前经营异常, en: On the list of abnormal operations now}
group: registration
subjects: [enterprise, sole_trader]
type: bool
window: at
empty: false
release: [flag]
purposes: [lending, guarantee]
direction: "-"
typical_use: knock-out
origin: common knowledge, unverified
*/
SELECT subject,
  count(*) FILTER (WHERE list_in_date <= :as_of AND (list_out_date IS NULL OR list_out_date > :as_of)) > 0 AS value
FROM abnormal_operations
GROUP BY subject
