/*
format: 1
id: H09
title: {zh: 公积金贷款逾期期数, en: Late instalments of housing-fund loans in 24 months}
group: income
subjects: [person]
type: int
unit: count
window: 24M
empty: 0
release: [value, band]
bands: [1, 3, 6]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject if max consecutive >= 3 or total >= 6 (连三累六)
parameters: [loan_grace_days]
changes: >-
  Instalments due in the window. One that is still unpaid counts as late once the days of grace have passed: the
  formula alone would leave out exactly those. A repayment after as_of is not yet known at as_of.
origin: public material
*/
SELECT subject, count(*) AS value
FROM housing_loan_repayments
WHERE repay_due_date > :back_24m AND repay_due_date <= :as_of
  AND date_diff(
    'day', repay_due_date, CASE WHEN repay_date IS NULL OR repay_date > :as_of THEN :as_of ELSE repay_date END
  ) > :loan_grace_days
GROUP BY subject
