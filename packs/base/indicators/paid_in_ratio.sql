/*
format: 1
id: R03
title: {zh: 实缴率, en: Paid-in share of the capital due}
group: registration
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: at
empty: null
release: [value, band]
bands: [0.3, 0.7, 1]
purposes: [lending, guarantee]
direction: "+"
typical_use: a guarantee scheme asks for more than 0
changes: Undefined where nothing is due yet.
origin: public material
*/
SELECT subject,
  sum(paid_amount) / nullif(sum(CASE WHEN sub_date <= :as_of THEN sub_amount ELSE 0 END), 0) AS value
FROM investors
GROUP BY subject
