/*
format: 1
id: V07
title: {zh: 近12月有效销项张数, en: Valid sales invoices of the last 12 months}
group: invoice
subjects: [enterprise]
type: int
unit: count
window: 12M
empty: 0
release: [value, count, band]
bands: [10, 100, 1000]
purposes: [lending, research]
direction: "+"
typical_use: liveliness of the business
origin: proposal
*/
SELECT subject, count(*) AS value
FROM invoices_out
WHERE status = '有效发票' AND total > 0 AND invoice_date > :back_12m AND invoice_date <= :as_of
GROUP BY subject
