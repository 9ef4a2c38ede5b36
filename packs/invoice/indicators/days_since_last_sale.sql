/*
format: 1
id: V21
title: {zh: 距最近一次开票天数, en: Days since the last sale}
group: invoice
subjects: [enterprise]
type: int
unit: day
window: 36M
empty: null
release: [value, band]
bands: [30, 60, 90, 180]
purposes: [lending, research]
direction: "-"
typical_use: review above 60
origin: proposal
*/
SELECT subject, date_diff('day', max(invoice_date), :as_of) AS value
FROM invoices_out
WHERE status = '有效发票' AND total > 0 AND invoice_date > :back_36m AND invoice_date <= :as_of
GROUP BY subject
