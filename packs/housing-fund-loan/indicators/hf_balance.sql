/*
format: 1
id: H07
title: {zh: 公积金账户余额, en: Housing-fund balance}
group: income
subjects: [person]
type: decimal(16,2)
unit: CNY
window: latest
empty: null
release: [band]
bands: [10000, 50000, 100000, 200000]
purposes: [lending, guarantee]
direction: "+"
typical_use: score
parameters: []
changes: >-
  Sum of the latest balance of each account. fields.csv orders the entries of one day by nothing: hf_txn_seq was
  added to GJJ-03.
origin: public material
*/
WITH ranked AS (
  SELECT subject, hf_balance,
    row_number() OVER (PARTITION BY subject, hf_person_no ORDER BY hf_txn_date DESC, hf_txn_seq DESC) AS rn
  FROM housing_fund_ledger
  WHERE hf_txn_date <= :as_of
)
SELECT subject, sum(hf_balance) AS value
FROM ranked
WHERE rn = 1
GROUP BY subject
