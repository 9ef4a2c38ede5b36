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
sources_any: true
changes: >-
  Not in indicators.csv: what the registration says of the subject itself, so that it can be read back and
  shown. Sole traders are in a register of their own (SCJ-02): a subject is known from either.
origin: proposal
*/
WITH registered AS (
  SELECT subject, reg_capital FROM enterprise_registration
  UNION ALL
  SELECT subject, reg_capital FROM sole_trader_registration
)
SELECT subject, max(reg_capital) AS value
FROM registered
GROUP BY subject
