/*
format: 1
id: U05
title: {zh: 水电气欠费次数, en: "Late power, gas and water bills in 12 months"}
group: utility
subjects: [enterprise, sole_trader, person]
type: int
unit: count
window: 12M
empty: 0
release: [value, band]
bands: [1, 3, 6]
purposes: [lending, guarantee]
direction: "-"
typical_use: review if >= 3
parameters: [utility_grace_days]
changes: >-
  The arrears lists state neither day: bill_due_date and bill_pay_date were added to DL-02, RQ-04 and SW-04, one row a
  bill. Bills due in the window; one still unpaid counts once the days of grace have passed. Known only if all three
  lists know the subject or are declared complete: a list of debtors is complete by its nature (who is not on it,
  customer or not, owes nothing), so each should be declared so; otherwise a firm with power and no gas is unknown.
origin: public material
*/
WITH bills AS (
  SELECT subject, bill_due_date, bill_pay_date
  FROM arrears_power
  UNION ALL
  SELECT subject, bill_due_date, bill_pay_date
  FROM arrears_gas
  UNION ALL
  SELECT subject, bill_due_date, bill_pay_date
  FROM arrears_water
)
SELECT subject, count(*) AS value
FROM bills
WHERE bill_due_date > :back_12m AND bill_due_date <= :as_of
  AND date_diff(
    'day', bill_due_date, CASE WHEN bill_pay_date IS NULL OR bill_pay_date > :as_of THEN :as_of ELSE bill_pay_date END
  ) > :utility_grace_days
GROUP BY subject
