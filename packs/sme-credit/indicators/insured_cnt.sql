/*
format: 1
id: E01
title: {zh: 当前参保人数, en: Insured employees}
group: employment
subjects: [enterprise, sole_trader]
type: int
unit: count
window: 1M
empty: 0
release: [value, band]
bands: [1, 5, 20, 50, 100, 300]
purposes: [lending, guarantee]
direction: "+"
typical_use: "guarantee scheme: must not be 0"
parameters: []
changes: >-
  "Latest si_period" is the last whole month before as_of, not the firm's own latest month: else a firm that insures
  nobody any more would never show 0. Persons of the pension (110), paid in full or not, through the relation
  contributes_for (RSJ-03); RSJ-04 holds changes only and adds nothing. The relation must be complete for firms,
  otherwise a firm that never insured anybody is unknown.
origin: public material
*/
SELECT subject, count(DISTINCT other) AS value
FROM contributes_for
WHERE si_type = '110' AND year(si_period) * 12 + month(si_period)
  = year(:as_of) * 12 + month(:as_of) - CASE WHEN :as_of = last_day(:as_of) THEN 0 ELSE 1 END
GROUP BY subject
