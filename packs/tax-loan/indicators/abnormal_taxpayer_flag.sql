/*
format: 1
id: T21
title: {zh: 非正常户标志, en: Abnormal taxpayer}
group: tax
subjects: [enterprise, sole_trader]
type: bool
window: at
empty: null
release: [flag]
purposes: [lending, guarantee]
direction: "-"
typical_use: knock-out
changes: A registration without a stated status is undefined, not "no".
origin: public material
*/
SELECT subject, max(CASE WHEN tax_status = '非正常' THEN 1 WHEN tax_status IS NOT NULL THEN 0 END) = 1 AS value
FROM tax_registration
GROUP BY subject
