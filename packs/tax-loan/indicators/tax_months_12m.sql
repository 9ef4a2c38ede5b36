/*
format: 1
id: T07
title: {zh: 近12月纳税月数, en: Months with tax paid in the last 12}
group: tax
subjects: [enterprise, sole_trader]
type: int
unit: month
window: 12M
empty: 0
release: [value, band]
bands: [3, 6, 9, 12]
purposes: [lending, guarantee]
direction: "+"
typical_use: at least 6; for a quarterly filer 2 quarters
changes: >-
  The month is that of the treasury date. A VAT payment for a return of three months counts for three
  months, so that one threshold holds for monthly and quarterly filers (6 months are 2 quarters).
origin: public material
*/
WITH payments AS (
  SELECT subject,
    year(tax_treasury_date) * 12 + month(tax_treasury_date) AS paid_in,
    tax_item = '10101' AND year(tax_period_to) * 12 + month(tax_period_to)
      - year(tax_period_from) * 12 - month(tax_period_from) = 2 AS quarterly
  FROM enterprise_tax_payments
  WHERE tax_kind = '正税' AND tax_paid > 0
    AND tax_treasury_date > :back_12m AND tax_treasury_date <= :as_of
),
months AS (
  SELECT subject, paid_in FROM payments
  UNION ALL
  SELECT subject, paid_in - 1 AS paid_in FROM payments WHERE quarterly
  UNION ALL
  SELECT subject, paid_in - 2 AS paid_in FROM payments WHERE quarterly
)
SELECT subject, count(DISTINCT paid_in) AS value
FROM months
GROUP BY subject
