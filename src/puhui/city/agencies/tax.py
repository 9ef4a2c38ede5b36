"""The tax bureau: registration, filings and payments, arrears, grades, penalties, withheld income tax."""

from __future__ import annotations

import numpy as np

from puhui.city import words
from puhui.city.columns import (
    NEVER,
    Rows,
    dates,
    every_pair,
    exact,
    later,
    nothing,
    numbered,
    pick,
    place_of_month,
    rows_of,
    same,
    truths,
    whole,
)
from puhui.city.lives import NOBODY, TRADER, District
from puhui.city.settings import Truth, Whole

VAT, INCOME = "10101", "10104"
GRADES = ("A", "B", "M", "C", "D")


def taxpayers(district: District) -> Truth:
    """Businesses are; institutions and associations are not."""
    return district.firms.kind <= TRADER


def tax_registration(district: District) -> Rows:
    firms = district.firms
    at = np.flatnonzero(taxpayers(district))
    rng = district.rng("SWJ-01")
    gone = ~np.isnat(firms.ended[at])
    lost = (firms.defaulted[at] < district.settings.months - 6) & (rng.random(len(at)) < 0.35)
    status = np.where(gone & firms.revoked[at], 2, np.where(gone, 3, np.where(lost, 2, 0)))
    status = np.where((status == 0) & (rng.random(len(at)) < 0.01), 1, status)
    registered = np.minimum(firms.established[at] + rng.integers(1, 40, len(at)), district.as_of)
    columns = {
        "uscc": pick(firms.uscc, at),
        "ent_name": pick(firms.name, at),
        "tax_no": pick(firms.uscc, at),
        "tax_reg_date": dates(registered),
        "tax_status": pick(("正常", "停业", "非正常", "注销"), status),
        "taxpayer_kind": pick(("小规模", "一般纳税人"), firms.general[at].astype(np.int64)),
        "levy_way": pick(("查账", "核定"), (firms.kind[at] == TRADER).astype(np.int64)),
        "tax_org": pick(words.TAX_OFFICES, firms.home[at]),
        "industry_code": pick([trade[0] for trade in words.TRADES], firms.trade[at]),
    }
    return rows_of("SWJ-01", at, columns)


def _filings(district: District) -> tuple[Whole, Whole, Whole]:
    """(month, firm, months covered) of every VAT filing: general payers by month, the others by quarter.

    A firm that stopped paying files on for half a year, then no more.
    """
    firms = district.firms
    calendar = district.month_ends.astype("datetime64[M]").astype(np.int64) % 12
    quarter_end = (calendar % 3 == 2)[:, None]
    due = firms.alive(district.month_ends) & taxpayers(district)[None, :] & (firms.general[None, :] | quarter_end)
    month_number = np.arange(district.settings.months)[:, None]
    due &= month_number < firms.defaulted[None, :] + 6
    month, firm = np.nonzero(due[:-1])  # the newest month is filed after the city's last day
    return month, firm, np.where(firms.general[firm], 1, 3)


def _window_sum(matrix: Whole, month: Whole, firm: Whole, span: Whole) -> Whole:
    """Sums of a months × firms matrix over the `span` months that end at `month`."""
    total = np.vstack([np.zeros((1, matrix.shape[1]), dtype=np.int64), np.cumsum(matrix, axis=0)])
    return np.asarray(total[month + 1, firm] - total[np.maximum(month + 1 - span, 0), firm])


def tax_payments(district: District) -> Rows:
    """VAT filings, income tax by quarter, late fees; refunds are negative income tax once a year."""
    month, firm, span = _filings(district)
    firms, rng = district.firms, district.rng("SWJ-06")
    sales = _window_sum(firms.sales, month, firm, span)
    rate = np.where(firms.general[firm], 3.2, 1.0) * rng.uniform(0.75, 1.25, len(month))
    payable = (sales * rate / 100).round().astype(np.int64)
    stopped = month >= firms.defaulted[firm]
    paid = np.where(stopped & (rng.random(len(month)) < 0.8), 0, payable)
    vat = (month, firm, span, sales, payable, paid)
    income = _income_tax(district, month, firm, span, sales, rng)
    late = _late_fees(district, month, firm, span, payable, rng)
    parts = [(*vat, VAT, "正税"), (*income, INCOME, "正税"), (*late, VAT, "滞纳金")]
    names = [np.full(len(part[0]), place) for place, part in enumerate(parts)]
    stacked = [np.concatenate([part[k] for part in parts]) for k in range(6)]
    return _payment_rows(district, stacked, np.concatenate(names), rng)


