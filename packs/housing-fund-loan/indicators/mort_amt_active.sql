/*
format: 1
id: P03
title: {zh: 在押债权数额, en: Claims secured by mortgages in force}
group: property
subjects: [person, sole_trader, enterprise]
type: decimal(20,6)
unit: CNY 10k
window: at
empty: 0
release: [value, band]
bands: [10, 50, 100, 300]
purposes: [lending, guarantee]
direction: "-"
typical_use: debt add-back
parameters: []
changes: >-
  For a maximum mortgage (最高额) the maximum, otherwise the amount of the main claim, each filled by the other where
  it is missing. One mortgage over several units is one claim: counted once by its certificate number.
origin: source document
*/
WITH claims AS (
  SELECT
    subject, coalesce(mort_no, re_unit_no) AS claim,
    max(CASE
      WHEN mort_way = '最高额' THEN coalesce(mort_max_amount, mort_amount)
      ELSE coalesce(mort_amount, mort_max_amount)
    END) AS amount
  FROM mortgage_registration
  WHERE (mort_from IS NULL OR mort_from <= :as_of) AND (mort_cancel_date IS NULL OR mort_cancel_date > :as_of)
  GROUP BY subject, coalesce(mort_no, re_unit_no)
)
SELECT subject, sum(amount) AS value
FROM claims
GROUP BY subject
