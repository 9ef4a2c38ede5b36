/*
format: 1
id: V23
title: {zh: 近24月最长未开票间隔, en: Longest gap between sales in 24 months}
group: invoice
subjects: [enterprise]
type: int
unit: day
window: 24M
empty: null
release: [value, band]
bands: [30, 60, 90, 180]
purposes: [lending, research]
direction: "-"
typical_use: review above 60
changes: The days from the last sale to the day of the snapshot count as a gap.
origin: proposal
*/
WITH days AS (
  SELECT DISTINCT subject, invoice_date
  FROM invoices_out
  WHERE status = '有效发票' AND total > 0 AND invoice_date > :back_24m AND invoice_date <= :as_of
),
followed AS (
  SELECT subject, date_diff('day', invoice_date,
      coalesce(lead(invoice_date) OVER (PARTITION BY subject ORDER BY invoice_date), :as_of)) AS gap
  FROM days
)
SELECT subject, max(gap) AS value
FROM followed
GROUP BY subject
