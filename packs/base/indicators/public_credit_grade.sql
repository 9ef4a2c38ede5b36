/*
format: 1
id: J11
title: {zh: 公共信用综合评价等级, en: Latest public credit grade}
group: judicial
subjects: [enterprise, sole_trader, public_institution, social_organisation]
type: code
window: latest
empty: null
release: [value]
purposes: [lending, guarantee]
direction: "+"
typical_use: D (差) rejects
changes: Of two evaluations of one day the worse counts.
origin: public material
*/
WITH ranked AS (
  SELECT subject, credit_grade,
    row_number() OVER (PARTITION BY subject ORDER BY credit_eval_date DESC, credit_grade DESC) AS nth
  FROM credit_evaluations
  WHERE credit_eval_date <= :as_of
)
SELECT subject, credit_grade AS value
FROM ranked
WHERE nth = 1
