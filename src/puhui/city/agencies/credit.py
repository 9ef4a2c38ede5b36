"""Credit publicity, environment, intellectual property, evaluations, and the moral bank's sources."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from puhui.city.agencies.courts import dishonest_debtors, parties
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
    until,
)
from puhui.city.lives import ENTERPRISE, TRADER, District
from puhui.city.settings import Truth, Whole

PARTY_KINDS = ("自然人", "法人及非法人组织", "个体工商户")


def _party(district: District, subject: Whole) -> dict[str, pa.Array]:
    firms, people = district.firms, district.people
    is_person = subject >= len(firms)
    person, firm = np.maximum(subject - len(firms), 0), np.minimum(subject, len(firms) - 1)
    kind = np.where(is_person, 0, np.where(firms.kind[firm] == TRADER, 2, 1))
    return {
        "kind": pick(PARTY_KINDS, kind),
        "uscc": pick(firms.uscc, firm, where=~is_person),
        "ent_name": pick(firms.name, firm, where=~is_person),
        "id_no": pick(people.ric, person, where=is_person),
        "name": pick(people.name, person, where=is_person),
    }


def _some(district: District, item: str, firm_chance: Truth | np.ndarray, person_chance: np.ndarray) -> Whole:
    draw = district.rng(item).random(len(district.firms) + len(district.people))
    return np.flatnonzero(draw < np.r_[firm_chance, person_chance])


def red_list(district: District) -> Rows:
    firms, people = district.firms, district.people
    good = (firms.kind <= TRADER) * 0.10 / (1.0 + np.exp(1.5 - 1.8 * firms.health.mean(axis=0)))
    subject = _some(district, "FGW-01", good, 0.01 * people.volunteer)
    own, rng = _party(district, subject), district.rng("FGW-01 days")
    day = district.as_of - rng.integers(20, 1_200, len(subject))
    end = np.where(rng.random(len(subject)) < 0.8, later(day, rng.integers(300, 1_400, len(subject))), NEVER)
    columns = {
        "xk_party_type": own["kind"],
        **{name: own[name] for name in ("uscc", "ent_name", "id_no", "name")},
        "list_type": same("红名单", len(subject)),
        "list_name": pick(("A级纳税人", "诚信示范企业", "优秀志愿者"), rng.integers(0, 3, len(subject))),
        "list_in_reason": same("诚实守信，示范作用突出", len(subject)),
        "list_in_org": same("新余市发展和改革委员会", len(subject)),
        "list_in_date": dates(day),
        "valid_to": dates(end),
    }
    return rows_of("FGW-01", subject, columns)


def black_list(district: District) -> Rows:
    firms, people = district.firms, district.people
    stopped = (firms.defaulted < district.settings.months) & (firms.kind <= TRADER)
    subject = _some(district, "FGW-02", 0.05 * stopped, np.where(people.thrift > 2.0, 0.05, 0.0))
    own, rng = _party(district, subject), district.rng("FGW-02 days")
    day = district.as_of - rng.integers(20, 1_200, len(subject))
    out = np.where(rng.random(len(subject)) < 0.3, later(day, rng.integers(100, 900, len(subject))), NEVER)
    out = until(out, district.as_of)
    columns = {
        "cf_party_type": own["kind"],
        **{name: own[name] for name in ("uscc", "ent_name", "id_no", "name")},
        "list_type": pick(("黑名单", "重点关注"), (rng.random(len(subject)) < 0.2).astype(np.int64)),
        "list_name": same("严重失信主体名单", len(subject)),
        "list_level": pick(("轻微", "一般", "严重"), rng.integers(0, 3, len(subject))),
        "list_in_reason": same("拒不履行法定义务", len(subject)),
        "list_in_org": same("新余市发展和改革委员会", len(subject)),
        "list_in_date": dates(day),
        "list_out_date": dates(out),
        "publicity_end": dates(later(day, 3 * 365)),
        "repair_status": pick(("未修复", "已修复"), (rng.random(len(subject)) < 0.15).astype(np.int64)),
    }
    return rows_of("FGW-02", subject, columns)


def penalties(district: District) -> Rows:
    """Decisions of all authorities; the tax bureau's and the environment bureau's among them."""
    firms = district.firms
    rng = district.rng("FGW-05")
    poor = (firms.kind <= TRADER) * 0.35 / (1.0 + np.exp(1.5 + 1.2 * firms.health.mean(axis=0)))
    firm = np.repeat(np.arange(len(firms)), rng.poisson(poor))
    day = district.as_of - rng.integers(0, 1_090, len(firm))
    fine = np.where(rng.random(len(firm)) < 0.8, rng.integers(1, 2_000, len(firm)) * 10_000, 0)
    taken = np.where(rng.random(len(firm)) < 0.1, rng.integers(1, 500, len(firm)) * 10_000, 0)
    organs = ("新余市市场监督管理局", "国家税务总局新余市税务局", "新余市应急管理局", "新余市生态环境局")
    category = np.where(fine > 0, 1, 0)
    columns = {
        "cf_party_name": pick(firms.name, firm),
        "cf_party_type": pick(PARTY_KINDS, np.where(firms.kind[firm] == TRADER, 2, 1)),
        "cf_uscc": pick(firms.uscc, firm),
        "cf_person_id": nothing(len(firm)),
        "cf_doc_no": numbered("余罚〔2025〕YY", district.serial(len(firm), 100_000) + 1, "号"),
        "cf_violation": same("违反行政管理规定", len(firm)),
        "cf_fact": same("经查属实", len(firm)),
        "cf_basis": same("行政处罚法", len(firm)),
        "cf_category": pick(("警告", "罚款"), category),
        "cf_fine": exact(fine, 6, where=fine > 0),
        "cf_confiscate": exact(taken, 6, where=taken > 0),
        "cf_decide_date": dates(day),
        "publicity_end": dates(day + rng.choice([365, 1_095], size=len(firm))),
        "cf_org": pick(organs, rng.choice(4, size=len(firm), p=[0.5, 0.2, 0.2, 0.1])),
        "cf_procedure": pick(("02", "01"), (rng.random(len(firm)) < 0.3).astype(np.int64)),
        "cf_level": pick(("一般", "轻微", "严重"), rng.choice(3, size=len(firm), p=[0.7, 0.2, 0.1])),
        "repair_status": pick(("未修复", "已修复"), (rng.random(len(firm)) < 0.15).astype(np.int64)),
    }
    return rows_of("FGW-05", firm, columns, place_of_month(day, district.month_ends))


def polluters(district: District) -> Rows:
    firms, rng = district.firms, district.rng("STHJ-01")
    firm = np.flatnonzero((firms.kind == ENTERPRISE) & (firms.trade <= 5) & (rng.random(len(firms)) < 0.4))
    grade = np.clip((1.6 - firms.health.mean(axis=0)[firm] + rng.normal(0, 0.7, len(firm))).astype(np.int64), 0, 4)
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "permit_no": numbered("YY", district.first + firm, "001V", 16),
        "permit_level": pick(("重点", "简化", "登记"), rng.integers(0, 3, len(firm))),
        "pollute_kind": pick(("气", "水", "固废", "噪声"), rng.integers(0, 4, len(firm))),
        "key_unit_flag": truths(rng.random(len(firm)) < 0.1),
        "industry_code": same("C3110", len(firm)),
        "env_credit": pick(("绿", "蓝", "黄", "红", "黑"), grade),
        "valid_to": dates(district.as_of + rng.integers(-200, 1_500, len(firm))),
    }
    return rows_of("STHJ-01", firm, columns)


def inspections(district: District) -> Rows:
    polluting = polluters(district).subject
    firms, rng = district.firms, district.rng("STHJ-02")
    firm = np.repeat(polluting, rng.integers(1, 4, len(polluting)))
    fined = rng.random(len(firm)) < 0.3 / (1.0 + np.exp(firms.health.mean(axis=0)[firm]))
    number = district.serial(len(firm), 100_000)
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "inspect_no": numbered("余环检YY", number, width=8),
        "inspect_date": dates(district.as_of - rng.integers(0, 1_000, len(firm))),
        "inspect_result": pick(("未发现违法行为", "责令整改"), fined.astype(np.int64)),
        "rectify_to": nothing(len(firm), pa.date32()),
        "cf_doc_no": pick(numbered("余环罚YY", number, "号", 8), np.arange(len(firm)), where=fined),
        "cf_fine": exact(rng.integers(1, 60, len(firm)) * 500_000, 6, where=fined),
    }
    return rows_of("STHJ-02", firm, columns)


def patents(district: District) -> Rows:
    firms, rng = district.firms, district.rng("KJJ-02")
    chance = (firms.kind == ENTERPRISE) * 0.5 / (1.0 + np.exp(2.0 - firms.health.mean(axis=0)))
    owner = np.r_[np.repeat(np.arange(len(firms)), rng.poisson(chance)),
                  district.person(np.flatnonzero(rng.random(len(district.people)) < 0.004))]  # fmt: skip
    own = _party(district, owner)
    granted = district.as_of - rng.integers(10, 3_500, len(owner))
    kind = rng.choice(5, size=len(owner), p=[0.2, 0.4, 0.15, 0.15, 0.1])
    name, _, _ = parties(district, owner, granted)
    pending = rng.random(len(owner)) < 0.1
    status = np.where(pending, 2, rng.choice([0, 1, 3], size=len(owner), p=[0.8, 0.15, 0.05]))
    columns = {
        **{column: own[column] for column in ("uscc", "ent_name", "id_no")},
        "ip_type": pick(("发明", "实用新型", "外观", "商标", "著作权"), kind),
        "ip_no": numbered("YY", district.serial(len(owner), 100_000), width=12),
        "ip_name": pick(("一种装置", "一种方法", "外观设计"), rng.integers(0, 3, len(owner))),
        "ip_owner": name,
        "ip_apply_date": dates(later(granted, -400)),
        "ip_grant_date": dates(granted, where=~pending),
        "ip_status": pick(("有效", "无效", "审中", "质押"), status),
    }
    return rows_of("KJJ-02", owner, columns)


def evaluations(district: District) -> Rows:
    """The public credit grade of the newest two years."""
    firms, rng = district.firms, district.rng("YYF-02")
    at = np.flatnonzero(firms.kind <= TRADER)
    at = at[rng.random(len(at)) < 0.7]
    year = district.settings.as_of.year
    firm, of = np.r_[at, at], np.r_[np.full(len(at), year), np.full(len(at), year - 1)]
    score = 75 + 10 * firms.health.mean(axis=0)[firm] + rng.normal(0, 5, len(firm))
    score = np.clip(score - 25 * (firms.defaulted[firm] < district.settings.months), 5, 100)
    grade = np.select([score >= 85, score >= 70, score >= 55], [0, 1, 2], 3)
    day = later((of - 1970).astype("datetime64[Y]").astype("datetime64[D]"), 74)
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "credit_score": exact((score * 100).round().astype(np.int64), 2),
        "credit_grade": pick(("优", "良", "中", "差"), grade),
        "credit_eval_date": dates(day),
        "credit_model": same("2024版", len(firm)),
        "region_code": pick(("360502", "360521"), firms.home[firm]),
    }
    return rows_of("YYF-02", firm, columns)


def moral_debtors(district: District) -> Rows:
    """People among the dishonest debtors, as the moral bank gets them."""
    rows = dishonest_debtors(district, "YYD-01")
    return rows.take(np.flatnonzero(rows.subject >= len(district.firms)))


def moral_penalties(district: District) -> Rows:
    people, rng = district.people, district.rng("YYD-02")
    person = np.flatnonzero(rng.random(len(people)) < 0.01)
    columns = {
        "cf_party_name": pick(people.name, person),
        "cf_person_id": pick(people.ric, person),
        "cf_doc_no": numbered("余综执罚YY", district.serial(len(person), 100_000), "号", 8),
        "cf_violation": same("违反城市管理规定", len(person)),
        "cf_category": same("警告", len(person)),
        "cf_fine": exact(rng.integers(0, 5, len(person)) * 20_000, 6),
        "cf_decide_date": dates(district.as_of - rng.integers(5, 900, len(person))),
        "cf_org": same("新余市城市管理局", len(person)),
    }
    return rows_of("YYD-02", district.person(person), columns)


def volunteering(district: District) -> Rows:
    volunteers, rng = np.flatnonzero(district.people.volunteer), district.rng("YYD-03")
    times = rng.integers(1, 9, len(volunteers))
    person = np.repeat(volunteers, times)
    nth = np.arange(len(person)) - np.repeat(np.cumsum(times) - times, times)
    day = district.as_of - rng.integers(0, 80, len(person)) - nth * 80
    columns = {
        "id_type": same("111", len(person)),
        "id_no": pick(district.people.ric, person),
        "name": pick(district.people.name, person),
        "volunteer_no": numbered("3605YY", district.first + person, width=10),
        "volunteer_project": pick(("社区清洁", "敬老助残", "交通劝导"), rng.integers(0, 3, len(person))),
        "volunteer_hours": exact(rng.integers(5, 80, len(person)), 1),
        "volunteer_date": dates(day),
        "volunteer_org": same("新余市志愿服务联合会", len(person)),
    }
    month = place_of_month(day, district.month_ends)
    return rows_of("YYD-03", district.person(person), columns, month)


def moral_points(district: District) -> Rows:
    """Approved points of the newest four quarters, for every tenth person."""
    people, rng = district.people, district.rng("MB-01")
    person = np.flatnonzero(rng.random(len(people)) < 0.1)
    calendar = district.month_ends.astype("datetime64[M]").astype(np.int64) % 12
    quarters = np.flatnonzero(calendar % 3 == 2)[-4:]
    quarter, nth = every_pair(quarters, np.arange(len(person)))
    who = person[nth]
    points = np.clip(800 + 80 * people.volunteer[who] - 40 * people.thrift[who] + rng.normal(0, 40, len(who)), 0, 1_000)
    end = district.month_ends[quarter]
    approved = np.minimum(end + rng.integers(0, 20, len(who)), district.as_of)
    columns = {
        "id_no": pick(people.ric, who),
        "quarter_end": dates(end),
        "points": exact(points.round().astype(np.int64), 1),
        "approval_state": pick(("已通过", "公示中", "已撤销"), rng.choice(3, size=len(who), p=[0.9, 0.07, 0.03])),
        "approved_on": dates(approved),
    }
    return rows_of("MB-01", district.person(who), columns, quarter)
