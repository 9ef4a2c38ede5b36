/*
format: 1
id: T17
title: {zh: 近24月税务处罚次数, en: Tax penalties in the last 24 months}
group: tax
subjects: [enterprise, sole_trader]
type: int
unit: count
window: 24M
empty: 0
release: [value, count, band]
bands: [1, 2]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject from 2 up
changes: >-
  A decision in both sources is counted once, by its document number, and left out if either says that it
  was a simple procedure or repaired. Of the double publicity only decisions of a tax authority (its name
  holds 税务) count. A penalty for evasion is never a simple procedure.
origin: common knowledge, unverified
*/
WITH decisions AS (
  SELECT subject, tax_penalty_doc AS doc_no, 0 AS left_out
  FROM tax_evasion_penalties
  WHERE tax_penalty_date > :back_24m AND tax_penalty_date <= :as_of
  UNION ALL
  SELECT subject, cf_doc_no AS doc_no,
    CASE WHEN cf_procedure = '01' OR repair_status = '已修复' THEN 1 ELSE 0 END AS left_out
  FROM administrative_penalties
  WHERE cf_org LIKE '%税务%' AND cf_decide_date > :back_24m AND cf_decide_date <= :as_of
),
by_document AS (
  SELECT subject, doc_no, max(left_out) AS left_out
  FROM decisions
  GROUP BY subject, doc_no
)
SELECT subject, count(*) FILTER (WHERE left_out = 0) AS value
FROM by_document
GROUP BY subject
