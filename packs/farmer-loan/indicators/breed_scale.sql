/*
format: 1
id: A08
title: {zh: 养殖规模(标准头), en: Livestock in pig-equivalents}
group: rural
subjects: [person, sole_trader, enterprise]
type: decimal(16,2)
unit: head
window: at
empty: 0
release: [value, band]
bands: [1, 50, 500, 5000]
purposes: [lending, guarantee]
direction: "+"
typical_use: limit base
parameters: [poultry_per_100_pigs]
changes: >-
  Pigs counted in 头 and poultry in 羽 are the kinds of fields.csv that have an equivalent; aquaculture has none. Of
  the yearly lists the newest that names the subject counts.
origin: "common knowledge, unverified"
*/
WITH latest AS (
  SELECT subject, max(farm_eval_year) AS eval_year
  FROM large_scale_farmers
  WHERE farm_eval_year <= year(:as_of)
  GROUP BY subject
),
herds AS (
  SELECT
    f.subject,
    sum(CASE WHEN f.farm_kind = '生猪' AND f.farm_unit = '头' THEN f.farm_scale ELSE 0 END) AS pigs,
    sum(CASE WHEN f.farm_kind = '家禽' AND f.farm_unit = '羽' THEN f.farm_scale ELSE 0 END) AS poultry
  FROM large_scale_farmers AS f
  JOIN latest AS l ON l.subject = f.subject AND l.eval_year = f.farm_eval_year
  GROUP BY f.subject
)
SELECT subject, (pigs * :poultry_per_100_pigs + poultry * 100) / nullif(:poultry_per_100_pigs, 0) AS value
FROM herds
