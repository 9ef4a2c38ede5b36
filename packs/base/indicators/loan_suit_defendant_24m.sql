/*
format: 1
id: J05
title: {zh: 近24月借贷纠纷被告次数, en: Suits over loans as defendant in 24 months}
group: judicial
subjects: [enterprise, sole_trader, public_institution, social_organisation, person]
type: int
unit: count
window: 24M
empty: 0
release: [value, count, band]
bands: [1, 2]
purposes: [lending, guarantee]
direction: "-"
typical_use: reject from 1 up
parameters: [loan_dispute_causes]
changes: >-
  Which causes count is the dated parameter loan_dispute_causes, after the list of causes of the Supreme
  Court. Several documents of one case count once.
origin: common knowledge, unverified
*/
SELECT subject, count(DISTINCT case_no) AS value
FROM court_judgments
WHERE case_role = '被告' AND case_cause IN (:loan_dispute_causes)
  AND judge_date > :back_24m AND judge_date <= :as_of
GROUP BY subject
