/*
format: 1
id: E10
title: {zh: 近12月领取失业金, en: Unemployment benefit begun in 12 months}
group: employment
subjects: [person]
type: bool
unit: bool
window: 12M
empty: false
release: [flag]
bands: []
purposes: [lending, guarantee]
direction: "-"
typical_use: reject for salary loan
parameters: []
changes: >-
  As the formula says by the first month of the benefit: one that began before the window and still runs is false.
origin: source document
*/
SELECT subject, count(*) > 0 AS value
FROM unemployment_benefits
WHERE unemp_from > :back_12m AND unemp_from <= :as_of
GROUP BY subject
