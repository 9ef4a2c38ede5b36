/*
format: 1
id: T10
title: {zh: 最长连续零申报月数, en: Longest run of zero-sales months in the last 12}
group: tax
subjects: [enterprise, sole_trader]
type: int
unit: month
window: 12M
empty: 0
release: [value, band]
bands: [1, 2, 3, 6]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject from 3 up
changes: >-
  A zero return of a quarter counts for its three months, so two zero quarters in a row are six months. A
  month without a return ends a run.
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
zero_months AS (
  SELECT subject, sold_in
  FROM months
  GROUP BY subject, sold_in
  HAVING sum(tax_sales) = 0
),
runs AS (
  SELECT subject, sold_in - row_number() OVER (PARTITION BY subject ORDER BY sold_in) AS run
  FROM zero_months
),
lengths AS (
  SELECT subject, run, count(*) AS months_long
  FROM runs
  GROUP BY subject, run
)
SELECT subject, max(months_long) AS value
FROM lengths
GROUP BY subject
