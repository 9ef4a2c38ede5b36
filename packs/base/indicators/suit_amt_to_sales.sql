/*
format: 1
id: J06
title: {zh: 涉诉金额占比, en: Amount sued for over VAT sales}
group: judicial
subjects: [enterprise, sole_trader]
type: decimal(18,6)
unit: ratio
window: 12M
empty: null
release: [value, band]
bands: [0.01, 0.1, 0.3]
purposes: [lending, guarantee]
direction: "-"
typical_use: review above 0.1
changes: >-
  Suits of 24 months over the VAT sales of 12 (vat_sales_12m); the window of the head is that of the source
  with months, the sales. Undefined without sales above zero.
origin: common knowledge, unverified
*/
WITH suits AS (
  SELECT subject, sum(case_amount) AS sued
  FROM court_judgments
  WHERE case_role = '被告' AND judge_date > :back_24m AND judge_date <= :as_of
  GROUP BY subject
),
sales AS (
  SELECT subject, sum(tax_sales) AS sales
  FROM enterprise_tax_payments
  WHERE tax_kind = '正税' AND tax_item = '10101'
    AND tax_period_to > :back_12m AND tax_period_to <= :as_of
  GROUP BY subject
),
beside AS (
  SELECT v.subject, v.sales, coalesce(s.sued, 0) AS sued
  FROM sales AS v
  LEFT JOIN suits AS s ON s.subject = v.subject
)
SELECT subject, sued / nullif(greatest(sales, 0), 0) AS value
FROM beside
