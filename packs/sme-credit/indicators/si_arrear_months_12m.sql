/*
format: 1
id: E05
title: {zh: 社保欠费月数, en: Months with social-insurance arrears in 12}
group: employment
subjects: [enterprise, sole_trader]
type: int
unit: month
window: 12M
empty: 0
release: [value, band]
bands: [1, 3, 6]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject if >= 3
parameters: []
changes: >-
  Months of the window that lie within any span of arrears, each once, also if paid later; a span without an end runs
  on. Spans become months by counting how many whole months ago they began and ended.
origin: "common knowledge, unverified"
*/
WITH spans AS (
  SELECT
    subject, si_arrear_to,
    year(si_arrear_from) * 12 + month(si_arrear_from) AS from_m,
    year(si_arrear_to) * 12 + month(si_arrear_to) AS to_m,
    year(:as_of) * 12 + month(:as_of) - CASE WHEN :as_of = last_day(:as_of) THEN 0 ELSE 1 END AS whole_m
  FROM pension_contribution_arrears
),
ages AS (
  SELECT subject, whole_m - from_m AS began, CASE WHEN si_arrear_to IS NULL THEN 0 ELSE whole_m - to_m END AS ended
  FROM spans
)
SELECT
  subject,
  max(CASE WHEN began >= 0 AND ended <= 0 THEN 1 ELSE 0 END)
  + max(CASE WHEN began >= 1 AND ended <= 1 THEN 1 ELSE 0 END)
  + max(CASE WHEN began >= 2 AND ended <= 2 THEN 1 ELSE 0 END)
  + max(CASE WHEN began >= 3 AND ended <= 3 THEN 1 ELSE 0 END)
  + max(CASE WHEN began >= 4 AND ended <= 4 THEN 1 ELSE 0 END)
  + max(CASE WHEN began >= 5 AND ended <= 5 THEN 1 ELSE 0 END)
  + max(CASE WHEN began >= 6 AND ended <= 6 THEN 1 ELSE 0 END)
  + max(CASE WHEN began >= 7 AND ended <= 7 THEN 1 ELSE 0 END)
  + max(CASE WHEN began >= 8 AND ended <= 8 THEN 1 ELSE 0 END)
  + max(CASE WHEN began >= 9 AND ended <= 9 THEN 1 ELSE 0 END)
  + max(CASE WHEN began >= 10 AND ended <= 10 THEN 1 ELSE 0 END)
  + max(CASE WHEN began >= 11 AND ended <= 11 THEN 1 ELSE 0 END) AS value
FROM ages
GROUP BY subject
