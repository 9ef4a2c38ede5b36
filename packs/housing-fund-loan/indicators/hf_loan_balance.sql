/*
format: 1
id: H08
title: {zh: 公积金贷款余额, en: Balance of housing-fund loans}
group: income
subjects: [person]
type: decimal(16,2)
unit: CNY
window: latest
empty: 0
release: [band]
bands: [1, 100000, 300000, 600000]
purposes: [lending, guarantee]
direction: "-"
typical_use: DTI
parameters: []
changes: >-
  Sum over the contracts that were paid out by as_of; an application without a pay-out owes nothing. GJJ-04 holds one
  row a contract with the newest balance.
origin: public material
*/
SELECT subject, sum(loan_balance) AS value
FROM housing_loan_applications
WHERE loan_disb_date <= :as_of
GROUP BY subject
