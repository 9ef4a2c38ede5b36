/*
format: 1
id: T03
title: {zh: 完税额同比, en: Growth of tax paid over the year before}
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
typical_use: review below -0.3
parameters: [counted_tax_items]
changes: >-
  Undefined for a base of zero, as the formula says, and for a base below zero (more refunded than paid),
  where the quotient would turn its sign.
origin: common knowledge, unverified
*/
SELECT subject,
  (sum(CASE WHEN tax_treasury_date > :back_12m THEN tax_paid ELSE 0 END)
    - sum(CASE WHEN tax_treasury_date <= :back_12m THEN tax_paid ELSE 0 END))
  / nullif(greatest(sum(CASE WHEN tax_treasury_date <= :back_12m THEN tax_paid ELSE 0 END), 0), 0) AS value
FROM enterprise_tax_payments
WHERE tax_kind = '正税' AND tax_item IN (:counted_tax_items)
  AND tax_treasury_date > :back_24m AND tax_treasury_date <= :as_of
GROUP BY subject
