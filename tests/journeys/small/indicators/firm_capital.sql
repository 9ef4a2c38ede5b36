/*
format: 1
id: S02
title: {zh: firm_capital, en: firm_capital}
group: general
subjects: [enterprise]
type: decimal(18,2)
unit: CNY 10k
window: at
empty: null
release: [value]
purposes: [lending]
direction: "+"
origin: made for tests
*/
SELECT subject, max(capital) AS value FROM firms GROUP BY subject
