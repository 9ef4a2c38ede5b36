/*
format: 1
id: V03
title: {zh: 近36月月均销项金额, en: Monthly average of valid sales over 36 months}
group: invoice
subjects: [enterprise]
type: decimal(18,2)
unit: CNY
window: 36M
empty: 0
release: [value, band]
bands: [10000, 50000, 100000, 500000]
purposes: [lending, research]
direction: "+"
typical_use: monthly scale of the business
changes: >-
  Red-letter invoices are negative and net themselves out; void ones do not count. Months without an invoice
  count as months.
origin: proposal
*/
SELECT subject, sum(total) / nullif(36, 0) AS value
FROM invoices_out
WHERE status = '有效发票' AND invoice_date > :back_36m AND invoice_date <= :as_of
GROUP BY subject
