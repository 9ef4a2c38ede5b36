/*
format: 1
id: I05
title: {zh: 红冲金额占比, en: Share of red-letter amounts}
group: invoice
subjects: [enterprise, sole_trader]
type: decimal(18,6)
unit: ratio
window: 12M
empty: null
release: [value, band]
bands: [0.05, 0.1, 0.2]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject above 0.2
changes: >-
  Red-letter amounts are subtracted by their size, whether the source writes them with a minus sign or
  without.
origin: public material
*/
SELECT subject, sum(abs(coalesce(invoice_red_amt, 0))) / nullif(sum(invoice_blue_amt), 0) AS value
FROM purchased_invoice_data
WHERE invoice_ym > :back_12m AND invoice_ym <= :as_of
GROUP BY subject
