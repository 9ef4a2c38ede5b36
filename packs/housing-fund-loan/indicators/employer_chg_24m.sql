/*
format: 1
id: E09
title: {zh: 近24月换单位次数, en: Changes of employer in 24 months}
group: employment
subjects: [person]
type: int
unit: count
window: 24M
empty: 0
release: [value, band]
bands: [1, 2, 3]
purposes: [lending, guarantee]
direction: "-"
typical_use: review if >= 3
parameters: []
changes: >-
  A change is a month in which the person was taken on (新增, 转入) by an employer that had not taken them on in the
  latest earlier month of such entries; the first employer of all is no change. Months have no order within, so the
  count compares sets of employers and does not depend on how they are named. Kinds of insurance count together.
origin: "common knowledge, unverified"
*/
WITH taken_on AS (
  SELECT DISTINCT subject, si_employer_uscc AS employer, si_change_ym
  FROM employee_insurance_changes
  WHERE si_change_type IN ('新增', '转入') AND si_employer_uscc IS NOT NULL AND si_change_ym <= :as_of
),
months AS (
  SELECT DISTINCT subject, si_change_ym
  FROM taken_on
),
numbered AS (
  SELECT subject, si_change_ym, row_number() OVER (PARTITION BY subject ORDER BY si_change_ym) AS n
  FROM months
),
entries AS (
  SELECT t.subject, t.employer, t.si_change_ym, m.n
  FROM taken_on AS t
  JOIN numbered AS m ON m.subject = t.subject AND m.si_change_ym = t.si_change_ym
)
SELECT e.subject, count(*) AS value
FROM entries AS e
LEFT JOIN entries AS b ON b.subject = e.subject AND b.employer = e.employer AND b.n = e.n - 1
WHERE e.n > 1 AND b.employer IS NULL AND e.si_change_ym > :back_24m
GROUP BY e.subject
