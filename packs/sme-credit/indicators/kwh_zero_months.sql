/*
format: 1
id: U03
title: {zh: 停产月数, en: Months of standstill by power used}
group: utility
subjects: [enterprise, sole_trader]
type: int
unit: month
window: 12M
empty: 12
release: [value, band]
bands: [1, 3, 6]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject if >= 6
parameters: [idle_usage_share]
changes: >-
  A month without a bill after the firm's first bill is a month without power (the meter may have been cut); months
  before the first bill are left out of the count and of the mean. Where nothing was used at all every month stands
  still.
origin: "common knowledge, unverified"
*/
WITH months AS (
  SELECT subject, bill_ym, sum(usage_kwh) AS kwh
  FROM consumption_power
  WHERE bill_ym <= :as_of
  GROUP BY subject, bill_ym
),
spans AS (
  SELECT
    subject,
    sum(CASE WHEN bill_ym > :back_12m THEN kwh ELSE 0 END) AS total,
    year(:as_of) * 12 + month(:as_of) - CASE WHEN :as_of = last_day(:as_of) THEN 0 ELSE 1 END
    - year(min(bill_ym)) * 12 - month(min(bill_ym)) + 1 AS age
  FROM months
  GROUP BY subject
),
counted AS (
  SELECT subject, total, CASE WHEN age > 12 THEN 12 ELSE age END AS n
  FROM spans
)
SELECT c.subject, max(c.n) - count(m.bill_ym) AS value
FROM counted AS c
LEFT JOIN months AS m
  ON m.subject = c.subject AND m.bill_ym > :back_12m
  AND m.kwh > 0 AND m.kwh * c.n >= c.total * :idle_usage_share
GROUP BY c.subject
