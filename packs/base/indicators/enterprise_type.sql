/*
format: 1
id: R18
title: {zh: 企业类型, en: Type of enterprise}
group: registration
subjects: [enterprise]
type: code
window: at
empty: null
release: [value]
purposes: [lending, guarantee]
direction: ""
typical_use: admission by legal form
changes: >-
  Not in indicators.csv: what the registration says of the subject itself, so that it can be read back and
  shown. Of enterprises only: the register of sole traders (SCJ-02) states no type, being one itself.
origin: proposal
*/
SELECT subject, max(ent_type) AS value
FROM enterprise_registration
GROUP BY subject
