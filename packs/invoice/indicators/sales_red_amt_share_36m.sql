/*
format: 1
id: V12
title: {zh: 近36月销项红冲金额占比, en: Share of red-letter amounts in sales}
group: invoice
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: 36M
empty: null
release: [value, band]
bands: [0.02, 0.05, 0.1, 0.2]
purposes: [lending, research]
direction: "-"
typical_use: review where it is high
origin: proposal
*/
SELECT subject,
  sum(CASE WHEN total < 0 THEN abs(total) ELSE 0 END)
  / nullif(sum(CASE WHEN total > 0 THEN total ELSE 0 END), 0) AS value
FROM invoices_out
WHERE status = '有效发票' AND invoice_date > :back_36m AND invoice_date <= :as_of
GROUP BY subject
