/*
format: 1
id: R08
title: {zh: 经营地址属地标志, en: Registered in the service area}
group: registration
subjects: [enterprise, sole_trader]
type: bool
window: at
empty: null
release: [flag]
purposes: [lending, guarantee]
direction: "+"
typical_use: admission
parameters: [service_area]
sources_any: true
changes: >-
  The area code is the field region_code (proposal: from the address, or from the credit code by the
  mapping); the service area is the dated parameter service_area, a list of four-digit city codes that each
  city replaces. Without an area code it is undefined. Sole traders are in a register of their own (SCJ-02): a
  subject is known from either.
origin: public material
*/
WITH registered AS (
  SELECT subject, region_code FROM enterprise_registration
  UNION ALL
  SELECT subject, region_code FROM sole_trader_registration
)
SELECT subject,
  max(CASE WHEN substring(region_code, 1, 4) IN (:service_area) THEN 1 WHEN region_code IS NOT NULL THEN 0 END) = 1 AS value
FROM registered
GROUP BY subject
