"""The market regulator: registration, investors, changes, endings, equity, guarantees, honours, yearly reports."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from puhui.city import words
from puhui.city.columns import (
    NEVER,
    Rows,
    dates,
    exact,
    joined,
    later,
    numbered,
    pick,
    place_of_month,
    rows_of,
    same,
    until,
    whole,
)
from puhui.city.lives import COOPERATIVE, ENTERPRISE, TRADER, District
from puhui.city.settings import Days, Whole


def _event_month(district: District, day: Days) -> Whole:
    return place_of_month(day, district.month_ends)


def pripid(district: District, firm: Whole) -> pa.Array:
    """The register's own number of a firm."""
    return numbered("3605YY", district.first + firm, width=14)


def newest_month(district: District) -> np.datetime64:
    """The last day of the month before the newest: what the base snapshot of a register knows."""
    return np.datetime64(district.month_ends[-2])


def enterprise_registration(district: District) -> Rows:
    """Enterprises and cooperatives. The base knows the names of its day; new and renamed firms come as increment."""
    firms = district.firms
    last = district.settings.months - 1
    at = np.flatnonzero(firms.kind <= COOPERATIVE)
    base = newest_month(district)
    young = firms.established[at] > base
    renamed = ~np.isnat(firms.renamed_on[at]) & (firms.renamed_on[at] > base)
    ended = ~np.isnat(firms.ended[at]) & (firms.ended[at] > base)
    old = _registered(district, at[~young], before=True)
    new = _registered(district, at[young | renamed | ended], before=False)
    month = np.concatenate([np.full(len(old), -1), np.full(len(new), last)])
    table = pa.concat_tables([old.table, new.table]).combine_chunks()
    return Rows("SCJ-01", table, np.concatenate([old.subject, new.subject]), month)


def _registered(district: District, at: Whole, *, before: bool) -> Rows:
    firms, rng = district.firms, district.rng(f"SCJ-01 {before}")
    base = newest_month(district)
    names = pick(firms.name, at)
    ended = ~np.isnat(firms.ended[at])
    if before:
        renamed = pa.array(~np.isnat(firms.renamed_on[at]) & (firms.renamed_on[at] > base))
        names = pc.if_else(renamed, pick(firms.old_name, at), names)
        ended &= ~(firms.ended[at] > base)
    status = np.where(ended, np.where(firms.revoked[at], 1, 2), 0)
    kinds = ("1130", "9500")
    columns = {
        "uscc": pick(firms.uscc, at),
        "ent_name": names,
        "pripid": pripid(district, at),
        "reg_no": pick(firms.reg_no, at),
        "ent_type": pick(kinds, (firms.kind[at] == COOPERATIVE).astype(np.int64)),
        "legal_rep_name": pick(district.people.name, firms.boss[at]),
        "reg_capital": exact(firms.capital[at] * 1_000_000, 6),
        "reg_capital_currency": same("CNY", len(at)),
        "est_date": dates(firms.established[at]),
        "op_from": dates(firms.established[at]),
        "op_to": dates(later(firms.established[at], 20 * 365), where=np.asarray(rng.random(len(at)) < 0.4)),
        "reg_org": pick(words.MARKET_OFFICES, firms.home[at]),
        "reg_status": pick(("存续", "吊销", "注销"), status),
        "industry_code": pick([trade[0] for trade in words.TRADES], firms.trade[at]),
        "biz_scope": joined(
            pick([trade[1] for trade in words.TRADES], firms.trade[at]),
            "的生产、销售及服务（依法须经批准的项目除外）",
        ),
        "reg_address": pick(firms.address, at),
        "region_code": pick([str(code) for code, _ in words.HOME_AREAS], firms.home[at]),
    }
    return rows_of("SCJ-01", at, columns)


