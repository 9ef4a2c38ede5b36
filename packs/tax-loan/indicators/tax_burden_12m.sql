/*
format: 1
id: T18
title: {zh: 增值税税负率, en: VAT burden of the last 12 months}
group: tax
subjects: [enterprise, sole_trader]
type: decimal(18,6)
unit: ratio
window: 12M
empty: null
release: [value, band]
bands: [0.005, 0.01, 0.03, 0.06]
purposes: [lending, guarantee]
direction: "band"
typical_use: compare with the 10th to 90th percentile of the industry
origin: public material
*/
SELECT subject, sum(tax_payable) / nullif(sum(tax_sales), 0) AS value
FROM enterprise_tax_payments
WHERE tax_kind = '正税' AND tax_item = '10101'
  AND tax_period_to > :back_12m AND tax_period_to <= :as_of
GROUP BY subject
