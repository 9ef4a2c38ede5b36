/*
format: 1
id: R15
title: {zh: 年报零值标志, en: Latest report states zero assets or revenue}
group: registration
subjects: [enterprise]
type: bool
window: latest
empty: null
release: [flag]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject in a guarantee scheme
changes: >-
  A report counts from the year after the one it is about. Undefined where neither is zero and one is not
  stated.
origin: public material
*/
WITH ranked AS (
  SELECT subject, asset_total, revenue_total,
    row_number() OVER (PARTITION BY subject ORDER BY report_year DESC) AS nth
  FROM annual_reports
  WHERE report_year < year(:as_of)
)
SELECT subject, asset_total = 0 OR revenue_total = 0 AS value
FROM ranked
WHERE nth = 1
