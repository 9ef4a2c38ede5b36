/*
format: 1
id: I06
title: {zh: 作废金额占比, en: Share of void amounts}
group: invoice
subjects: [enterprise, sole_trader]
type: decimal(18,6)
unit: ratio
window: 12M
empty: null
release: [value, band]
bands: [0.05, 0.1, 0.3]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject above 0.3
changes: >-
  Red-letter amounts are subtracted by their size, whether the source writes them with a minus sign or
  without. Undefined where void and valid together are not above zero.
origin: public material
*/
SELECT subject,
  sum(coalesce(invoice_void_amt, 0)) / nullif(greatest(
    sum(coalesce(invoice_void_amt, 0) + coalesce(invoice_blue_amt, 0) - abs(coalesce(invoice_red_amt, 0))), 0), 0) AS value
FROM purchased_invoice_data
WHERE invoice_ym > :back_12m AND invoice_ym <= :as_of
GROUP BY subject
