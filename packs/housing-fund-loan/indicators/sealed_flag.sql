/*
format: 1
id: P04
title: {zh: 房产查封标志, en: Real estate under seizure}
group: property
subjects: [person, sole_trader, enterprise]
type: bool
unit: bool
window: at
empty: false
release: [flag]
bands: []
purposes: [lending, guarantee]
direction: "-"
typical_use: knock-out / review
parameters: []
changes: >-
  Active means begun, not lifted and not past its end; a waiting (轮候) or advance (预查封) seizure counts too.
origin: source document
*/
SELECT subject, count(*) > 0 AS value
FROM real_estate_seizures
WHERE (seal_from IS NULL OR seal_from <= :as_of)
  AND (seal_to IS NULL OR seal_to >= :as_of) AND (unseal_date IS NULL OR unseal_date > :as_of)
GROUP BY subject
