/*
format: 1
id: J03
title: {zh: 未履行执行金额, en: Amount under enforcement that is unpaid}
group: judicial
subjects: [enterprise, sole_trader, public_institution, social_organisation, person]
type: decimal(18,2)
unit: CNY
window: at
empty: 0
release: [value, band]
bands: [0, 10000, 100000, 1000000]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject above 0 for persons, above 1 % of sales for enterprises
changes: >-
  Closed cases stay in: a case that ended without assets to enforce leaves its amount unpaid, one that was
  performed states zero.
origin: public material
*/
SELECT subject, sum(exec_unpaid) AS value
FROM enforcement_cases
WHERE case_file_date <= :as_of
GROUP BY subject
