/*
format: 1
id: N02
title: {zh: 有效专利数(加权), en: Weighted number of patents in force}
group: innovation
subjects: [enterprise, sole_trader, person]
type: decimal(10,1)
unit: count
window: at
empty: 0
release: [value, band]
bands: [1, 5, 20]
purposes: [lending, guarantee]
direction: "+"
typical_use: score
parameters: [patent_weight_invention, patent_weight_utility, patent_weight_design]
changes: Granted by as_of; trade marks and copyrights are no patents.
origin: "common knowledge, unverified"
*/
WITH patents AS (
  SELECT
    subject,
    count(DISTINCT CASE WHEN ip_type = '发明' THEN ip_no END) AS inventions,
    count(DISTINCT CASE WHEN ip_type = '实用新型' THEN ip_no END) AS utilities,
    count(DISTINCT CASE WHEN ip_type = '外观' THEN ip_no END) AS designs
  FROM intellectual_property
  WHERE ip_status = '有效' AND ip_grant_date <= :as_of
  GROUP BY subject
)
SELECT
  subject,
  inventions * :patent_weight_invention + utilities * :patent_weight_utility + designs * :patent_weight_design AS value
FROM patents
