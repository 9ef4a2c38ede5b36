/*
format: 1
id: T06
title: {zh: 月销售额变异系数, en: Coefficient of variation of VAT sales}
group: tax
subjects: [enterprise, sole_trader]
type: decimal(18,6)
unit: ratio
window: 12M
empty: null
release: [value, band]
bands: [0.3, 0.5, 0.8, 1.2]
purposes: [lending, guarantee]
direction: "-"
typical_use: review above 0.8
changes: >-
  The standard deviation is the sample one (n - 1); its points are the filed months. A subject that filed
  any return of three months is measured by quarters throughout. Undefined with fewer than two points or
  without positive sales.
origin: common knowledge, unverified
*/
WITH returns AS (
  SELECT subject, tax_sales,
    year(tax_period_to) * 12 + month(tax_period_to) AS ends_in,
    month(tax_period_to) AS month_of_year,
    max(year(tax_period_to) * 12 + month(tax_period_to) - year(tax_period_from) * 12 - month(tax_period_from))
      OVER (PARTITION BY subject) AS longest
  FROM enterprise_tax_payments
  WHERE tax_kind = '正税' AND tax_item = '10101'
    AND tax_period_to > :back_12m AND tax_period_to <= :as_of
),
points AS (
  SELECT subject,
    CASE WHEN longest >= 2 THEN ends_in - (month_of_year - 1) % 3 ELSE ends_in END AS point,
    CAST(sum(tax_sales) AS DECIMAL(19, 2)) AS sales
  FROM returns
  GROUP BY subject, CASE WHEN longest >= 2 THEN ends_in - (month_of_year - 1) % 3 ELSE ends_in END
),
sums AS (
  SELECT subject, count(sales) AS points, sum(sales) AS total, sum(sales * sales) AS squares
  FROM points
  GROUP BY subject
)
SELECT subject,
  sqrt(points * (points * squares - total * total) / nullif((points - 1) * total * total, 0)) AS value
FROM sums
WHERE total > 0
