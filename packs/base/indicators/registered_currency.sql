/*
format: 1
id: R17
title: {zh: 注册资本币种, en: Currency of the registered capital}
group: registration
subjects: [enterprise, sole_trader]
type: code
window: at
empty: null
release: [value]
purposes: [lending, guarantee]
direction: ""
typical_use: read beside registered_capital
sources_any: true
changes: >-
  Not in indicators.csv: what the registration says of the subject itself, so that it can be read back and
  shown. Sole traders are in a register of their own (SCJ-02): a subject is known from either.
origin: proposal
*/
WITH registered AS (
  SELECT subject, reg_capital_currency FROM enterprise_registration
  UNION ALL
  SELECT subject, reg_capital_currency FROM sole_trader_registration
)
SELECT subject, max(reg_capital_currency) AS value
FROM registered
GROUP BY subject
