"""The housing-fund centre: deposits of employers and people by month, the ledger, loans and their instalments."""

from __future__ import annotations

import numpy as np

from puhui.city.agencies.social_security import unpaid_months
from puhui.city.columns import NEVER, Rows, dates, every_pair, exact, later, numbered, pick, rows_of, same, until, whole
from puhui.city.lives import INSTITUTION, NOBODY, District
from puhui.city.settings import Truth, Whole


def provides(district: District) -> Truth:
    """Which organisations deposit for their people: institutions, and larger firms more often."""
    firms = district.firms
    chance = np.where(firms.kind == INSTITUTION, 1.0, np.clip(firms.staff / 8.0, 0.05, 0.75))
    return district.rng("housing fund").random(len(firms)) < chance


def deposited(district: District) -> tuple[Whole, Whole]:
    """(month, person) of every deposit. Employers in default skip months; a few people joined late."""
    held = district.people.employer
    firm = np.maximum(held, 0)
    skipped = unpaid_months(district)[np.arange(len(held))[:, None], firm]
    month, person = np.nonzero((held != NOBODY) & provides(district)[firm] & ~skipped)
    return month, person


def rates_of(district: District, firm: Whole) -> Whole:
    """The rate of an employer in thousandths, the same for both parts."""
    return 50 + (firm * 37 + district.place) % 8 * 10


