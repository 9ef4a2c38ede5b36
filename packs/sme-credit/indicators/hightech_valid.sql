/*
format: 1
id: N01
title: {zh: 高企/科小资质有效, en: Valid high-tech or tech-SME status}
group: innovation
subjects: [enterprise]
type: bool
unit: bool
window: at
empty: false
release: [value, flag]
bands: []
purposes: [lending, guarantee]
direction: "+"
typical_use: limit uplift
parameters: []
changes: >-
  The list is 高新技术企业 and 科技型中小企业 (the title's 高企 and 科小). A status without an end is not taken as
  valid: both are granted for a term.
origin: public material
*/
SELECT subject, count(*) > 0 AS value
FROM enterprise_honours
WHERE honour_name IN ('高新技术企业', '科技型中小企业') AND honour_date <= :as_of AND valid_to >= :as_of
GROUP BY subject
