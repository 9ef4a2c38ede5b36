/*
format: 1
id: R14
title: {zh: 资产负债率, en: Debts over assets of the latest report}
group: registration
subjects: [enterprise]
type: decimal(18,6)
unit: ratio
window: latest
empty: null
release: [value, band]
bands: [0.3, 0.5, 0.7, 1]
purposes: [lending, guarantee]
direction: "-"
typical_use: '0.70 at most in a guarantee scheme above 3 million'
changes: A report counts from the year after the one it is about.
origin: public material
*/
WITH ranked AS (
  SELECT subject, debt_total, asset_total,
    row_number() OVER (PARTITION BY subject ORDER BY report_year DESC) AS nth
  FROM annual_reports
  WHERE report_year < year(:as_of)
)
SELECT subject, debt_total / nullif(asset_total, 0) AS value
FROM ranked
WHERE nth = 1
