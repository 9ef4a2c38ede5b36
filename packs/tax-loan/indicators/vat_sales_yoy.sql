/*
format: 1
id: T05
title: {zh: 销售额同比, en: Growth of VAT sales over the year before}
group: tax
subjects: [enterprise, sole_trader]
type: decimal(18,6)
unit: ratio
window: 24M
empty: null
release: [value, band]
bands: [-0.5, -0.3, 0, 0.3]
purposes: [lending, guarantee]
direction: "+"
typical_use: reject below -0.5, review below -0.3
changes: >-
  Undefined for a base that is not above zero. As of a month end the return of that month is not due yet; a
  snapshot as of the 15th or later compares twelve filed months with twelve.
origin: common knowledge, unverified
*/
SELECT subject,
  (sum(CASE WHEN tax_period_to > :back_12m THEN tax_sales ELSE 0 END)
    - sum(CASE WHEN tax_period_to <= :back_12m THEN tax_sales ELSE 0 END))
  / nullif(greatest(sum(CASE WHEN tax_period_to <= :back_12m THEN tax_sales ELSE 0 END), 0), 0) AS value
FROM enterprise_tax_payments
WHERE tax_kind = '正税' AND tax_item = '10101'
  AND tax_period_to > :back_24m AND tax_period_to <= :as_of
GROUP BY subject
