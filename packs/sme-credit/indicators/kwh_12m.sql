/*
format: 1
id: U01
title: {zh: 近12月用电量, en: Power used in 12 months}
group: utility
subjects: [enterprise, sole_trader]
type: decimal(20,2)
unit: kWh
window: 12M
empty: 0
release: [value, band]
bands: [1, 10000, 100000, 1000000]
purposes: [lending, guarantee]
direction: "+"
typical_use: activity
parameters: []
origin: source document
*/
SELECT subject, sum(usage_kwh) AS value
FROM consumption_power
WHERE bill_ym > :back_12m AND bill_ym <= :as_of
GROUP BY subject
