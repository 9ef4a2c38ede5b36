/*
format: 1
id: M02
title: {zh: 就诊次数, en: Visits}
group: general
subjects: [person]
type: int
unit: count
window: at
empty: 0
release: [count]
purposes: [medical]
direction: "-"
origin: made for tests
*/
SELECT subject, count(*) AS value FROM visits GROUP BY subject
