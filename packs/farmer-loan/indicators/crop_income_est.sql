/*
format: 1
id: A07
title: {zh: 估算种植收入, en: Estimated net income of one season's crop}
group: rural
subjects: [person, sole_trader, enterprise]
type: decimal(18,2)
unit: CNY
window: at
empty: 0
release: [value, band]
bands: [1, 10000, 50000, 100000]
purposes: [lending, guarantee]
direction: "+"
typical_use: limit base
parameters: [crop_yield_kg_per_mu, crop_price_per_kg, crop_cost_share]
sources_any: true
changes: >-
  No field says what grows on a parcel: yield, price and cost share are dated parameters of the city's reference crop
  (rice), for one season. Area is contracted land plus land transferred in minus land transferred out (transfer_role,
  as in A02), at least 0. Known as soon as either register knows the subject: most farmers transfer no land and are
  in ZRZY-03 alone.
origin: "common knowledge, unverified"
*/
WITH areas AS (
  SELECT subject, land_area_mu AS mu
  FROM land_rights
  UNION ALL
  SELECT subject, CASE WHEN transfer_role = '流入' THEN transfer_area_mu ELSE -transfer_area_mu END AS mu
  FROM farmland_transfers
  WHERE transfer_role IN ('流入', '流出')
    AND transfer_from <= :as_of AND (transfer_to IS NULL OR transfer_to >= :as_of)
),
totals AS (
  SELECT subject, sum(mu) AS mu
  FROM areas
  GROUP BY subject
),
farmed AS (
  SELECT subject, CASE WHEN mu >= 0 THEN mu WHEN mu < 0 THEN 0 END AS mu
  FROM totals
)
SELECT subject, mu * :crop_yield_kg_per_mu * :crop_price_per_kg * (1 - :crop_cost_share) AS value
FROM farmed
