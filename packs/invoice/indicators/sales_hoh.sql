/*
format: 1
id: V19
title: {zh: 近6月销项环比, en: Sales of 6 months against the 6 before}
group: invoice
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: 12M
empty: null
release: [value, band]
bands: [0.5, 0.8, 1, 1.5]
purposes: [lending, research]
direction: "+"
typical_use: review below 0.5
changes: Undefined for a base that is not above zero.
origin: proposal
*/
SELECT subject,
  sum(CASE WHEN invoice_date > :back_6m THEN total ELSE 0 END)
  / nullif(greatest(sum(CASE WHEN invoice_date <= :back_6m THEN total ELSE 0 END), 0), 0) AS value
FROM invoices_out
WHERE status = '有效发票' AND invoice_date > :back_12m AND invoice_date <= :as_of
GROUP BY subject
