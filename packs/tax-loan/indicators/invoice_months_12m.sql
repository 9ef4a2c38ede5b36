/*
format: 1
id: I04
title: {zh: 开票月份数, en: Months with invoices in the last 12}
group: invoice
subjects: [enterprise, sole_trader]
type: int
unit: month
window: 12M
empty: 0
release: [value, band]
bands: [3, 6, 9, 12]
purposes: [lending, guarantee]
direction: "+"
typical_use: from 9 up
origin: public material
*/
SELECT subject, count(DISTINCT year(invoice_ym) * 12 + month(invoice_ym)) AS value
FROM purchased_invoice_data
WHERE invoice_blue_amt > 0 AND invoice_ym > :back_12m AND invoice_ym <= :as_of
GROUP BY subject
