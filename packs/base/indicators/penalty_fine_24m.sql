/*
format: 1
id: J08
title: {zh: 近24月罚款金额, en: Fines and confiscations in 24 months}
group: judicial
subjects: [enterprise, sole_trader, public_institution, social_organisation]
type: decimal(18,6)
unit: CNY 10k
window: 24M
empty: 0
release: [value, band]
bands: [0, 1, 5, 20]
purposes: [lending, guarantee]
direction: "-"
typical_use: score
changes: >-
  Repaired penalties are left out: after a repair they may no longer be used (信用修复管理办法, in force
  2026-04-01); fines of simple procedures stay in, as the formula has them.
origin: common knowledge, unverified
*/
SELECT subject, sum(coalesce(cf_fine, 0) + coalesce(cf_confiscate, 0)) AS value
FROM administrative_penalties
WHERE cf_decide_date > :back_24m AND cf_decide_date <= :as_of
  AND (repair_status IS NULL OR repair_status <> '已修复')
GROUP BY subject
