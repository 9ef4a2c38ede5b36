/*
format: 1
id: P02
title: {zh: 无抵押房产面积, en: Area of property free of mortgage and seizure}
group: property
subjects: [person, sole_trader, enterprise]
type: decimal(18,2)
unit: m2
window: at
empty: 0
release: [value, band]
bands: [60, 90, 144, 300]
purposes: [lending, guarantee]
direction: "+"
typical_use: score
parameters: [joint_ownership_share]
changes: >-
  fields.csv has no own share: re_own_share was added to ZRZY-05. 单独 counts 1, 按份 its share (not stated: nothing),
  共同 the stated share or joint_ownership_share. A burden is looked for in the owner's own rows by the unit's number,
  so ZRZY-01 and ZRZY-02 must carry a row for each owner. Both must be declared complete: who has neither a mortgage
  nor a seizure is in neither, and would be unknown.
origin: "common knowledge, unverified"
*/
WITH burdens AS (
  SELECT subject, re_unit_no
  FROM mortgage_registration
  WHERE (mort_from IS NULL OR mort_from <= :as_of) AND (mort_cancel_date IS NULL OR mort_cancel_date > :as_of)
  UNION ALL
  SELECT subject, re_unit_no
  FROM real_estate_seizures
  WHERE (seal_from IS NULL OR seal_from <= :as_of)
    AND (seal_to IS NULL OR seal_to >= :as_of) AND (unseal_date IS NULL OR unseal_date > :as_of)
),
burdened AS (
  SELECT DISTINCT subject, re_unit_no
  FROM burdens
),
titles AS (
  SELECT
    subject, re_unit_no,
    max(re_area) AS area,
    max(CASE
      WHEN re_own_way = '按份' THEN re_own_share
      WHEN re_own_way = '共同' THEN coalesce(re_own_share, :joint_ownership_share)
      WHEN re_own_way = '单独' THEN 1
    END) AS share
  FROM real_estate_registration
  WHERE re_status = '现势' AND (re_reg_date IS NULL OR re_reg_date <= :as_of)
  GROUP BY subject, re_unit_no
)
SELECT t.subject, sum(CASE WHEN b.subject IS NULL THEN t.area * t.share ELSE 0 END) AS value
FROM titles AS t
LEFT JOIN burdened AS b ON b.subject = t.subject AND b.re_unit_no = t.re_unit_no
GROUP BY t.subject
