/*
format: 1
id: B01
title: {zh: 上月实缴, en: Paid last month}
group: general
subjects: [enterprise]
type: decimal(18,2)
unit: CNY
window: 1M
empty: 0
release: [value]
purposes: [welfare, supervision]
direction: "+"
origin: made for tests
*/
SELECT subject, sum(paid) AS value FROM payments WHERE paid_on > :back_1m AND paid_on <= :as_of GROUP BY subject
