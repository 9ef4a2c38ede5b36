/*
format: 1
id: S01
title: {zh: firm_years, en: firm_years}
group: general
subjects: [enterprise]
type: int
unit: years
window: at
empty: null
release: [value]
purposes: [lending]
direction: "+"
origin: made for tests
*/
SELECT subject, max(year(:as_of) - year(est_date)) AS value FROM firms GROUP BY subject
