/*
format: 1
id: U04
title: {zh: 电量-销售相关系数, en: Correlation of power and sales}
group: utility
subjects: [enterprise, sole_trader]
type: decimal(7,4)
unit: corr
window: 24M
empty: null
release: [value, band]
bands: [0, 0.3, 0.6]
purposes: [lending, guarantee]
direction: "+"
typical_use: "anti-fraud: low corr review"
parameters: [correlation_min_points]
changes: >-
  A point is one VAT filing period wholly inside the window: its sales, and the power used in its months; so quarterly
  filers are measured by quarter. Fewer points than correlation_min_points, or no spread in either, is undefined.
origin: "common knowledge, unverified"
*/
WITH power AS (
  SELECT subject, bill_ym, sum(usage_kwh) AS kwh
  FROM consumption_power
  WHERE bill_ym > :back_24m AND bill_ym <= :as_of
  GROUP BY subject, bill_ym
),
filings AS (
  SELECT subject, tax_period_from, tax_period_to, sum(tax_sales) AS sales
  FROM enterprise_tax_payments
  WHERE tax_item = '10101' AND tax_kind = '正税' AND tax_sales IS NOT NULL
    AND tax_period_from > :back_24m AND tax_period_to <= :as_of
  GROUP BY subject, tax_period_from, tax_period_to
),
points AS (
  SELECT f.subject, f.tax_period_from, f.tax_period_to,
    CAST(sum(p.kwh) AS DECIMAL(19, 2)) AS x, CAST(max(f.sales) AS DECIMAL(19, 2)) AS y
  FROM filings AS f
  JOIN power AS p
    ON p.subject = f.subject AND p.bill_ym >= f.tax_period_from AND p.bill_ym <= f.tax_period_to
  GROUP BY f.subject, f.tax_period_from, f.tax_period_to
),
sums AS (
  SELECT
    subject, count(*) AS n, sum(x) AS sx, sum(y) AS sy, sum(x * x) AS sxx, sum(y * y) AS syy, sum(x * y) AS sxy
  FROM points
  WHERE x IS NOT NULL
  GROUP BY subject
)
SELECT subject, (n * sxy - sx * sy) / nullif(sqrt((n * sxx - sx * sx) * (n * syy - sy * sy)), 0) AS value
FROM sums
WHERE n >= :correlation_min_points
