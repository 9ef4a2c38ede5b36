/*
format: 1
id: V14
title: {zh: 近36月上游供应商数, en: Suppliers in 36 months}
group: invoice
subjects: [enterprise]
type: int
unit: count
window: 36M
empty: 0
release: [count, band]
bands: [3, 10, 30, 100]
purposes: [lending, research]
direction: "+"
typical_use: spread of the business
origin: proposal
*/
SELECT subject, count(DISTINCT seller_code) AS value
FROM invoices_in
WHERE status = '有效发票' AND total > 0 AND invoice_date > :back_36m AND invoice_date <= :as_of
GROUP BY subject
