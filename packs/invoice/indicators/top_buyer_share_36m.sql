/*
format: 1
id: V15
title: {zh: 近36月最大客户占比, en: Share of the largest buyer}
group: invoice
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: 36M
empty: null
release: [value, band]
bands: [0.3, 0.5, 0.7, 0.9]
purposes: [lending, research]
direction: "-"
typical_use: review above 0.7
changes: >-
  Each partner after netting its red-letter invoices; partners that net to less than zero are left out of
  the whole.
origin: proposal
*/
WITH partners AS (
  SELECT subject, buyer_code, sum(total) AS total
  FROM invoices_out
  WHERE status = '有效发票' AND invoice_date > :back_36m AND invoice_date <= :as_of
  GROUP BY subject, buyer_code
)
SELECT subject, max(total) / nullif(sum(CASE WHEN total > 0 THEN total ELSE 0 END), 0) AS value
FROM partners
GROUP BY subject
