/*
format: 1
id: S06
title: {zh: judgments_all, en: judgments_all}
group: general
subjects: [enterprise]
type: int
unit: case
window: at
empty: 0
release: [count]
purposes: [lending]
direction: "+"
origin: made for tests
*/
SELECT subject, count(*) AS value FROM judgments GROUP BY subject
