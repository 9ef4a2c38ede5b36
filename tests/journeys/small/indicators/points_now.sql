/*
format: 1
id: S05
title: {zh: points_now, en: points_now}
group: general
subjects: [enterprise]
type: int
unit: point
window: at
empty: null
release: [value]
purposes: [lending]
direction: "+"
origin: made for tests
*/
SELECT subject, max(points) AS value FROM ratings GROUP BY subject
