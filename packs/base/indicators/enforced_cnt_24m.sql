/*
format: 1
id: J04
title: {zh: 近24月被执行次数, en: Enforcement cases filed in 24 months}
group: judicial
subjects: [enterprise, sole_trader, public_institution, social_organisation, person]
type: int
unit: count
window: 24M
empty: 0
release: [value, count, band]
bands: [1, 2, 5]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject from 2 up
origin: common knowledge, unverified
*/
SELECT subject, count(case_file_date) AS value
FROM enforcement_cases
WHERE case_file_date > :back_24m AND case_file_date <= :as_of
GROUP BY subject
