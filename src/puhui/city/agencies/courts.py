"""The courts: judgments, enforcement cases, dishonest debtors. Firms' rows come with the organisation's credit code."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from puhui.city import words
from puhui.city.agencies.market import newest_month
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
)
from puhui.city.lives import TRADER, District
from puhui.city.settings import Days, Whole


def parties(district: District, subject: Whole, day: Days) -> tuple[pa.Array, pa.Array, pa.Array]:
    """(name, identifier, nature) of subjects, firms or people. A firm has the name that it had on the day,
    as far as the register's base knows it: names that changed before are today's.
    """
    firms, people = district.firms, district.people
    renamed = ~np.isnat(firms.renamed_on) & (firms.renamed_on > newest_month(district))
    former = pc.if_else(pa.array(renamed), firms.old_name, firms.name)
    in_base = pa.array(day <= newest_month(district))
    name = pick(pa.concat_arrays([firms.name, people.name]), subject)
    name = pc.if_else(in_base, pick(pa.concat_arrays([former, people.name]), subject), name)
    code = pa.concat_arrays([firms.uscc, people.ric])
    nature = pick(("自然人", "法人或其他组织"), (subject < len(firms)).astype(np.int64))
    return name, pick(code, subject), nature


def troubled(district: District, purpose: str, chance: float) -> tuple[Whole, np.random.Generator]:
    """Subjects with cases, firms in poor health and careless people first; some more than once."""
    firms, people, rng = district.firms, district.people, district.rng(purpose)
    business = firms.kind <= TRADER
    poor = business / (1.0 + np.exp(1.8 + 2.0 * firms.health.mean(axis=0)))
    stopped = (firms.defaulted < district.settings.months) * business
    careless = 0.15 / (1.0 + np.exp(2.5 - 1.8 * people.thrift))
    count = np.minimum(rng.poisson(np.r_[chance * (poor + 2.0 * stopped), chance * careless]), 4)
    return np.repeat(np.arange(len(count)), count), rng


def _case_numbers(district: District, day: Days, kind: str, block: int) -> pa.Array:
    """`（2025）赣0502民初12345号`, each met once."""
    year = numbered("（", day.astype("datetime64[Y]").astype(np.int64) + 1970, "）")
    sign = pick(words.COURT_SIGNS, np.arange(len(day)) % len(words.COURT_SIGNS))
    return joined(year, sign, kind, numbered("", district.serial(len(day), 50_000) + block, "号"))


def judgments(district: District) -> Rows:
    subject, rng = troubled(district, "FY-03", 1.3)
    day = district.as_of - rng.integers(0, 1_090, len(subject))
    name, code, _ = parties(district, subject, day)
    loan = rng.random(len(subject)) < 0.35
    cause = np.where(loan, rng.integers(0, 3, len(subject)), 3 + rng.integers(0, 5, len(subject)))
    columns = {
        "case_no": _case_numbers(district, day, "民初", 1_000),
        "doc_type": pick(("判决", "裁定", "调解"), rng.choice(3, size=len(subject), p=[0.6, 0.2, 0.2])),
        "court_name": pick(words.COURTS, np.arange(len(subject)) % 3),
        "case_cause": pick((*words.LOAN_CAUSES, *words.OTHER_CAUSES), cause),
        "case_role": pick(("被告", "原告", "第三人"), rng.choice(3, size=len(subject), p=[0.7, 0.25, 0.05])),
        "exec_name": name,
        "exec_id": code,
        "case_amount": exact((rng.lognormal(11, 1.3, len(subject)) * 100).round().astype(np.int64), 2),
        "judge_date": dates(day),
        "judge_result": same("被告于判决生效之日起十日内支付", len(subject)),
    }
    return rows_of("FY-03", subject, columns, place_of_month(day, district.month_ends))


def enforcement_cases(district: District) -> Rows:
    subject, rng = troubled(district, "FY-02", 0.8)
    day = district.as_of - rng.integers(0, 1_090, len(subject))
    name, code, nature = parties(district, subject, day)
    closed = np.where(rng.random(len(subject)) < 0.55, later(day, rng.integers(30, 500, len(subject))), NEVER)
    closed = until(closed, district.as_of)
    amount = (rng.lognormal(10.8, 1.2, len(subject)) * 100).round().astype(np.int64)
    open_ = np.isnat(closed)
    unpaid = np.where(open_ | (rng.random(len(subject)) < 0.2), amount * rng.integers(20, 101, len(subject)) // 100, 0)
    columns = {
        "exec_subject_type": nature,
        "exec_name": name,
        "exec_id": code,
        "court_name": pick(words.COURTS, np.arange(len(subject)) % 3),
        "case_no": _case_numbers(district, day, "执", 1_000),
        "case_file_date": dates(day),
        "exec_amount": exact(amount, 2),
        "exec_unpaid": exact(unpaid, 2),
        "exec_cause": pick(words.LOAN_CAUSES, rng.integers(0, 3, len(subject))),
        "exec_close_date": dates(closed),
        "exec_close_way": pick(("执行完毕", "终结本次执行程序"), (unpaid > 0).astype(np.int64), where=~open_),
    }
    return rows_of("FY-02", subject, columns, place_of_month(day, district.month_ends))


def dishonest_debtors(district: District, item: str = "FY-01") -> Rows:
    subject, rng = troubled(district, item, 0.3)
    firms = len(district.firms)
    filed = district.as_of - rng.integers(60, 1_500, len(subject))
    published = filed + rng.integers(20, 60, len(subject))
    name, code, nature = parties(district, subject, published)
    out = np.where(rng.random(len(subject)) < 0.3, later(published, rng.integers(60, 700, len(subject))), NEVER)
    out = until(out, district.as_of)
    boss = district.firms.boss[np.minimum(subject, firms - 1)]
    behaviour = pick(words.BEHAVIOURS, rng.integers(0, 3, len(subject)))
    both = pc.if_else(pa.array(rng.random(len(subject)) < 0.2), joined(behaviour, "，其他妨碍执行"), behaviour)
    columns = {
        "exec_subject_type": nature,
        "exec_name": name,
        "exec_id": code,
        "legal_rep_name": pick(district.people.name, boss, where=subject < firms),
        "court_name": pick(words.COURTS, np.arange(len(subject)) % 3),
        "case_no": _case_numbers(district, filed, "执", 20_000),
        "exec_basis_no": _case_numbers(district, filed, "民初", 20_000),
        "case_file_date": dates(filed),
        "exec_duty": same("支付欠款及利息", len(subject)),
        "exec_fulfil": pick(("全部未履行", "部分", "全部"), rng.choice(3, size=len(subject), p=[0.8, 0.15, 0.05])),
        "exec_behaviour": both,
        "exec_publish_date": dates(published),
        "list_out_date": dates(out),
    }
    return rows_of(item, subject, columns, place_of_month(published, district.month_ends))
