/*
format: 1
id: I08
title: {zh: 下游客户数, en: Buyers in the last 12 months}
group: invoice
subjects: [enterprise, sole_trader]
type: int
unit: count
window: 12M
empty: 0
release: [count, band]
bands: [1, 3, 5, 10, 50]
purposes: [lending, guarantee]
direction: "+"
typical_use: 'with the share of the largest buyer: review above 0.7'
changes: The share of the largest buyer, which the use names, is no part of this count.
origin: public material
*/
SELECT subject, count(DISTINCT invoice_buyer_hash) AS value
FROM purchased_invoice_data
WHERE invoice_blue_amt > 0 AND invoice_ym > :back_12m AND invoice_ym <= :as_of
GROUP BY subject
