/*
format: 1
id: J01
title: {zh: 失信被执行人标志, en: Dishonest judgment debtor}
group: judicial
subjects: [enterprise, sole_trader, public_institution, social_organisation, person]
type: bool
window: at
empty: false
release: [flag]
purposes: [lending, guarantee]
direction: "-"
typical_use: knock-out
changes: >-
  Covers the subject itself. The legal representative and the controller, whom the formula adds, are
  subjects of their own: each needs a basis and a question of its own for the same indicator, and without
  one the answer withholds that part by name.
origin: source document
*/
SELECT subject,
  count(*) FILTER (WHERE (exec_publish_date IS NULL OR exec_publish_date <= :as_of)
    AND (list_out_date IS NULL OR list_out_date > :as_of)) > 0 AS value
FROM dishonest_debtors
GROUP BY subject
