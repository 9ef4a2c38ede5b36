/*
format: 1
id: E03
title: {zh: 参保人数增长率, en: Growth of insured employees in 12 months}
group: employment
subjects: [enterprise, sole_trader]
type: decimal(12,4)
unit: ratio
window: 13M
empty: null
release: [value, band]
bands: [-0.3, 0, 0.3]
purposes: [lending, guarantee]
direction: "+"
typical_use: review if < -0.3
parameters: []
changes: >-
  From the headcounts of E01 (RSJ-03): RSJ-04 holds changes, from which no headcount can be made without a beginning.
  The month 12 before the last whole month lies 13 months back, hence the window.
origin: "common knowledge, unverified"
*/
WITH heads AS (
  SELECT DISTINCT subject, other,
    year(:as_of) * 12 + month(:as_of) - CASE WHEN :as_of = last_day(:as_of) THEN 0 ELSE 1 END
    - year(si_period) * 12 - month(si_period) AS months_ago
  FROM contributes_for
  WHERE si_type = '110' AND si_period > :back_13m AND si_period <= :as_of
),
counts AS (
  SELECT subject,
    count(*) FILTER (WHERE months_ago = 0) AS heads_now,
    count(*) FILTER (WHERE months_ago = 12) AS heads_then
  FROM heads
  GROUP BY subject
)
SELECT subject, (heads_now - heads_then) / nullif(heads_then, 0) AS value
FROM counts
