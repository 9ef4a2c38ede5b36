"""The market regulator on capital: investors, frozen and pledged equity, yearly reports, guarantees."""

from __future__ import annotations

import numpy as np

from puhui.city import words
from puhui.city.agencies.market import pripid
from puhui.city.columns import Rows, dates, exact, later, numbered, pick, rows_of, same, truths, whole
from puhui.city.lives import COOPERATIVE, ENTERPRISE, District
from puhui.city.settings import Whole


def investors(district: District) -> Rows:
    """One to three people hold an enterprise; the legal representative is the first and holds most."""
    firms, rng = district.firms, district.rng("SCJ-06")
    owned = np.flatnonzero(firms.kind == ENTERPRISE)
    holders = rng.integers(1, 4, len(owned))
    firm = np.repeat(owned, holders)
    nth = np.arange(len(firm)) - np.repeat(np.cumsum(holders) - holders, holders)
    people = len(district.people)
    person = (firms.boss[firm] + nth * 977) % people
    lead = rng.choice([10_000, 8_000, 6_700, 5_100, 1_500], size=len(firms))[firm]
    others = (10_000 - lead) // np.maximum(np.repeat(holders, holders) - 1, 1)
    share = np.where(np.repeat(holders, holders) == 1, 10_000, np.where(nth == 0, lead, others))
    subscribed = firms.capital[firm] * share * 100  # six places of CNY 10k
    paid_part = np.clip(rng.choice([0, 20, 50, 100], size=len(firms), p=[0.15, 0.2, 0.25, 0.4])[firm], 0, 100)
    due = np.minimum(firms.established[firm] + rng.integers(1, 12, len(firms))[firm] * 365, np.datetime64("2055-12-31"))
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "pripid": pripid(district, firm),
        "investor_name": pick(district.people.name, person),
        "investor_type": same("自然人", len(firm)),
        "investor_id_no": pick(district.people.ric, person),
        "sub_amount": exact(subscribed, 6),
        "sub_date": dates(due),
        "paid_amount": exact(subscribed * paid_part // 100, 6),
        "contrib_way": same("货币", len(firm)),
        "share_ratio": exact(share, 4),
        "legal_rep_flag": truths(nth == 0),
    }
    return rows_of("SCJ-06", firm, columns)


def _of_holders(district: District, item: str, chance: float) -> tuple[Whole, Whole, np.random.Generator]:
    """(firms, one holder of each, numbers): where equity is frozen or pledged."""
    firms, rng = district.firms, district.rng(item)
    poor = 1.0 / (1.0 + np.exp(0.5 + firms.health.mean(axis=0)))
    firm = np.flatnonzero((firms.kind == ENTERPRISE) & (rng.random(len(firms)) < chance * poor * 2))
    return firm, firms.boss[firm], rng


def frozen_equity(district: District) -> Rows:
    firm, person, rng = _of_holders(district, "SCJ-12", 0.012)
    firms = district.firms
    start = district.as_of - rng.integers(10, 1_500, len(firm))
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "pripid": pripid(district, firm),
        "investor_name": pick(district.people.name, person),
        "frozen_amount": exact(firms.capital[firm] * rng.integers(10, 60, len(firm)) * 10_000, 6),
        "frozen_from": dates(start),
        "frozen_to": dates(later(start, 3 * 365)),
        "frozen_court": pick(words.COURTS, rng.integers(0, 3, len(firm))),
        "frozen_doc_no": numbered("（2025）赣0502执", district.serial(len(firm), 10_000) + 1, "号之一"),
    }
    return rows_of("SCJ-12", firm, columns)


def pledged_equity(district: District) -> Rows:
    firm, person, rng = _of_holders(district, "SCJ-13", 0.03)
    firms = district.firms
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "pripid": pripid(district, firm),
        "pledge_no": numbered("3605", district.serial(len(firm), 10_000) + 1, width=10),
        "pledgor": pick(district.people.name, person),
        "pledgee": pick(words.BANKS, rng.integers(0, len(words.BANKS), len(firm))),
        "pledge_amount": exact(firms.capital[firm] * rng.integers(10, 90, len(firm)) * 10_000, 6),
        "pledge_date": dates(district.as_of - rng.integers(10, 1_500, len(firm))),
        "pledge_status": pick(("有效", "注销", "撤销"), rng.choice(3, size=len(firm), p=[0.6, 0.35, 0.05])),
    }
    return rows_of("SCJ-13", firm, columns)


