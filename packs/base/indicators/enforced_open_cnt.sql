/*
format: 1
id: J02
title: {zh: 未结执行案件数, en: Open enforcement cases}
group: judicial
subjects: [enterprise, sole_trader, public_institution, social_organisation, person]
type: int
unit: count
window: at
empty: 0
release: [value, count, band]
bands: [1, 2, 5]
purposes: [lending, guarantee]
direction: "-"
typical_use: 'with enforced_unpaid: knock-out above a threshold'
changes: >-
  Open on the day: filed by then and not closed by then, so that the state of an earlier day can be told.
origin: common knowledge, unverified
*/
SELECT subject, count(*) AS value
FROM enforcement_cases
WHERE case_file_date <= :as_of AND (exec_close_date IS NULL OR exec_close_date > :as_of)
GROUP BY subject