def deposits(district: District) -> Rows:
    """One row for each person and month; one in fifty states no base, as older systems do."""
    month, person = deposited(district)
    firm = district.people.employer[month, person]
    base = district.people.wage[person] * (100 + 4 * (month // 12)) // 100 // 100 * 100
    rate = rates_of(district, firm)
    amount = base * rate // 1000
    stated = np.asarray(district.rng("GJJ-02").random(len(person)) >= 0.02)
    columns = {
        "id_type": same("111", len(person)),
        "id_no": pick(district.people.ric, person),
        "name": pick(district.people.name, person),
        "hf_person_no": numbered("YY3605", district.first + person, width=10),
        "hf_unit_no": numbered("YYD", district.first + firm, width=8),
        "si_employer_uscc": pick(district.firms.uscc, firm),
        "hf_base": exact(base, 2, where=stated),
        "hf_person_ratio": exact(rate, 3),
        "hf_unit_ratio": exact(rate, 3),
        "hf_person_month": exact(amount, 2),
        "hf_unit_month": exact(amount, 2),
        "hf_paid_to": dates(district.month_ends[month]),
        "hf_person_status": same("正常", len(person)),
        "hf_open_date": dates(np.full(len(person), np.datetime64("2015-07-01")) + person % 2_000),
    }
    return rows_of("GJJ-02", district.person(person), columns, month)


def employers(district: District) -> Rows:
    """What each employer deposited, a row a month."""
    month, person = deposited(district)
    firm = district.people.employer[month, person]
    base = district.people.wage[person] * (100 + 4 * (month // 12)) // 100 // 100 * 100
    amount = base * rates_of(district, firm) // 1000 * 2
    key = month * len(district.firms) + firm
    distinct, place, heads = np.unique(key, return_inverse=True, return_counts=True)
    total = np.bincount(place, weights=amount.astype(np.float64)).round().astype(np.int64)
    of_month, of_firm = np.divmod(distinct, len(district.firms))
    columns = {
        "uscc": pick(district.firms.uscc, of_firm),
        "ent_name": pick(district.firms.name, of_firm),
        "hf_unit_no": numbered("YYD", district.first + of_firm, width=8),
        "hf_unit_headcnt": whole(heads),
        "hf_unit_ratio": exact(rates_of(district, of_firm), 3),
        "hf_unit_amount": exact(total, 2),
        "hf_unit_status": same("正常", len(of_firm)),
        "hf_paid_to": dates(district.month_ends[of_month]),
    }
    return rows_of("GJJ-01", of_firm, columns, of_month)


def ledger(district: District) -> Rows:
    """A deposit entry every half year and, for some, a withdrawal on the same day."""
    month, person = deposited(district)
    half = month % 6 == 5
    month, person = month[half], person[half]
    rng = district.rng("GJJ-03")
    balance = district.people.wage[person] // 10 * (month + 6) // 100 * 100
    drawn = np.flatnonzero(rng.random(len(month)) < 0.08)
    withdrawal = np.r_[np.zeros(len(month), np.int64), np.ones(len(drawn), np.int64)]
    at = np.r_[np.arange(len(month)), drawn]
    left = np.where(withdrawal == 1, balance[at] // 2, balance[at])
    columns = {
        "id_type": same("111", len(at)),
        "id_no": pick(district.people.ric, person[at]),
        "name": pick(district.people.name, person[at]),
        "hf_person_no": numbered("YY3605", district.first + person[at], width=10),
        "hf_txn_date": dates(np.minimum(district.month_ends[month[at]], district.as_of)),
        "hf_txn_seq": whole(withdrawal + 1),
        "hf_txn_type": pick(("归集", "提取"), withdrawal),
        "hf_txn_amount": exact(np.where(withdrawal == 1, balance[at] - left, balance[at] // 6), 2),
        "hf_txn_balance": exact(left, 2),
        "hf_balance": exact(left, 2),
    }
    return rows_of("GJJ-03", district.person(person[at]), columns, month[at])


def borrowers(district: District) -> Whole:
    """People with a housing-fund loan: they deposited in the first half of the months, and own a flat."""
    month, person = deposited(district)
    early = np.unique(person[month < district.settings.months // 2])
    owner = district.people.owner[early]
    return early[owner & (district.rng("GJJ-04").random(len(early)) < 0.35)]


def loans(district: District) -> Rows:
    person = borrowers(district)
    rng = district.rng("GJJ-04 terms")
    amount = rng.integers(8, 61, len(person)) * 1_000_000
    applied = district.month_ends[0] - rng.integers(60, 2_500, len(person))
    paid_out = np.where(rng.random(len(person)) < 0.96, later(applied, 30), NEVER)
    balance = amount * rng.integers(20, 98, len(person)) // 100
    columns = {
        "id_type": same("111", len(person)),
        "id_no": pick(district.people.ric, person),
        "name": pick(district.people.name, person),
        "loan_contract_no": numbered("余公贷YY", district.first + person, width=8),
        "loan_no": numbered("YYL", district.first + person, width=8),
        "loan_amount": exact(amount, 2),
        "loan_terms": whole(rng.integers(10, 31, len(person)) * 12),
        "loan_rate": exact(np.full(len(person), 2_600), 5),
        "loan_apply_date": dates(applied),
        "loan_disb_date": dates(paid_out),
        "loan_balance": exact(np.where(np.isnat(paid_out), amount, balance), 2),
        "loan_status": pick(("正常", "审批中"), np.isnat(paid_out).astype(np.int64)),
    }
    return rows_of("GJJ-04", district.person(person), columns)


def repayments(district: District) -> Rows:
    """An instalment on the 20th of each month; careless people pay late, the newest late ones are still unpaid."""
    person = borrowers(district)
    months = district.settings.months
    month, nth = every_pair(np.arange(months), np.arange(len(person)))
    who = person[nth]
    rng = district.rng("GJJ-05")
    due = later(district.month_ends[month].astype("datetime64[M]").astype("datetime64[D]"), 19)
    late = rng.random(len(who)) < 0.25 / (1.0 + np.exp(2.5 - 2.0 * district.people.thrift[who]))
    paid = due + np.where(late, rng.integers(4, 75, len(who)), rng.integers(-2, 4, len(who)))
    paid = until(paid, district.as_of)
    principal = (120_000 + who % 97 * 3_000) + month * 100
    interest = 60_000 - month * 90
    unpaid = np.isnat(paid)
    columns = {
        "id_no": pick(district.people.ric, who),
        "loan_no": numbered("YYL", district.first + who, width=8),
        "repay_term_no": whole(month + 1),
        "repay_due_date": dates(due),
        "repay_date": dates(paid),
        "repay_principal": exact(np.where(unpaid, 0, principal), 2),
        "repay_interest": exact(np.where(unpaid, 0, interest), 2),
        "overdue_principal": exact(np.where(unpaid & (due < district.as_of), principal, 0), 2),
    }
    return rows_of("GJJ-05", district.person(who), columns, month)


def coborrowers(district: District) -> Rows:
    """Every second loan has a second borrower."""
    person = borrowers(district)[::2]
    other = (person + 1) % len(district.people)
    columns = {
        "id_no": pick(district.people.ric, person),
        "loan_contract_no": numbered("余公贷YY", district.first + person, width=8),
        "coborrower_name": pick(district.people.name, other),
        "coborrower_id_no": pick(district.people.ric, other),
        "coborrower_rel": same("配偶", len(person)),
    }
    return rows_of("GJJ-06", district.person(person), columns)
