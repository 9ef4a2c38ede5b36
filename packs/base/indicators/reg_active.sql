/*
format: 1
id: R02
title: {zh: 登记状态正常, en: Registration in force}
group: registration
subjects: [enterprise, sole_trader]
type: bool
window: at
empty: null
release: [flag]
purposes: [lending, guarantee]
direction: "+"
typical_use: knock-out if false
parameters: [active_reg_status]
sources_any: [enterprise_registration, sole_trader_registration]
changes: >-
  The states that count as normal are the dated parameter active_reg_status. A revocation or deregistration
  up to the day makes it false whatever the register says; a register that states nothing leaves it
  undefined, not true. Sole traders are in a register of their own (SCJ-02): either register is enough to know
  a subject, and the lists of revocations (SCJ-09) and deregistrations (SCJ-10) must be there beside it.
origin: common knowledge, unverified
*/
WITH marks AS (
  SELECT subject,
    CASE WHEN reg_status IN (:active_reg_status) THEN 1 WHEN reg_status IS NOT NULL THEN 0 END AS active,
    0 AS ended
  FROM enterprise_registration
  UNION ALL
  SELECT subject,
    CASE WHEN reg_status IN (:active_reg_status) THEN 1 WHEN reg_status IS NOT NULL THEN 0 END AS active,
    0 AS ended
  FROM sole_trader_registration
  UNION ALL
  SELECT subject, NULL AS active, 1 AS ended
  FROM licence_revocations
  WHERE revoke_date IS NULL OR revoke_date <= :as_of
  UNION ALL
  SELECT subject, NULL AS active, 1 AS ended
  FROM deregistrations
  WHERE cancel_date IS NULL OR cancel_date <= :as_of
)
SELECT subject, max(ended) = 0 AND max(active) = 1 AS value
FROM marks
GROUP BY subject
