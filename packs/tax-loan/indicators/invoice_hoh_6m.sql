/*
format: 1
id: I03
title: {zh: 近6月开票环比, en: Valid invoices of 6 months against the 6 before}
group: invoice
subjects: [enterprise, sole_trader]
type: decimal(18,6)
unit: ratio
window: 12M
empty: null
release: [value, band]
bands: [0.5, 0.8, 1, 1.5]
purposes: [lending, guarantee]
direction: "+"
typical_use: review below 0.5
changes: >-
  Red-letter amounts are subtracted by their size, whether the source writes them with a minus sign or
  without. Undefined for a base that is not above zero.
origin: public material
*/
SELECT subject,
  sum(CASE WHEN invoice_ym > :back_6m THEN coalesce(invoice_blue_amt, 0) - abs(coalesce(invoice_red_amt, 0)) ELSE 0 END)
  / nullif(greatest(sum(
    CASE WHEN invoice_ym <= :back_6m THEN coalesce(invoice_blue_amt, 0) - abs(coalesce(invoice_red_amt, 0)) ELSE 0 END), 0), 0) AS value
FROM purchased_invoice_data
WHERE invoice_ym > :back_12m AND invoice_ym <= :as_of
GROUP BY subject
