/*
format: 1
id: V10
title: {zh: 近36月销项红字张数占比, en: Share of red-letter invoices in sales}
group: invoice
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: 36M
empty: null
release: [value, band]
bands: [0.02, 0.05, 0.1, 0.2]
purposes: [lending, research]
direction: "-"
typical_use: review where it is high
changes: By number of invoices, among the valid ones.
origin: proposal
*/
SELECT subject, count(*) FILTER (WHERE total < 0) / nullif(count(*), 0) AS value
FROM invoices_out
WHERE status = '有效发票' AND invoice_date > :back_36m AND invoice_date <= :as_of
GROUP BY subject
