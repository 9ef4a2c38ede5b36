/*
format: 1
id: V09
title: {zh: 近36月进项作废张数占比, en: Share of void invoices in purchases}
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
changes: By number of invoices, since many void ones have an amount of zero.
origin: proposal
*/
SELECT subject, count(*) FILTER (WHERE status = '作废发票') / nullif(count(*), 0) AS value
FROM invoices_in
WHERE invoice_date > :back_36m AND invoice_date <= :as_of
GROUP BY subject
