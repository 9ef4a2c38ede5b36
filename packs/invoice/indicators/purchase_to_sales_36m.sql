/*
format: 1
id: V24
title: {zh: 近36月进销比, en: Purchases over sales}
group: invoice
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: 36M
empty: null
release: [value, band]
bands: [0.3, 0.6, 0.9, 1.2]
purposes: [lending, research]
direction: "band"
typical_use: margin; far above 1 asks why
changes: Undefined without sales above zero.
origin: proposal
*/
WITH sides AS (
  SELECT subject, total AS bought, 0 AS sold
  FROM invoices_in
  WHERE status = '有效发票' AND invoice_date > :back_36m AND invoice_date <= :as_of
  UNION ALL
  SELECT subject, 0 AS bought, total AS sold
  FROM invoices_out
  WHERE status = '有效发票' AND invoice_date > :back_36m AND invoice_date <= :as_of
)
SELECT subject, sum(bought) / nullif(greatest(sum(sold), 0), 0) AS value
FROM sides
GROUP BY subject
