/*
format: 1
id: V26
title: {zh: 近12月最高月销项金额, en: Highest monthly sales of the last 12 months}
group: invoice
subjects: [enterprise]
type: decimal(18,2)
unit: CNY
window: 12M
empty: 0
release: [value, band]
bands: [10000, 50000, 100000, 500000]
purposes: [lending, research]
direction: "+"
typical_use: peak of the business
changes: Red-letter invoices are negative and net themselves out; void ones do not count.
origin: proposal
*/
WITH months AS (
  SELECT subject, year(invoice_date) * 12 + month(invoice_date) AS sold_in, sum(total) AS sales
  FROM invoices_out
  WHERE status = '有效发票' AND invoice_date > :back_12m AND invoice_date <= :as_of
  GROUP BY subject, year(invoice_date) * 12 + month(invoice_date)
)
SELECT subject, max(sales) AS value
FROM months
GROUP BY subject
