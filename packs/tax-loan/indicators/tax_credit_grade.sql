/*
format: 1
id: T11
title: {zh: 最近纳税缴费信用级别, en: Latest tax credit grade}
group: tax
subjects: [enterprise, sole_trader]
type: code
window: latest
empty: null
release: [value]
purposes: [lending, guarantee]
direction: "+"
typical_use: D is a knock-out, C a review, M caps the limit; A > B > M > C > D
changes: >-
  A grade counts from the day it was given; without that day, from the year after the one it assesses. A
  grade mended within its year is a correction of it.
origin: public material
*/
WITH ranked AS (
  SELECT subject, tax_credit_grade,
    row_number() OVER (
      PARTITION BY subject
      ORDER BY tax_credit_year DESC NULLS LAST, tax_credit_date DESC NULLS LAST, tax_credit_grade DESC NULLS LAST
    ) AS nth
  FROM taxpayer_credit_grades
  WHERE tax_credit_date <= :as_of OR (tax_credit_date IS NULL AND tax_credit_year < year(:as_of))
)
SELECT subject, tax_credit_grade AS value
FROM ranked
WHERE nth = 1
