/*
format: 1
id: J09
title: {zh: 严重失信主体名单, en: On a list of serious dishonesty}
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
  Entries of the black list count, those of the watch list (重点关注) do not; publicity that ended ends the
  entry.
origin: common knowledge, unverified
*/
WITH entries AS (
  SELECT subject,
    CASE
      WHEN list_type = '黑名单' AND list_in_date <= :as_of
        AND (list_out_date IS NULL OR list_out_date > :as_of)
        AND (publicity_end IS NULL OR publicity_end >= :as_of)
        AND (repair_status IS NULL OR repair_status <> '已修复')
      THEN 1 ELSE 0
    END AS active
  FROM black_list
  UNION ALL
  SELECT subject,
    CASE WHEN list_in_date <= :as_of AND (list_out_date IS NULL OR list_out_date > :as_of) THEN 1 ELSE 0 END AS active
  FROM tax_violation_blacklist
)
SELECT subject, max(active) = 1 AS value
FROM entries
GROUP BY subject
