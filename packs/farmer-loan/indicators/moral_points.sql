/*
format: 1
id: A10
title: {zh: 道德积分, en: Moral points}
group: rural
subjects: [person]
type: decimal(5,1)
unit: point
window: latest
empty: null
release: [value, band]
bands: [60, 80, 90]
purposes: [lending]
direction: "+"
typical_use: ">= 80 may apply (Yuyao)"
parameters: []
changes: >-
  None of YYD-01 to YYD-03 holds approved points: they are what the village review weighs. The pack's own record
  approved_moral_points (MB-01) takes the approved result of a quarter; of the three sources YYD-01 is still read for
  the veto that acts at once (0 points while an unfulfilled entry stands); penalties and volunteer hours are already
  in the approved points. The zone adds up nothing itself: the points are the village's.
origin: public material
*/
WITH ranked AS (
  SELECT subject, points,
    row_number() OVER (PARTITION BY subject ORDER BY quarter_end DESC) AS rn
  FROM approved_moral_points
  WHERE approval_state = '已通过' AND quarter_end <= :as_of AND approved_on <= :as_of
),
vetoed AS (
  SELECT subject
  FROM moral_dishonest_debtors
  WHERE (exec_fulfil IS NULL OR exec_fulfil <> '全部') AND exec_publish_date <= :as_of
)
SELECT r.subject, max(CASE WHEN v.subject IS NULL THEN r.points ELSE 0 END) AS value
FROM ranked AS r
LEFT JOIN vetoed AS v ON v.subject = r.subject
WHERE r.rn = 1
GROUP BY r.subject
