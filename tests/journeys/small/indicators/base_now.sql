/*
format: 1
id: S08
title: {zh: base_now, en: base_now}
group: general
subjects: [person]
type: decimal(12,2)
unit: CNY
window: at
empty: null
release: [value]
purposes: [lending]
direction: "+"
origin: made for tests
*/
SELECT subject, max(base) AS value FROM insured GROUP BY subject
