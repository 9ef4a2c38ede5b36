/*
format: 1
id: V17
title: {zh: 销项同比, en: Growth of sales over the year before}
group: invoice
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: 24M
empty: null
release: [value, band]
bands: [-0.5, -0.2, 0, 0.2]
purposes: [lending, research]
direction: "+"
typical_use: trend
changes: Undefined for a base that is not above zero.
origin: proposal
*/
SELECT subject,
  (sum(CASE WHEN invoice_date > :back_12m THEN total ELSE 0 END)
    - sum(CASE WHEN invoice_date <= :back_12m THEN total ELSE 0 END))
  / nullif(greatest(sum(CASE WHEN invoice_date <= :back_12m THEN total ELSE 0 END), 0), 0) AS value
FROM invoices_out
WHERE status = '有效发票' AND invoice_date > :back_24m AND invoice_date <= :as_of
GROUP BY subject
