/*
format: 1
id: U06
title: {zh: 在网月数, en: Months with a telecom operator}
group: utility
subjects: [enterprise, sole_trader, person]
type: int
unit: month
window: at
empty: 0
release: [value, band]
bands: [6, 12, 24, 60]
purposes: [lending, guarantee]
direction: "+"
typical_use: ">= 6"
parameters: []
sources_any: true
changes: >-
  The oldest account in use (在用) with any of the three operators. Known as soon as one operator knows the subject
  (few are customers of all three); an older account with one whose list is missing would only lengthen it.
origin: "common knowledge, unverified"
*/
WITH accounts AS (
  SELECT subject, acct_open_date
  FROM customer_basics_mobile
  WHERE acct_status = '在用' AND acct_open_date <= :as_of
  UNION ALL
  SELECT subject, acct_open_date
  FROM customer_basics_telecom
  WHERE acct_status = '在用' AND acct_open_date <= :as_of
  UNION ALL
  SELECT subject, acct_open_date
  FROM customer_basics_unicom
  WHERE acct_status = '在用' AND acct_open_date <= :as_of
),
oldest AS (
  SELECT subject, min(acct_open_date) AS opened
  FROM accounts
  GROUP BY subject
)
SELECT
  subject,
  year(:as_of) * 12 + month(:as_of) - year(opened) * 12 - month(opened)
  - CASE WHEN day(:as_of) < day(opened) THEN 1 ELSE 0 END AS value
FROM oldest