def sole_traders(district: District) -> Rows:
    firms = district.firms
    at = np.flatnonzero(firms.kind == TRADER)
    ended = ~np.isnat(firms.ended[at])
    columns = {
        "uscc": pick(firms.uscc, at),
        "ent_name": pick(firms.name, at),
        "pripid": pripid(district, at),
        "reg_no": pick(firms.reg_no, at),
        "operator_name": pick(district.people.name, firms.boss[at]),
        "reg_capital": exact(firms.capital[at] * 100_000, 6),
        "reg_capital_currency": same("CNY", len(at)),
        "est_date": dates(firms.established[at]),
        "reg_org": pick(words.MARKET_OFFICES, firms.home[at]),
        "reg_status": pick(("存续", "注销"), ended.astype(np.int64)),
        "industry_code": pick([trade[0] for trade in words.TRADES], firms.trade[at]),
        "biz_scope": pick([trade[1] for trade in words.TRADES], firms.trade[at]),
        "op_address": pick(firms.address, at),
        "region_code": pick([str(code) for code, _ in words.HOME_AREAS], firms.home[at]),
    }
    return rows_of("SCJ-02", at, columns)


def registration_changes(district: District) -> Rows:
    """Renames, and changes of representative, equity and address, more of them in poor health."""
    firms, rng = district.firms, district.rng("SCJ-08")
    restless = 1.0 / (1.0 + np.exp(1.2 + firms.health.mean(axis=0)))
    count = rng.poisson(restless * 2.2 * (firms.kind <= COOPERATIVE))
    firm = np.repeat(np.arange(len(firms)), count)
    item = rng.choice(4, size=len(firm), p=[0.35, 0.25, 0.25, 0.15])
    life = np.maximum((district.as_of - firms.established[firm]).astype(np.int64), 2)
    day = district.as_of - (rng.random(len(firm)) * np.minimum(life, 2_000)).astype(np.int64)
    renamed = np.flatnonzero(~np.isnat(firms.renamed_on))
    person = rng.integers(0, len(district.people), len(firm))
    before = pc.choose(
        pa.array(item), pick(district.people.name, person),
        same("股东甲100%", len(firm)), pick(firms.address, (firm * 7 + 1) % len(firms)),
        numbered("", rng.integers(10, 999, len(firm)), "万元"),
    )  # fmt: skip
    after = pc.choose(
        pa.array(item), pick(district.people.name, firms.boss[firm]),
        same("股东甲60%；股东乙40%", len(firm)), pick(firms.address, firm),
        numbered("", firms.capital[firm], "万元"),
    )  # fmt: skip
    everyone = np.concatenate([firm, renamed])
    days = np.concatenate([day, firms.renamed_on[renamed]])
    columns = {
        "uscc": pick(firms.uscc, everyone),
        "ent_name": pick(firms.name, everyone),
        "pripid": pripid(district, everyone),
        "change_item": pick(("法定代表人", "股权", "住所", "注册资本", "名称"), np.r_[item, np.full(len(renamed), 4)]),
        "change_before": pa.concat_arrays([before, pick(firms.old_name, renamed)]),
        "change_after": pa.concat_arrays([after, pick(firms.name, renamed)]),
        "change_date": dates(days),
    }
    rows = rows_of("SCJ-08", everyone, columns, _event_month(district, days))
    return _first_of_key(rows, ("change_item", "change_date"))


def _first_of_key(rows: Rows, names: tuple[str, ...]) -> Rows:
    """The rows without those that repeat a subject and these columns: one fact has one row."""
    cells = [rows.table.column(name).to_pylist() for name in names]
    met: set[tuple[object, ...]] = set()
    places = []
    for place, key in enumerate(zip(rows.subject.tolist(), *cells, strict=True)):
        if key not in met:
            met.add(key)
            places.append(place)
    return rows.take(np.array(places, dtype=np.int64))


def endings(district: District, *, revoked: bool) -> Rows:
    """Licences revoked (SCJ-09), or deregistrations (SCJ-10)."""
    firms = district.firms
    item, day, reason = ("SCJ-09", "revoke_date", "revoke_reason") if revoked else (
        "SCJ-10", "cancel_date", "cancel_reason")  # fmt: skip
    at = np.flatnonzero(~np.isnat(firms.ended) & (firms.revoked == revoked) & (firms.kind <= TRADER))
    columns = {
        "uscc": pick(firms.uscc, at),
        "ent_name": pick(firms.name, at),
        "pripid": pripid(district, at),
        day: dates(firms.ended[at]),
        reason: same("连续两年未报送年度报告" if revoked else "决议解散", len(at)),
        "reg_org": pick(words.MARKET_OFFICES, firms.home[at]),
    }
    return rows_of(item, at, columns)


