"""Social security: contributions by month, changes of employer, unemployment benefit, employers' arrears."""

from __future__ import annotations

import numpy as np

from puhui.city import words
from puhui.city.columns import NEVER, Rows, dates, exact, later, pick, rows_of, same, truths, whole
from puhui.city.lives import NOBODY, District, pick_firm
from puhui.city.settings import Truth, Whole

PENSION, UNEMPLOYMENT = "110", "210"


def unpaid_months(district: District) -> Truth:
    """Months × firms in which the employer paid no contributions: from its default on, for three to nine months."""
    firms, rng = district.firms, district.rng("contributions unpaid")
    month = np.arange(district.settings.months)[:, None]
    length = rng.integers(3, 10, len(firms))[None, :]
    return (month >= firms.defaulted[None, :]) & (month < firms.defaulted[None, :] + length)


def contributions(district: District) -> Rows:
    """Pension for every month of work, unemployment insurance with it for every third person."""
    month, person = np.nonzero(district.people.employer != NOBODY)
    second = np.flatnonzero(person % 3 == 0)
    kind = np.r_[np.zeros(len(month), np.int64), np.ones(len(second), np.int64)]
    month, person = np.r_[month, month[second]], np.r_[person, person[second]]
    firm = district.people.employer[month, person]
    base = _base(district, month, person)
    own, unit = base * np.where(kind == 0, 80, 5) // 1000, base * np.where(kind == 0, 160, 5) // 1000
    paid = ~unpaid_months(district)[month, firm]
    columns = {
        "id_type": same("111", len(person)),
        "id_no": pick(district.people.ric, person),
        "name": pick(district.people.name, person),
        "si_no": pick(district.people.ric, person),
        "si_type": pick((PENSION, UNEMPLOYMENT), kind),
        "si_period": dates(district.month_ends[month]),
        "si_base": exact(base, 2),
        "si_due_person": exact(own, 2),
        "si_due_unit": exact(unit, 2),
        "si_paid_amt": exact(np.where(paid, own + unit, 0), 2),
        "si_full_flag": truths(paid),
        "si_full_ym": dates(district.month_ends[month], where=paid),
        "si_employer_uscc": pick(district.firms.uscc, firm),
    }
    return rows_of("RSJ-03", district.person(person), columns, month)


def _base(district: District, month: Whole, person: Whole) -> Whole:
    """The base of a year: wages of its July, which rise by four per cent a year, in whole yuan."""
    first_july = (6 - int(district.month_ends[0].astype("datetime64[M]").astype(int) % 12)) % 12
    year = (month - first_july) // 12
    return (district.people.wage[person] * (1.0 + 0.04 * year)).round().astype(np.int64) // 100 * 100


def insurance_changes(district: District) -> Rows:
    """A row for each time a person starts or stops at an employer."""
    held = district.people.employer
    before, after = held[:-1], held[1:]
    month, person = np.nonzero(before != after)
    left, joined_ = before[month, person], after[month, person]
    stop, start = np.flatnonzero(left != NOBODY), np.flatnonzero(joined_ != NOBODY)
    at = np.r_[stop, start]
    firm = np.r_[left[stop], joined_[start]]
    is_start = np.r_[np.zeros(len(stop), np.int64), np.ones(len(start), np.int64)]
    of_month, who = month[at] + 1, person[at]
    columns = {
        "id_type": same("111", len(at)),
        "id_no": pick(district.people.ric, who),
        "name": pick(district.people.name, who),
        "si_employer_uscc": pick(district.firms.uscc, firm),
        "si_employer": pick(district.firms.name, firm),
        "si_change_type": pick(("停保", "新增"), is_start),
        "si_change_ym": dates(district.month_ends[of_month]),
        "si_change_reason": pick(("解除合同", "新参保"), is_start),
        "si_type": same(PENSION, len(at)),
    }
    return rows_of("RSJ-04", district.person(who), columns, of_month)


def unemployment_benefits(district: District) -> Rows:
    """Who lost a place with a firm in poor health and found none at once, for as long as they sought, at
    most a year.
    """
    held = district.people.employer
    months = district.settings.months
    lost = (held[:-1] != NOBODY) & (held[1:] == NOBODY)
    month, person = np.nonzero(lost)
    rng = district.rng("RSJ-06")
    claims = rng.random(len(month)) < 0.6
    month, person = month[claims], person[claims]
    _, once = np.unique(person, return_index=True)
    month, person = month[once], person[once]
    firm = held[month, person]
    length = np.minimum(rng.integers(1, 13, len(month)), months - 1 - month)
    first, last = month + 1, month + length
    columns = {
        "id_type": same("111", len(person)),
        "id_no": pick(district.people.ric, person),
        "name": pick(district.people.name, person),
        "unemp_from": dates(district.month_ends[first]),
        "unemp_to": dates(district.month_ends[last]),
        "unemp_months": whole(length),
        "unemp_amount": exact(np.full(len(person), 154_700), 2),
        "unemp_last_employer": pick_firm(district.firms, district.firms.uscc, firm),
    }
    return rows_of("RSJ-06", district.person(person), columns, first)


def contribution_arrears(district: District) -> Rows:
    """One row for each run of unpaid months of an employer with insured people."""
    unpaid = unpaid_months(district)
    heads = headcounts(district)
    firms = np.flatnonzero((unpaid & (heads > 0)).any(axis=0))
    owes = (unpaid & (heads > 0))[:, firms]
    first = owes.argmax(axis=0)
    last = district.settings.months - 1 - owes[::-1].argmax(axis=0)
    count = heads[first, firms]
    months = owes.sum(axis=0)
    settled = district.rng("RSJ-07").random(len(firms)) < 0.15
    amount = count * months * 80_000
    cleared = np.where(settled, np.minimum(later(district.month_ends[last], 45), district.as_of), NEVER)
    columns = {
        "uscc": pick(district.firms.uscc, firms),
        "ent_name": pick(district.firms.name, firms),
        "si_type": same(PENSION, len(firms)),
        "si_arrear_from": dates(district.month_ends[first]),
        "si_arrear_to": dates(district.month_ends[last]),
        "si_arrear_amt": exact(amount, 2),
        "si_arrear_late_fee": exact(amount // 50, 2),
        "si_arrear_headcnt": whole(count),
        "si_arrear_clear_date": dates(cleared),
    }
    return rows_of("RSJ-07", firms, columns, last)


def headcounts(district: District) -> Whole:
    """Months × firms: how many people of the district work there."""
    held = district.people.employer
    firms = len(district.firms)
    counts = np.zeros((len(held), firms), dtype=np.int64)
    for month, at in enumerate(held):
        counts[month] = np.bincount(at[at != NOBODY], minlength=firms)
    return counts


def enrolment(district: District) -> Rows:
    """Who is insured today."""
    held = district.people.employer[-1]
    person = np.flatnonzero(held != NOBODY)
    columns = {
        "id_type": same("111", len(person)),
        "id_no": pick(district.people.ric, person),
        "name": pick(district.people.name, person),
        "si_no": pick(district.people.ric, person),
        "si_type": same(PENSION, len(person)),
        "si_status": same("正常参保", len(person)),
        "si_employer_uscc": pick(district.firms.uscc, held[person]),
        "si_employer": pick(district.firms.name, held[person]),
        "si_join_date": dates(np.full(len(person), np.datetime64("2012-01-01")) + person % 4_000),
        "si_region": pick([str(code) for code, _ in words.HOME_AREAS], district.people.home[person]),
        "si_acc_months": whole(12 + person % 200),
    }
    return rows_of("RSJ-01", district.person(person), columns)
