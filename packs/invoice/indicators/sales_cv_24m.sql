/*
format: 1
id: V20
title: {zh: 近24月月销项变异系数, en: Coefficient of variation of monthly sales}
group: invoice
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: 24M
empty: null
release: [value, band]
bands: [0.3, 0.6, 1, 2]
purposes: [lending, research]
direction: "-"
typical_use: steadiness
changes: >-
  Sample deviation over 24 months, months without an invoice being zero. Undefined without sales above zero.
origin: proposal
*/
WITH months AS (
  SELECT subject, year(invoice_date) * 12 + month(invoice_date) AS sold_in, CAST(sum(total) AS DECIMAL(19, 2)) AS sales
  FROM invoices_out
  WHERE status = '有效发票' AND invoice_date > :back_24m AND invoice_date <= :as_of
  GROUP BY subject, year(invoice_date) * 12 + month(invoice_date)
),
sums AS (
  SELECT subject, sum(sales) AS total, sum(sales * sales) AS squares
  FROM months
  GROUP BY subject
)
SELECT subject, sqrt(24 * (24 * squares - total * total) / nullif(23 * total * total, 0)) AS value
FROM sums
WHERE total > 0
