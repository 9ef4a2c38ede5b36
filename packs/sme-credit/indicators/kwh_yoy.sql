/*
format: 1
id: U02
title: {zh: 用电量同比, en: Power used against the year before}
group: utility
subjects: [enterprise, sole_trader]
type: decimal(14,4)
unit: ratio
window: 24M
empty: null
release: [value, band]
bands: [-0.5, -0.2, 0, 0.2]
purposes: [lending, guarantee]
direction: "+"
typical_use: review if < -0.5
parameters: []
origin: "common knowledge, unverified"
*/
WITH halves AS (
  SELECT subject,
    sum(CASE WHEN bill_ym > :back_12m THEN usage_kwh ELSE 0 END) AS kwh_now,
    sum(CASE WHEN bill_ym <= :back_12m THEN usage_kwh ELSE 0 END) AS kwh_then
  FROM consumption_power
  WHERE bill_ym > :back_24m AND bill_ym <= :as_of
  GROUP BY subject
)
SELECT subject, (kwh_now - kwh_then) / nullif(kwh_then, 0) AS value
FROM halves
