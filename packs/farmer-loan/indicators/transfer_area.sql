/*
format: 1
id: A02
title: {zh: 流转入面积, en: Farmland taken over by transfer}
group: rural
subjects: [person, sole_trader, enterprise]
type: decimal(16,2)
unit: mu
window: at
empty: 0
release: [value, band]
bands: [1, 10, 50, 100, 500]
purposes: [lending, guarantee]
direction: "+"
typical_use: limit base
parameters: []
changes: >-
  transfer_in is a name, and names do not lie in the lake: transfer_role (流入/流出, the side the row's subject stands
  on) was added to NYJ-01. Active means begun and not past its end; without an end it runs on.
origin: source document
*/
SELECT subject, sum(transfer_area_mu) AS value
FROM farmland_transfers
WHERE transfer_role = '流入' AND transfer_from <= :as_of AND (transfer_to IS NULL OR transfer_to >= :as_of)
GROUP BY subject
