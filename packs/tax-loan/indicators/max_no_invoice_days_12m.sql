/*
format: 1
id: I07
title: {zh: 最长未开票间隔天数, en: Longest gap between invoices in days}
group: invoice
subjects: [enterprise, sole_trader]
type: int
unit: day
window: 12M
empty: null
release: [value, band]
bands: [30, 60, 90]
purposes: [lending, guarantee]
direction: "-"
typical_use: review above 60
changes: >-
  JH-04 holds months and no invoices; the days of the first and the last valid invoice of a month and buyer
  (invoice_first_date, invoice_last_date) were added as proposals. Gaps between months are exact, gaps
  inside one month (at most 30 days) are not seen. The days from the last invoice to the day of the snapshot
  count as a gap, so that a firm that stopped is seen.
origin: public material
*/
WITH months AS (
  SELECT subject, invoice_ym, min(invoice_first_date) AS first_day, max(invoice_last_date) AS last_day
  FROM purchased_invoice_data
  WHERE invoice_blue_amt > 0 AND invoice_ym > :back_12m AND invoice_ym <= :as_of
  GROUP BY subject, invoice_ym
),
followed AS (
  SELECT subject, last_day,
    CASE
      WHEN lead(invoice_ym) OVER (PARTITION BY subject ORDER BY invoice_ym) IS NULL THEN :as_of
      ELSE lead(first_day) OVER (PARTITION BY subject ORDER BY invoice_ym)
    END AS next_day
  FROM months
)
SELECT subject, max(date_diff('day', last_day, next_day)) AS value
FROM followed
GROUP BY subject