def abnormal_operations(district: District) -> Rows:
    """Entries on the list of abnormal operations; two in three have left it."""
    firms, rng = district.firms, district.rng("SCJ-21")
    poor = 1.0 / (1.0 + np.exp(2.2 + 1.5 * firms.health.mean(axis=0)))
    count = np.minimum(rng.poisson(poor * (firms.kind <= TRADER)), 3)
    firm = np.repeat(np.arange(len(firms)), count)
    nth = np.arange(len(firm)) - np.repeat(np.cumsum(count) - count, count)
    life = np.maximum((district.as_of - firms.established[firm]).astype(np.int64), 60)
    day = district.as_of - np.minimum(rng.integers(10, 500, len(firm)) + nth * 500, life - 10)
    out = np.where(rng.random(len(firm)) < 0.66, later(day, rng.integers(20, 400, len(firm))), NEVER)
    out = until(out, district.as_of)
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "reg_no": pick(firms.reg_no, firm),
        "list_in_date": dates(day),
        "list_in_reason": pick(("通过登记的住所无法联系", "未按规定报送年度报告"), rng.integers(0, 2, len(firm))),
        "list_in_org": pick(words.MARKET_OFFICES, firms.home[firm]),
        "list_out_date": dates(out),
        "list_out_reason": pick(("补报年报并申请移出",), np.zeros(len(firm), np.int64), where=~np.isnat(out)),
    }
    rows = rows_of("SCJ-21", firm, columns, _event_month(district, day))
    return _first_of_key(rows, ("list_in_date",))


def honours(district: District) -> Rows:
    firms, rng = district.firms, district.rng("SCJ-15")
    good = 1.0 / (1.0 + np.exp(2.5 - 1.5 * firms.health.mean(axis=0)))
    firm = np.flatnonzero((firms.kind == ENTERPRISE) & (rng.random(len(firms)) < good))
    day = district.as_of - rng.integers(30, 1_800, len(firm))
    names = (
        "高新技术企业",
        "科技型中小企业",
        "专精特新中小企业",
        "守合同重信用企业",
        "省级农业产业化龙头企业",
    )
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "honour_name": pick(names, rng.integers(0, len(names), len(firm))),
        "honour_level": pick(("国家", "省", "市", "县"), rng.integers(0, 4, len(firm))),
        "honour_org": pick(("江西省科学技术厅", "新余市人民政府"), rng.integers(0, 2, len(firm))),
        "honour_date": dates(day),
        "honour_doc_no": numbered("赣科发〔2025〕", district.serial(len(firm), 10_000) + 1, "号"),
        "valid_to": dates(later(day, 3 * 365)),
    }
    return rows_of("SCJ-15", firm, columns)


def cooperatives(district: District) -> Rows:
    firms, rng = district.firms, district.rng("SCJ-17")
    at = np.flatnonzero(firms.kind == COOPERATIVE)
    ended = (~np.isnat(firms.ended[at])).astype(np.int64)
    columns = {
        "uscc": pick(firms.uscc, at),
        "ent_name": pick(firms.name, at),
        "legal_rep_name": pick(district.people.name, firms.boss[at]),
        "capital_total": exact(firms.capital[at] * 1_000_000, 6),
        "coop_member_cnt": whole(rng.integers(5, 300, len(at))),
        "coop_farmer_ratio": exact(rng.integers(8_000, 10_001, len(at)), 4),
        "main_product": pick(words.COOP_PRODUCTS, rng.integers(0, len(words.COOP_PRODUCTS), len(at))),
        "demo_level": pick(("国家", "省", "市", "县"), rng.integers(0, 4, len(at)), where=rng.random(len(at)) < 0.2),
        "est_date": dates(firms.established[at]),
        "reg_status": pick(("存续", "注销"), ended),
    }
    return rows_of("SCJ-17", at, columns)
