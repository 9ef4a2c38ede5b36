/*
format: 1
id: I01
title: {zh: 近12月有效开票金额, en: Valid invoices of the last 12 months}
group: invoice
subjects: [enterprise, sole_trader]
type: decimal(18,2)
unit: CNY
window: 12M
empty: 0
release: [value, band]
bands: [100000, 500000, 1000000, 5000000]
purposes: [lending, guarantee]
direction: "+"
typical_use: from 1,000,000 up
changes: >-
  Red-letter amounts are subtracted by their size, whether the source writes them with a minus sign or
  without.
origin: public material
*/
SELECT subject, sum(coalesce(invoice_blue_amt, 0) - abs(coalesce(invoice_red_amt, 0))) AS value
FROM purchased_invoice_data
WHERE invoice_ym > :back_12m AND invoice_ym <= :as_of
GROUP BY subject
