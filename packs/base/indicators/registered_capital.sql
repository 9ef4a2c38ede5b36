/*
format: 1
id: R16
title: {zh: 注册资本, en: Registered capital}
group: registration
subjects: [enterprise, sole_trader]
type: decimal(18,6)
unit: 10k of its currency
window: at
empty: null
release: [value, band]
bands: [10, 50, 100, 500, 1000]
purposes: [lending, guarantee]
direction: "+"
typical_use: in 10,000 of registered_currency
changes: >-
  Not in indicators.csv: what the registration says of the subject itself, so that it can be read back and
  shown.
origin: proposal
*/
SELECT subject, max(reg_capital) AS value
FROM enterprise_registration
GROUP BY subject
