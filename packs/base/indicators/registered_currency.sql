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
changes: >-
  Not in indicators.csv: what the registration says of the subject itself, so that it can be read back and
  shown.
origin: proposal
*/
SELECT subject, max(reg_capital_currency) AS value
FROM enterprise_registration
GROUP BY subject
