/*
format: 1
id: S07
title: {zh: insured_persons, en: insured_persons}
group: general
subjects: [enterprise]
type: int
unit: person
window: at
empty: 0
release: [count]
purposes: [lending]
direction: "+"
origin: made for tests
*/
SELECT subject, count(DISTINCT other) AS value FROM insured_by GROUP BY subject
