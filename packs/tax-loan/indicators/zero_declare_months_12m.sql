/*
format: 1
id: T09
title: {zh: 近12月零申报月数, en: Months declared with zero sales in the last 12}
group: tax
subjects: [enterprise, sole_trader]
type: int
unit: month
window: 12M
empty: 0
release: [value, band]
bands: [1, 3, 6]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject from 6 up
changes: >-
  A zero return of a quarter counts for its three months. A month without a return is not a zero return, and
  a return without stated sales says nothing.
origin: public material
*/
WITH returns AS (
  SELECT subject, tax_sales,
    year(tax_period_to) * 12 + month(tax_period_to) AS ends_in,
    year(tax_period_to) * 12 + month(tax_period_to)
      - year(tax_period_from) * 12 - month(tax_period_from) AS months_before
  FROM enterprise_tax_payments
  WHERE tax_kind = '正税' AND tax_item = '10101'
    AND tax_period_to > :back_12m AND tax_period_to <= :as_of
),
months AS (
  SELECT subject, ends_in AS sold_in, tax_sales FROM returns
  UNION ALL
  SELECT subject, ends_in - 1 AS sold_in, tax_sales FROM returns WHERE months_before >= 1
  UNION ALL
  SELECT subject, ends_in - 2 AS sold_in, tax_sales FROM returns WHERE months_before >= 2
),
sales_of_months AS (
  SELECT subject, sold_in, sum(tax_sales) AS sales
  FROM months
  GROUP BY subject, sold_in
)
SELECT subject, count(*) FILTER (WHERE sales = 0) AS value
FROM sales_of_months
GROUP BY subject
