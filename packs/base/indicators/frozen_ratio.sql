/*
format: 1
id: R11
title: {zh: 股权冻结比例, en: Share of equity frozen}
group: registration
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: at
empty: null
release: [value, band]
bands: [0, 0.3, 0.5]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject above 0
changes: >-
  Undefined where the registered capital is stated in another currency than CNY, is zero or is not stated
  (the field reg_capital_currency is a proposal). A freeze is in force on its last day.
origin: common knowledge, unverified
*/
WITH encumbered AS (
  SELECT subject, sum(frozen_amount) AS amount
  FROM frozen_equity
  WHERE frozen_from <= :as_of AND (frozen_to IS NULL OR frozen_to >= :as_of)
  GROUP BY subject
),
capital AS (
  SELECT subject, max(reg_capital) AS capital
  FROM enterprise_registration
  WHERE reg_capital_currency IS NULL OR reg_capital_currency = 'CNY'
  GROUP BY subject
),
beside AS (
  SELECT c.subject, c.capital, coalesce(e.amount, 0) AS amount
  FROM capital AS c
  LEFT JOIN encumbered AS e ON e.subject = c.subject
)
SELECT subject, amount / nullif(capital, 0) AS value
FROM beside
