/*
format: 1
id: S03
title: {zh: firm_state_now, en: firm_state_now}
group: general
subjects: [enterprise]
type: code
unit: ""
window: at
empty: null
release: [value]
purposes: [lending]
direction: "+"
origin: made for tests
*/
SELECT subject, max(state) AS value FROM firms GROUP BY subject
