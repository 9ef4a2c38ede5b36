/*
format: 1
id: S04
title: {zh: paid_12m, en: paid_12m}
group: general
subjects: [enterprise]
type: decimal(18,2)
unit: CNY
window: 12M
empty: 0
release: [value]
purposes: [lending]
direction: "+"
origin: made for tests
*/
SELECT subject, sum(paid) AS value FROM payments WHERE paid_on > :back_12m AND paid_on <= :as_of GROUP BY subject
