/*
format: 1
id: V25
title: {zh: 近36月销项平均税率, en: Average tax rate of sales}
group: invoice
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: 36M
empty: null
release: [value, band]
bands: [0.03, 0.06, 0.1, 0.13]
purposes: [lending, research]
direction: "band"
typical_use: small-scale taxpayers stand at 0.03
origin: proposal
*/
SELECT subject, sum(tax) / nullif(sum(amount), 0) AS value
FROM invoices_out
WHERE status = '有效发票' AND invoice_date > :back_36m AND invoice_date <= :as_of
GROUP BY subject