def _reports(district: District) -> tuple[Whole, Whole]:
    """(year, firm) of every yearly report of an entity that was alive that year."""
    firms = district.firms
    newest = district.settings.as_of.year - 1
    years = np.array([newest - 2, newest - 1, newest])
    born = firms.established.astype("datetime64[Y]").astype(np.int64) + 1970
    gone = np.where(np.isnat(firms.ended), 9_999, firms.ended.astype("datetime64[Y]").astype(np.int64) + 1970)
    files = (firms.kind <= COOPERATIVE)[None, :] & (born[None, :] <= years[:, None]) & (gone[None, :] > years[:, None])
    year, firm = np.nonzero(files)
    return years[year], firm


def _yearly_sales(district: District, year: Whole, firm: Whole) -> Whole:
    """Sales of a calendar year as far as the city's months tell them, in fen; before them a third of all."""
    sales = district.firms.sales
    years = district.month_ends.astype("datetime64[Y]").astype(np.int64) + 1970
    found: Whole = sales.sum(axis=0)[firm] // 3
    for told in np.unique(years):
        found = np.where(year == told, sales[years == told].sum(axis=0)[firm], found)
    return found


def annual_reports(district: District) -> Rows:
    """Balance and result; leverage rises as health falls, and a few report zeros."""
    year, firm = _reports(district)
    firms, rng = district.firms, district.rng("SCJ-16")
    shown = rng.random(len(firm)) > 0.03  # the others report zero
    revenue = _yearly_sales(district, year, firm) * shown  # fen: six places of CNY 10k are the same unit
    assets = (firms.capital[firm] * 1_000_000 * rng.uniform(0.6, 3.0, len(firm))).round().astype(np.int64)
    assets = assets * (rng.random(len(firm)) > 0.02)
    health = firms.health.mean(axis=0)[firm]
    leverage = np.clip(0.55 - 0.2 * health + rng.normal(0, 0.12, len(firm)), 0.02, 1.4)
    debt = (assets * leverage).round().astype(np.int64)
    profit = (revenue * np.clip(0.06 + 0.05 * health, -0.3, 0.3)).round().astype(np.int64)
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "report_year": whole(year),
        "asset_total": exact(assets, 6),
        "debt_total": exact(debt, 6),
        "equity_total": exact(assets - debt, 6),
        "revenue_total": exact(revenue, 6),
        "profit_total": exact(profit, 6),
        "net_profit": exact(profit * 3 // 4, 6),
        "tax_total": exact(revenue * 3 // 100, 6),
        "employee_cnt": whole(np.maximum(firms.staff[firm].round(), 1).astype(np.int64)),
        "reg_status": same("存续", len(firm)),
    }
    return rows_of("SCJ-16", firm, columns)


def guarantees(district: District) -> Rows:
    """What firms guarantee for other firms, as their yearly reports say."""
    year, firm = _reports(district)
    firms, rng = district.firms, district.rng("SCJ-14")
    at = np.flatnonzero(rng.random(len(firm)) < 0.02)
    year, firm = year[at], firm[at]
    start = later((year - 1970).astype("datetime64[Y]").astype("datetime64[D]"), rng.integers(60, 260, len(firm)))
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "report_year": whole(year),
        "guar_seq": whole(np.ones(len(firm), np.int64)),
        "guar_creditor": pick(words.BANKS, rng.integers(0, len(words.BANKS), len(firm))),
        "guar_debtor": pick(firms.name, (firm * 31 + 17) % len(firms)),
        "guar_amount": exact(rng.integers(10, 800, len(firm)) * 1_000_000, 6),
        "guar_from": dates(start),
        "guar_to": dates(later(start, rng.integers(300, 1_500, len(firm)))),
        "guar_way": pick(("一般", "连带", "未约定"), rng.choice(3, size=len(firm), p=[0.2, 0.7, 0.1])),
    }
    return rows_of("SCJ-14", firm, columns)
