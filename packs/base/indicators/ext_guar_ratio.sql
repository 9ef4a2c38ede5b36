/*
format: 1
id: R13
title: {zh: 对外担保比, en: Guarantees given over equity}
group: registration
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: at
empty: null
release: [value, band]
bands: [0.3, 0.5, 1]
purposes: [lending, guarantee]
direction: "-"
typical_use: review above 1
changes: >-
  Reports of several years repeat one guarantee, so only those of the newest report that names any are
  added; a guarantee is active on its first and last day. Undefined for equity that is not above zero. A
  report counts from the year after the one it is about.
origin: common knowledge, unverified
*/
WITH dated AS (
  SELECT subject, report_year, guar_amount, guar_from, guar_to,
    max(report_year) OVER (PARTITION BY subject) AS newest
  FROM guarantees_provided
  WHERE report_year < year(:as_of)
),
given AS (
  SELECT subject, sum(guar_amount) AS amount
  FROM dated
  WHERE report_year = newest
    AND (guar_from IS NULL OR guar_from <= :as_of) AND (guar_to IS NULL OR guar_to >= :as_of)
  GROUP BY subject
),
ranked AS (
  SELECT subject, equity_total, row_number() OVER (PARTITION BY subject ORDER BY report_year DESC) AS nth
  FROM annual_reports
  WHERE report_year < year(:as_of)
),
beside AS (
  SELECT r.subject, r.equity_total AS equity, coalesce(g.amount, 0) AS amount
  FROM ranked AS r
  LEFT JOIN given AS g ON g.subject = r.subject
  WHERE r.nth = 1
)
SELECT subject, amount / nullif(greatest(equity, 0), 0) AS value
FROM beside
