"""Power, gas, water and telecom: what was used by month, bills paid late, accounts and their age; bought invoices."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from puhui.city import words
from puhui.city.agencies.land import identity
from puhui.city.columns import (
    Rows,
    dates,
    every_pair,
    exact,
    first_days,
    joined,
    later,
    nothing,
    numbered,
    pick,
    rows_of,
    same,
    until,
    whole,
)
from puhui.city.lives import TRADER, District
from puhui.city.settings import Days, Whole


def _metered(district: District) -> tuple[Whole, Whole]:
    """(month, subject) of every meter reading: businesses while they live, every fifth person's household."""
    firms = district.firms
    alive = firms.alive(district.month_ends) & (firms.kind <= TRADER)[None, :]
    month, firm = np.nonzero(alive)
    person = np.arange(0, len(district.people), 5)
    home_month, nth = every_pair(np.arange(district.settings.months), person)
    return np.r_[month, home_month], np.r_[firm, district.person(nth)]


def power(district: District) -> Rows:
    """Usage follows sales through the intensity of the trade; a firm in default uses little."""
    month, subject = _metered(district)
    firms, rng = district.firms, district.rng("DL-03")
    firm = np.minimum(subject, len(firms) - 1)
    intensity = np.array([trade[4] for trade in words.TRADES])[firms.trade[firm]]
    work = firms.sales[month, firm] / 100 * intensity * 0.02 + 30
    work = np.where(month >= firms.defaulted[firm] + 3, work * 0.03, work)
    home = 120 + subject % 97 * 3 + 60 * np.cos(month * np.pi / 6)
    kwh = np.where(subject < len(firms), work, home) * rng.uniform(0.85, 1.15, len(month))
    units = (kwh * 100).round().astype(np.int64)
    start = (subject * 997 % 90_000) * 100
    columns = {
        "acct_no": _account(district, subject, "DL"),
        **_codes(district, subject),
        "bill_ym": dates(district.month_ends[month]),
        "meter_date": dates(later(district.month_ends[month], -3)),
        "meter_last": exact(start, 2),
        "meter_this": exact(start + units, 2),
        "usage_kwh": exact(units, 2),
        "peak_kwh": exact(units * 4 // 10, 2),
    }
    return rows_of("DL-03", subject, columns, month)


def _account(district: District, subject: Whole, sign: str) -> pa.Array:
    return numbered(f"{sign}YY", district.first + subject, width=10)


def _codes(district: District, subject: Whole) -> dict[str, pa.Array]:
    own = identity(district, subject)
    return {"id_no": own["id_no"], "uscc": own["uscc"]}


def late_bills(district: District, item: str) -> Rows:
    """Bills of power (DL-02), gas (RQ-04) or water (SW-04) that were paid late or not yet, one row a bill."""
    firms, people, rng = district.firms, district.people, district.rng(item)
    customers = firms.kind <= TRADER
    if item == "RQ-04":
        customers &= rng.random(len(firms)) < 0.25
    poor = 0.12 * customers / (1.0 + np.exp(2.0 + 2.0 * firms.health.mean(axis=0)))
    careless = 0.03 / (1.0 + np.exp(2.5 - 1.5 * people.thrift))
    chance = np.r_[poor, careless]
    month, subject = np.nonzero(rng.random((district.settings.months, len(chance))) < chance[None, :])
    due = later(first_days(district.month_ends[month]), np.full(len(month), 24))
    paid = later(due, rng.integers(3, 150, len(month)))
    paid = until(paid, district.as_of)
    columns = {
        "acct_no": _account(district, subject, item[:2]),
        **_codes(district, subject),
        "owe_terms": whole(np.ones(len(month), np.int64)),
        "owe_amount": exact(rng.integers(3_000, 600_000, len(month)), 2),
        "owe_late_fee": exact(rng.integers(0, 4_000, len(month)), 2),
        "owe_since": dates(district.month_ends[month]),
        "bill_due_date": dates(due),
        "bill_pay_date": dates(paid),
    }
    return rows_of(item, subject, columns, month)


def accounts(district: District, item: str) -> Rows:
    """Customers of one carrier: a share of the people, and some firms."""
    shares = {"CMCC-01": 0.55, "CT-01": 0.3, "CU-01": 0.2}
    firms, people, rng = district.firms, district.people, district.rng(item)
    person = np.flatnonzero(rng.random(len(people)) < shares[item])
    firm = np.flatnonzero((firms.kind <= TRADER) & (rng.random(len(firms)) < shares[item] / 3))
    subject = np.concatenate([firm, district.person(person)])
    own = identity(district, subject)
    names = pa.concat_arrays([pick(firms.name, firm), pick(people.name, person)])
    columns = {
        "acct_no": _account(district, subject, item.split("-")[0]),
        "acct_name": names,
        "id_no": own["id_no"],
        "uscc": own["uscc"],
        "mobile": pa.concat_arrays([nothing(len(firm)), pick(people.phone, person)]),
        "acct_open_date": dates(district.as_of - rng.integers(20, 6_000, len(subject))),
        "acct_status": pick(("在用", "停用", "销户"), rng.choice(3, size=len(subject), p=[0.9, 0.06, 0.04])),
        "plan_name": pick(("5G畅享套餐", "融合套餐", "亲情套餐"), rng.integers(0, 3, len(subject))),
    }
    return rows_of(item, subject, columns)


def bought_invoices(district: District) -> Rows:
    """Monthly invoice totals by buyer, of the entities that gave the platform their consent: two in three."""
    firms, rng = district.firms, district.rng("JH-04")
    gives = (firms.kind < TRADER) & (rng.random(len(firms)) < 0.66)
    month, firm = np.nonzero((firms.sales > 0) & gives[None, :] & firms.alive(district.month_ends))
    buyers = 1 + (firm * 13 % 3)
    row = np.repeat(np.arange(len(month)), buyers)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(buyers) - buyers, buyers)
    month, firm, share = month[row], firm[row], rng.uniform(0.2, 1.0, len(row))
    blue = (firms.sales[month, firm] * share / buyers[row]).round().astype(np.int64)
    red = np.where(rng.random(len(row)) < 0.06, -(blue * rng.integers(1, 30, len(row)) // 100), 0)
    void = np.where(rng.random(len(row)) < 0.10, blue * rng.integers(1, 40, len(row)) // 100, 0)
    buyer = (firm * 31 + nth * 7 + (month // 6) * (nth == 2)) % 9_973
    first = later(first_days(district.month_ends[month]), rng.integers(0, 14, len(row)))
    last: Days = np.minimum(later(first, rng.integers(0, 15, len(row))), district.month_ends[month])
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "invoice_ym": dates(district.month_ends[month]),
        "invoice_blue_amt": exact(blue, 2),
        "invoice_red_amt": exact(red, 2),
        "invoice_void_amt": exact(void, 2),
        "invoice_cnt": whole(1 + (blue // 5_000_000)),
        "invoice_buyer_hash": joined(same("yy", len(row)), numbered("", buyer, width=14)),
        "invoice_first_date": dates(first),
        "invoice_last_date": dates(last),
    }
    return rows_of("JH-04", firm, columns, month)
