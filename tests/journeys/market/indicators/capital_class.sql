/*
format: 1
id: M01
title: {zh: 资本规模档, en: Class of capital}
group: general
subjects: [enterprise]
type: decimal(18,2)
unit: CNY 10k
window: at
empty: null
release: [value, band]
bands: [10, 100, 1000]
purposes: [lending, guarantee]
direction: "+"
origin: made for tests
*/
SELECT subject, max(capital) AS value FROM firms GROUP BY subject
