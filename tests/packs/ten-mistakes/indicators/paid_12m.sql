/*
format: 1
id: TEN-A1
title: {zh: 近12月缴费, en: Paid in the last 12 months}
group: general
subjects: [enterprise]
type: decimal(18,2)
window: 12M
empty: 0
release: [value]
purposes: [lending]
*/
SELECT subject, sum(amount) AS value
FROM payments
WHERE month > :back_12m AND month <= :as_of
GROUP BY subject
