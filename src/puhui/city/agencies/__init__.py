"""All agencies: by item of the catalogue, the function that tells a district's rows of that kind of
record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from puhui.city.agencies import (
    courts,
    credit,
    equity,
    housing_fund,
    land,
    market,
    social_security,
    tax,
    utilities,
)
from puhui.city.columns import Rows
from puhui.city.lives import District

Agency = Callable[[District], Rows]

AGENCIES: Mapping[str, Agency] = {
    "SCJ-01": market.enterprise_registration,
    "SCJ-02": market.sole_traders,
    "SCJ-06": equity.investors,
    "SCJ-08": market.registration_changes,
    "SCJ-09": partial(market.endings, revoked=True),
    "SCJ-10": partial(market.endings, revoked=False),
    "SCJ-12": equity.frozen_equity,
    "SCJ-13": equity.pledged_equity,
    "SCJ-14": equity.guarantees,
    "SCJ-15": market.honours,
    "SCJ-16": equity.annual_reports,
    "SCJ-17": market.cooperatives,
    "SCJ-21": market.abnormal_operations,
    "SWJ-01": tax.tax_registration,
    "SWJ-03": tax.income_tax_withheld,
    "SWJ-05": tax.tax_grades,
    "SWJ-06": tax.tax_payments,
    "SWJ-07": tax.tax_evasion_penalties,
    "SWJ-08": tax.tax_arrears,
    "SWJ-09": tax.tax_blacklist,
    "RSJ-01": social_security.enrolment,
    "RSJ-03": social_security.contributions,
    "RSJ-04": social_security.insurance_changes,
    "RSJ-06": social_security.unemployment_benefits,
    "RSJ-07": social_security.contribution_arrears,
    "FY-01": courts.dishonest_debtors,
    "FY-02": courts.enforcement_cases,
    "FY-03": courts.judgments,
    "GJJ-01": housing_fund.employers,
    "GJJ-02": housing_fund.deposits,
    "GJJ-03": housing_fund.ledger,
    "GJJ-04": housing_fund.loans,
    "GJJ-05": housing_fund.repayments,
    "GJJ-06": housing_fund.coborrowers,
    "ZRZY-01": land.mortgages,
    "ZRZY-02": land.seizures,
    "ZRZY-03": land.farmland,
    "ZRZY-04": land.forest,
    "ZRZY-05": land.titles,
    "NYJ-01": land.transfers,
    "NYJ-02": land.large_farms,
    "NYJ-03": partial(land.roster, item="NYJ-03"),
    "NYJ-04": partial(land.roster, item="NYJ-04"),
    "NYJ-05": partial(land.roster, item="NYJ-05"),
    "CZJ-02": land.subsidies,
    "DL-02": partial(utilities.late_bills, item="DL-02"),
    "RQ-04": partial(utilities.late_bills, item="RQ-04"),
    "SW-04": partial(utilities.late_bills, item="SW-04"),
    "DL-03": utilities.power,
    "CMCC-01": partial(utilities.accounts, item="CMCC-01"),
    "CT-01": partial(utilities.accounts, item="CT-01"),
    "CU-01": partial(utilities.accounts, item="CU-01"),
    "JH-04": utilities.bought_invoices,
    "FGW-01": credit.red_list,
    "FGW-02": credit.black_list,
    "FGW-05": credit.penalties,
    "STHJ-01": credit.polluters,
    "STHJ-02": credit.inspections,
    "KJJ-02": credit.patents,
    "YYF-02": credit.evaluations,
    "YYD-01": credit.moral_debtors,
    "YYD-02": credit.moral_penalties,
    "YYD-03": credit.volunteering,
    "MB-01": credit.moral_points,
}
