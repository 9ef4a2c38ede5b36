/*
format: 1
id: T19
title: {zh: 税负率同比, en: VAT burden against the year before}
group: tax
subjects: [enterprise, sole_trader]
type: decimal(18,6)
unit: ratio
window: 24M
empty: null
release: [value, band]
bands: [0.5, 0.8, 1.2, 2]
purposes: [lending, guarantee]
direction: "band"
typical_use: review below 0.5
changes: >-
  The quotient of two quotients is written as one division, so that it is rounded once. Undefined unless
  both years have sales above zero and the year before a burden.
origin: public material
*/
SELECT subject,
  CASE
    WHEN sum(CASE WHEN tax_period_to > :back_12m THEN tax_sales ELSE 0 END) > 0
      AND sum(CASE WHEN tax_period_to <= :back_12m THEN tax_sales ELSE 0 END) > 0
    THEN sum(CASE WHEN tax_period_to > :back_12m THEN tax_payable ELSE 0 END)
      * sum(CASE WHEN tax_period_to <= :back_12m THEN tax_sales ELSE 0 END)
      / nullif(
        sum(CASE WHEN tax_period_to > :back_12m THEN tax_sales ELSE 0 END)
          * sum(CASE WHEN tax_period_to <= :back_12m THEN tax_payable ELSE 0 END), 0)
  END AS value
FROM enterprise_tax_payments
WHERE tax_kind = '正税' AND tax_item = '10101'
  AND tax_period_to > :back_24m AND tax_period_to <= :as_of
GROUP BY subject
