/*
format: 1
id: E04
title: {zh: 社保欠费金额, en: Social-insurance arrears}
group: employment
subjects: [enterprise, sole_trader]
type: decimal(18,2)
unit: CNY
window: at
empty: 0
release: [value, band]
bands: [1, 10000, 100000]
purposes: [lending, guarantee]
direction: "-"
typical_use: knock-out if > 0 and > 3 months
parameters: []
changes: >-
  fields.csv does not say when arrears were paid: si_arrear_clear_date was added to RSJ-07, and what was cleared by
  as_of is left out. Principal only, without late fees.
origin: source document
*/
SELECT subject, sum(si_arrear_amt) AS value
FROM pension_contribution_arrears
WHERE si_arrear_from <= :as_of AND (si_arrear_clear_date IS NULL OR si_arrear_clear_date > :as_of)
GROUP BY subject
