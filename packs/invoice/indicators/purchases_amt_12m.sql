/*
format: 1
id: V02
title: {zh: 近12月有效进项金额, en: Valid purchases of the last 12 months}
group: invoice
subjects: [enterprise]
type: decimal(18,2)
unit: CNY
window: 12M
empty: 0
release: [value, band]
bands: [100000, 500000, 1000000, 5000000]
purposes: [lending, research]
direction: "+"
typical_use: scale of the business
changes: Red-letter invoices are negative and net themselves out; void ones do not count.
origin: proposal
*/
SELECT subject, sum(total) AS value
FROM invoices_in
WHERE status = '有效发票' AND invoice_date > :back_12m AND invoice_date <= :as_of
GROUP BY subject
