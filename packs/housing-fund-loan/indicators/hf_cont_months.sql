/*
format: 1
id: H01
title: {zh: 公积金连续缴存月数, en: Unbroken months of housing-fund deposits}
group: income
subjects: [person]
type: int
unit: month
window: 12M
empty: 0
release: [value, band]
bands: [6, 12, 24]
purposes: [lending, guarantee]
direction: "+"
typical_use: ">= 6 / >= 12 (CCB-type)"
parameters: [contribution_gap_months]
changes: >-
  "gap > 1 month" is read as a step of more than contribution_gap_months between two paid months, and between the
  last paid month and the last whole month before as_of (then the run is over: 0). Several accounts count as one.
  The window asks that the last 12 months were delivered, so that a missing parcel is not taken for a break; a
  month before them that was never delivered can only shorten the run.
origin: public material
*/
WITH paid AS (
  SELECT DISTINCT subject, year(hf_paid_to) * 12 + month(hf_paid_to) AS m
  FROM housing_fund_deposits
  WHERE hf_paid_to <= :as_of
),
steps AS (
  SELECT subject, m, m - lag(m) OVER (PARTITION BY subject ORDER BY m) AS step
  FROM paid
),
runs AS (
  SELECT
    subject,
    max(m) AS last_m,
    max(CASE WHEN step IS NULL OR step > :contribution_gap_months THEN m END) AS first_m,
    year(:as_of) * 12 + month(:as_of) - CASE WHEN :as_of = last_day(:as_of) THEN 0 ELSE 1 END AS whole_m
  FROM steps
  GROUP BY subject
)
SELECT subject, last_m - first_m + 1 AS value
FROM runs
WHERE whole_m - last_m <= :contribution_gap_months
