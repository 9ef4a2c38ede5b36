"""Registration figures R01 to R18: age, standing, capital, equity, changes, yearly reports."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from puhui.city.figures.lives import (
    Life,
    Outcome,
    Row,
    active,
    completed_months,
    figure,
    ratio,
    total,
    total_or_zero,
)

_REGISTER = "enterprise_registration"
_TRADERS = "sole_trader_registration"


def _entered(life: Life, field: str) -> list[Any]:
    """What the registers state of a subject: enterprises have theirs, sole traders another."""
    entries = [*life.of(_REGISTER), *life.of(_TRADERS)]
    return [row[field] for row in entries if row[field] is not None]


@figure(enterprise_registration="est_date", sole_trader_registration="est_date")
def months_in_business(life: Life) -> Outcome:
    begun = [day for day in _entered(life, "est_date") if day <= life.as_of]
    return completed_months(min(begun), life.as_of) if begun else None


@figure(
    enterprise_registration="reg_status",
    sole_trader_registration="reg_status",
    licence_revocations="revoke_date",
    deregistrations="cancel_date",
)
def reg_active(life: Life) -> Outcome:
    ended = [row["revoke_date"] for row in life.of("licence_revocations")]
    ended += [row["cancel_date"] for row in life.of("deregistrations")]
    if any(day is None or day <= life.as_of for day in ended):
        return False
    states = _entered(life, "reg_status")
    return any(state in life.parameters["active_reg_status"] for state in states) if states else None


@figure(investors="paid_amount sub_amount sub_date")
def paid_in_ratio(life: Life) -> Outcome:
    due = [row for row in life.of("investors") if row["sub_date"] is not None and row["sub_date"] <= life.as_of]
    return ratio(total(life.of("investors"), "paid_amount"), total_or_zero(due, "sub_amount"))


def _changes(life: Life, months: int, *words: str) -> int:
    rows = life.within("registration_changes", "change_date", months)
    return sum(1 for row in rows if any(word in row["change_item"] for word in words))


@figure(enterprise_registration="est_date", registration_changes="change_item change_date")
def legal_rep_tenure_m(life: Life) -> Outcome:
    starts = [row["est_date"] for row in life.by_now(_REGISTER, "est_date")]
    starts += [
        row["change_date"]
        for row in life.by_now("registration_changes", "change_date")
        if "法定代表人" in row["change_item"]
    ]
    return completed_months(max(starts), life.as_of) if starts else None


@figure(registration_changes="change_item change_date")
def legal_rep_chg_24m(life: Life) -> Outcome:
    return _changes(life, 24, "法定代表人")


@figure(registration_changes="change_item change_date")
def equity_chg_12m(life: Life) -> Outcome:
    return _changes(life, 12, "股权", "股东", "投资人")


@figure(investors="legal_rep_flag share_ratio")
def owner_share(life: Life) -> Outcome:
    stated = [row for row in life.of("investors") if row["legal_rep_flag"] is not None]
    held = [row["share_ratio"] for row in stated if row["legal_rep_flag"]]
    if not stated or None in held:
        return None
    return sum(held, Decimal(0))


@figure(enterprise_registration="region_code", sole_trader_registration="region_code")
def address_region_match(life: Life) -> Outcome:
    codes = _entered(life, "region_code")
    return any(code[:4] in life.parameters["service_area"] for code in codes) if codes else None


@figure(abnormal_operations="list_in_date list_out_date")
def abnormal_now(life: Life) -> Outcome:
    listed = life.by_now("abnormal_operations", "list_in_date")
    return any(row["list_out_date"] is None or row["list_out_date"] > life.as_of for row in listed)


@figure(abnormal_operations="list_in_date")
def abnormal_cnt_36m(life: Life) -> Outcome:
    return len(life.within("abnormal_operations", "list_in_date", 36))


def _capital(life: Life) -> Decimal | None:
    """The registered capital where it is stated in CNY."""
    rows = [row for row in life.of(_REGISTER) if row["reg_capital_currency"] in (None, "CNY")]
    return max((row["reg_capital"] for row in rows if row["reg_capital"] is not None), default=None)


_CAPITAL = "reg_capital reg_capital_currency"


@figure(enterprise_registration=_CAPITAL, frozen_equity="frozen_amount frozen_from frozen_to")
def frozen_ratio(life: Life) -> Outcome:
    frozen = [
        row
        for row in life.by_now("frozen_equity", "frozen_from")
        if active(row, "frozen_from", "frozen_to", life.as_of)
    ]
    return ratio(total_or_zero(frozen, "frozen_amount"), _capital(life))


@figure(enterprise_registration=_CAPITAL, pledged_equity="pledge_amount pledge_status pledge_date")
def pledge_ratio(life: Life) -> Outcome:
    valid = [row for row in life.by_now("pledged_equity", "pledge_date") if row["pledge_status"] == "有效"]
    return ratio(total_or_zero(valid, "pledge_amount"), _capital(life))


def _reports(life: Life, source: str) -> list[Row]:
    """Rows of the newest report that counts on the day: one about a year that has ended."""
    rows = [row for row in life.of(source) if row["report_year"] < life.as_of.year]
    newest = max((row["report_year"] for row in rows), default=None)
    return [row for row in rows if row["report_year"] == newest]


@figure(guarantees_provided="guar_amount guar_from guar_to report_year", annual_reports="equity_total report_year")
def ext_guar_ratio(life: Life) -> Outcome:
    reports = _reports(life, "annual_reports")
    if not reports or reports[0]["equity_total"] is None or reports[0]["equity_total"] <= 0:
        return None
    given = [row for row in _reports(life, "guarantees_provided") if active(row, "guar_from", "guar_to", life.as_of)]
    return ratio(total_or_zero(given, "guar_amount"), reports[0]["equity_total"])


@figure(annual_reports="debt_total asset_total report_year")
def debt_ratio(life: Life) -> Outcome:
    reports = _reports(life, "annual_reports")
    return ratio(reports[0]["debt_total"], reports[0]["asset_total"]) if reports else None


@figure(annual_reports="asset_total revenue_total report_year")
def report_zero_flag(life: Life) -> Outcome:
    reports = _reports(life, "annual_reports")
    if not reports:
        return None
    stated = (reports[0]["asset_total"], reports[0]["revenue_total"])
    return True if 0 in stated else None if None in stated else False


@figure(enterprise_registration="reg_capital", sole_trader_registration="reg_capital")
def registered_capital(life: Life) -> Outcome:
    return max(_entered(life, "reg_capital"), default=None)


@figure(enterprise_registration="reg_capital_currency", sole_trader_registration="reg_capital_currency")
def registered_currency(life: Life) -> Outcome:
    return max(_entered(life, "reg_capital_currency"), default=None)


@figure(enterprise_registration="ent_type")
def enterprise_type(life: Life) -> Outcome:
    return max((row["ent_type"] for row in life.of(_REGISTER) if row["ent_type"] is not None), default=None)
