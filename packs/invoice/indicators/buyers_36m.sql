/*
format: 1
id: V13
title: {zh: 近36月下游客户数, en: Buyers in 36 months}
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
SELECT subject, count(DISTINCT buyer_code) AS value
FROM invoices_out
WHERE status = '有效发票' AND total > 0 AND invoice_date > :back_36m AND invoice_date <= :as_of
GROUP BY subject
