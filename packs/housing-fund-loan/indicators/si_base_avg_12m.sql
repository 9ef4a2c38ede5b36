/*
format: 1
id: E08
title: {zh: 个人月均缴费基数, en: Mean monthly contribution base}
group: employment
subjects: [person]
type: decimal(14,2)
unit: CNY
window: 12M
empty: null
release: [value, band]
bands: [3000, 5000, 8000, 12000, 20000]
purposes: [lending, guarantee]
direction: "+"
typical_use: income proxy
parameters: []
changes: >-
  Base of the pension (110), summed over employers of one month, over the months that state a base (a month without
  a contribution is no month of low income; E07 shows the gaps).
origin: "common knowledge, unverified"
*/
SELECT subject, sum(si_base) / nullif(count(DISTINCT si_period), 0) AS value
FROM individual_contributions_due_and_paid
WHERE si_type = '110' AND si_base IS NOT NULL AND si_period > :back_12m AND si_period <= :as_of
GROUP BY subject
