/*
format: 1
id: T20
title: {zh: 税务登记月数, en: Months since tax registration}
group: tax
subjects: [enterprise, sole_trader]
type: int
unit: month
window: at
empty: null
release: [value, band]
bands: [12, 24, 36, 60]
purposes: [lending, guarantee]
direction: "+"
typical_use: '24 is standard; 12 to 24 asks for further data'
origin: public material
*/
SELECT subject,
  max(year(:as_of) * 12 + month(:as_of) - year(tax_reg_date) * 12 - month(tax_reg_date)
    - CASE WHEN day(:as_of) < day(tax_reg_date) THEN 1 ELSE 0 END) AS value
FROM tax_registration
WHERE tax_reg_date <= :as_of
GROUP BY subject
