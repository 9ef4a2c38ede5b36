/*
format: 1
id: R06
title: {zh: 申请人持股比例, en: Share held by the legal representative}
group: registration
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: at
empty: null
release: [value, band]
bands: [0.1, 0.2, 0.5]
purposes: [lending, guarantee]
direction: "+"
typical_use: '0.10 or 0.20 at least, by bank'
changes: >-
  The applicant is whom the bank has before it; the zone answers for the legal representative. fields.csv
  does not say which investor that is: the flag legal_rep_flag (proposal) was added, so that no identifier
  of a person is compared. A representative without a share has zero.
origin: public material
*/
WITH shares AS (
  SELECT subject, count(legal_rep_flag) AS stated,
    sum(CASE WHEN legal_rep_flag THEN coalesce(share_ratio, 0) ELSE 0 END) AS held,
    sum(CASE WHEN legal_rep_flag AND share_ratio IS NULL THEN 1 ELSE 0 END) AS not_stated
  FROM investors
  GROUP BY subject
)
SELECT subject, held AS value
FROM shares
WHERE stated > 0 AND not_stated = 0