def _income_tax(
    district: District, month: Whole, firm: Whole, span: Whole, sales: Whole, rng: np.random.Generator
) -> tuple[Whole, Whole, Whole, Whole, Whole, Whole]:
    """Quarterly company income tax of entities; one in a hundred is a refund."""
    calendar = district.month_ends.astype("datetime64[M]").astype(np.int64) % 12
    chosen = (calendar[month] % 3 == 2) & (district.firms.kind[firm] < TRADER)
    at = np.flatnonzero(chosen)
    base = _window_sum(district.firms.sales, month[at], firm[at], np.full(len(at), 3))
    payable = (base * 0.012 * np.clip(district.firms.health[month[at], firm[at]] + 0.8, 0, 2)).round().astype(np.int64)
    payable = np.where(rng.random(len(at)) < 0.01, -(payable // 2), payable)
    unpaid = month[at] >= district.firms.defaulted[firm[at]]
    return (
        month[at],
        firm[at],
        np.full(len(at), 3),
        np.zeros(len(at), np.int64),
        payable,
        np.where(unpaid, 0, payable),
    )


def _late_fees(
    district: District, month: Whole, firm: Whole, span: Whole, payable: Whole, rng: np.random.Generator
) -> tuple[Whole, Whole, Whole, Whole, Whole, Whole]:
    health = district.firms.health[month, firm]
    at = np.flatnonzero((payable > 0) & (rng.random(len(month)) < 0.10 / (1 + np.exp(1.5 + 2 * health))))
    fee = np.maximum(payable[at] * rng.integers(5, 60, len(at)) // 2000, 100)
    return month[at], firm[at], span[at], np.zeros(len(at), np.int64), fee, fee


def _payment_rows(district: District, parts: list[Whole], which: Whole, rng: np.random.Generator) -> Rows:
    month, firm, span, sales, payable, paid = parts
    ends = district.month_ends
    filed = ends[month] + rng.integers(3, 16, len(month))
    treasury = np.minimum(filed + rng.integers(0, 10, len(month)), district.as_of)
    treasury = np.where(which == 2, np.minimum(later(treasury, 1), district.as_of), treasury)
    starts = (ends[month].astype("datetime64[M]") - (span - 1)).astype("datetime64[D]")
    columns = {
        "uscc": pick(district.firms.uscc, firm),
        "ent_name": pick(district.firms.name, firm),
        "tax_no": pick(district.firms.uscc, firm),
        "tax_item": pick((VAT, INCOME, VAT), which),
        "tax_kind": pick(("正税", "正税", "滞纳金"), which),
        "tax_period_from": dates(starts),
        "tax_period_to": dates(ends[month]),
        "tax_sales": exact(sales, 2, where=which == 0),
        "tax_payable": exact(payable, 2),
        "tax_paid": exact(paid, 2),
        "tax_treasury_date": dates(treasury),
        "tax_filing_date": dates(filed),
    }
    return rows_of("SWJ-06", firm, columns, place_of_month(treasury, ends))


def tax_arrears(district: District) -> Rows:
    """What stopped payers owe, one row for each tax and month since; a few old debts are paid off to zero."""
    month, firm, span = _filings(district)
    rng = district.rng("SWJ-08")
    at = np.flatnonzero((month >= district.firms.defaulted[firm]) & (rng.random(len(month)) < 0.8))
    month, firm = month[at], firm[at]
    owed = (_window_sum(district.firms.sales, month, firm, span[at]) * 3 // 100) + 10_000
    settled = rng.random(len(at)) < 0.1
    columns = {
        "uscc": pick(district.firms.uscc, firm),
        "ent_name": pick(district.firms.name, firm),
        "tax_no": pick(district.firms.uscc, firm),
        "arrear_tax": same(VAT, len(at)),
        "arrear_period_to": dates(district.month_ends[month]),
        "arrear_balance": exact(np.where(settled, 0, owed), 2),
        "arrear_date": dates(np.minimum(later(district.month_ends[month], 16), district.as_of)),
        "arrear_late_fee": exact(owed // 40, 2),
        "arrear_clear_date": dates(np.minimum(later(district.month_ends[month], 100), district.as_of), where=settled),
        "op_address": pick(district.firms.address, firm),
    }
    return rows_of("SWJ-08", firm, columns)


def tax_grades(district: District) -> Rows:
    """A grade a year for entities that are two years old; M for younger ones."""
    firms, rng = district.firms, district.rng("SWJ-05")
    years = np.arange(district.month_ends[0].astype(object).year, district.settings.as_of.year)
    year, firm = every_pair(years, np.flatnonzero(firms.kind < TRADER))
    born = firms.established[firm].astype("datetime64[Y]").astype(np.int64) + 1970
    keep = born <= year
    year, firm, born = year[keep], firm[keep], born[keep]
    month = np.clip((year - years[0]) * 12 + 5, 0, district.settings.months - 1)
    score = 84 + 8 * firms.health[month, firm] + rng.normal(0, 3, len(firm))
    score = np.clip(np.where(month >= firms.defaulted[firm], score - 45, score), 5, 100)
    grade = np.select([score >= 90, score >= 70, score >= 40], [0, 1, 3], 4)
    grade = np.where((year - born < 1) & (grade < 3), 2, grade)
    decided = later((year + 1 - 1970).astype("datetime64[Y]").astype("datetime64[D]"), 109)
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "tax_no": pick(firms.uscc, firm),
        "tax_credit_year": whole(year),
        "tax_credit_grade": pick(GRADES, grade),
        "tax_credit_score": exact((score * 100).round().astype(np.int64), 2),
        "tax_credit_date": dates(decided),
        "tax_org": pick(words.TAX_OFFICES, firms.home[firm]),
    }
    return rows_of("SWJ-05", firm, columns)


def tax_evasion_penalties(district: District) -> Rows:
    firms, rng = district.firms, district.rng("SWJ-07")
    chance = 0.03 / (1 + np.exp(1 + firms.health.mean(axis=0)))
    firm = np.flatnonzero(taxpayers(district) & (rng.random(len(firms)) < chance * 2))
    day = district.as_of - rng.integers(0, 1_000, len(firm))
    makeup = rng.integers(10_000, 9_000_000, len(firm))
    serial = district.serial(len(firm), 10_000)
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "tax_no": pick(firms.uscc, firm),
        "id_no": nothing(len(firm)),
        "tax_case_nature": same("偷税", len(firm)),
        "tax_fact": same("少列收入，未按规定申报", len(firm)),
        "tax_makeup": exact(makeup, 2),
        "tax_fine": exact(makeup // 2, 2),
        "tax_penalty_doc": numbered("余税稽罚〔2025〕", serial + 1, "号"),
        "tax_penalty_date": dates(day),
        "tax_justice_flag": truths(rng.random(len(firm)) < 0.05),
    }
    return rows_of("SWJ-07", firm, columns)


def tax_blacklist(district: District) -> Rows:
    firms, rng = district.firms, district.rng("SWJ-09")
    firm = np.flatnonzero((firms.defaulted < district.settings.months) & (rng.random(len(firms)) < 0.02))
    day = district.as_of - rng.integers(30, 1_000, len(firm))
    out = np.where(rng.random(len(firm)) < 0.3, np.minimum(later(day, 400), district.as_of), NEVER)
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "tax_no": pick(firms.uscc, firm),
        "legal_rep_name": pick(district.people.name, firms.boss[firm]),
        "legal_rep_id_no": pick(district.people.ric, firms.boss[firm]),
        "tax_case_nature": same("虚开", len(firm)),
        "tax_fact": same("虚开增值税专用发票", len(firm)),
        "cf_basis": same("税收征收管理法第六十三条", len(firm)),
        "tax_fine": exact(rng.integers(100_000, 90_000_000, len(firm)), 2),
        "list_in_date": dates(day),
        "list_out_date": dates(out),
    }
    return rows_of("SWJ-09", firm, columns)


def income_tax_withheld(district: District) -> Rows:
    """Wages of the newest 18 months and what was withheld, a row for each person and month."""
    first = max(district.settings.months - 18, 0)
    employer = district.people.employer[first:]
    month, person = np.nonzero(employer != NOBODY)
    firm = employer[month, person]
    month = month + first
    rng = district.rng("SWJ-03")
    income = (district.people.wage[person] * rng.uniform(0.97, 1.05, len(person))).round().astype(np.int64)
    payable = np.maximum(income - 500_000, 0) * 3 // 100
    columns = {
        "id_type": same("111", len(person)),
        "id_no": pick(district.people.ric, person),
        "name": pick(district.people.name, person),
        "pit_item": same("工资薪金", len(person)),
        "pit_period": dates(district.month_ends[month]),
        "pit_income": exact(income, 2),
        "pit_payable": exact(payable, 2),
        "pit_paid": exact(payable, 2),
        "withhold_uscc": pick(district.firms.uscc, firm),
    }
    return rows_of("SWJ-03", district.person(person), columns, month)
