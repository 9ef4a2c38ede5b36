/*
format: 1
id: C01
title: {zh: 缴税次数与分值, en: Payments and points}
group: general
subjects: [enterprise]
type: int
window: at
empty: 0
release: [value, count]
purposes: [lending]
direction: "+"
origin: made for tests
*/
WITH parts AS (
  SELECT subject, 1 AS n FROM payments
  UNION ALL
  SELECT subject, points AS n FROM ratings
)
SELECT subject, sum(n) AS value FROM parts GROUP BY subject
