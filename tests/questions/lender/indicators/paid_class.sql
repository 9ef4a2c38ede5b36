/*
format: 1
id: L01
title: {zh: 上月纳税额, en: Tax paid last month}
group: general
subjects: [enterprise]
type: decimal(18,2)
unit: CNY
window: 1M
empty: 0
release: [value, band, sum]
bands: [100, 1000, 10000]
purposes: [lending]
direction: "+"
origin: made for tests
*/
SELECT subject, sum(paid) AS value FROM payments WHERE paid_on > :back_1m AND paid_on <= :as_of GROUP BY subject
