/*
format: 1
id: A06
title: {zh: 连续领补年数, en: Consecutive years of farm subsidies}
group: rural
subjects: [person]
type: int
unit: year
window: 36M
empty: 0
release: [value, band]
bands: [1, 2, 3]
purposes: [lending, guarantee]
direction: "+"
typical_use: ">= 2"
parameters: []
changes: >-
  The run of subsidy years without a gap that ends with the latest one, out of payments within the window. It is over
  (0) if the latest year is older than the year before as_of: this year's payment may still be to come.
origin: public material
*/
WITH years AS (
  SELECT DISTINCT subject, subsidy_year AS y
  FROM consolidated_subsidies
  WHERE subsidy_pay_date > :back_36m AND subsidy_pay_date <= :as_of AND subsidy_amount > 0
),
steps AS (
  SELECT subject, y, y - lag(y) OVER (PARTITION BY subject ORDER BY y) AS step
  FROM years
),
runs AS (
  SELECT subject, max(y) AS last_y, max(CASE WHEN step IS NULL OR step > 1 THEN y END) AS first_y
  FROM steps
  GROUP BY subject
)
SELECT subject, last_y - first_y + 1 AS value
FROM runs
WHERE last_y >= year(:as_of) - 1
