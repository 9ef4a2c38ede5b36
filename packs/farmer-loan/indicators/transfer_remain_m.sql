/*
format: 1
id: A03
title: {zh: 流转剩余月数, en: Months left of the farmland transfers}
group: rural
subjects: [person, sole_trader, enterprise]
type: int
unit: month
window: at
empty: null
release: [value, band]
bands: [6, 12, 24, 36]
purposes: [lending, guarantee]
direction: "+"
typical_use: ">= tenor"
parameters: []
changes: >-
  Completed months to the first end among the active contracts by which land comes in (transfer_role, as in A02); a
  contract without an end sets no limit. Undefined where no active contract has an end.
origin: "common knowledge, unverified"
*/
WITH ends AS (
  SELECT subject, min(transfer_to) AS first_end
  FROM farmland_transfers
  WHERE transfer_role = '流入' AND transfer_from <= :as_of AND transfer_to >= :as_of
  GROUP BY subject
)
SELECT
  subject,
  year(first_end) * 12 + month(first_end) - year(:as_of) * 12 - month(:as_of)
  - CASE WHEN day(first_end) < day(:as_of) THEN 1 ELSE 0 END AS value
FROM ends
