/*
format: 1
id: V05
title: {zh: 近12月有销项的月份数, en: Months with sales in the last 12}
group: invoice
subjects: [enterprise]
type: int
unit: month
window: 12M
empty: 0
release: [value, band]
bands: [3, 6, 9, 12]
purposes: [lending, research]
direction: "+"
typical_use: steadiness
origin: proposal
*/
SELECT subject, count(DISTINCT year(invoice_date) * 12 + month(invoice_date)) AS value
FROM invoices_out
WHERE status = '有效发票' AND total > 0 AND invoice_date > :back_12m AND invoice_date <= :as_of
GROUP BY subject
