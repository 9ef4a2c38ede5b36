/*
format: 1
id: E07
title: {zh: 个人社保连续月数, en: Unbroken months of social insurance}
group: employment
subjects: [person]
type: int
unit: month
window: 12M
empty: 0
release: [value, band]
bands: [6, 12, 24]
purposes: [lending, guarantee]
direction: "+"
typical_use: ">= 6 or 12"
parameters: [contribution_gap_months]
changes: >-
  The kind of insurance is not named in the formula: the pension (110) is taken, and a month counts once its
  contribution is in full (si_full_flag), also if paid later. Breaks and the window as in H01.
origin: public material
*/
WITH paid AS (
  SELECT DISTINCT subject, year(si_period) * 12 + month(si_period) AS m
  FROM individual_contributions_due_and_paid
  WHERE si_type = '110' AND si_full_flag AND si_period <= :as_of
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
