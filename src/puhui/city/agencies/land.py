"""Natural resources and agriculture: flats and their burdens, farmland, forest, transfers, farms and subsidies."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from puhui.city import words
from puhui.city.columns import (
    NEVER,
    Rows,
    dates,
    every_pair,
    exact,
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
from puhui.city.lives import COOPERATIVE, ENTERPRISE, District
from puhui.city.settings import Days, Whole

TOWN_CODES = ("360502001", "360502002", "360502100", "360502101", "360521100", "360521101")


def identity(district: District, subject: Whole) -> dict[str, pa.Array]:
    """The identifying columns of kinds of record about people and firms alike."""
    firms, people = district.firms, district.people
    is_person = subject >= len(firms)
    person, firm = np.maximum(subject - len(firms), 0), np.minimum(subject, len(firms) - 1)
    return {
        "id_type": pick(("111",), np.zeros(len(subject), np.int64), where=is_person),
        "id_no": pick(people.ric, person, where=is_person),
        "name": pick(people.name, person, where=is_person),
        "uscc": pick(firms.uscc, firm, where=~is_person),
    }


def flats(district: District) -> tuple[Whole, Whole]:
    """(subject, number) of the flats of the district's owners: one in five has a second, some firms have premises."""
    rng = district.rng("flats")
    owners = district.person(np.flatnonzero(district.people.owner))
    premises = np.flatnonzero((district.firms.kind == ENTERPRISE) & (rng.random(len(district.firms)) < 0.12))
    second = owners[rng.random(len(owners)) < 0.2]
    subject = np.concatenate([owners, second, premises])
    return subject, np.arange(len(subject))


def _unit_no(district: District, flat: Whole) -> pa.Array:
    """Numbers of real-estate units: 28 characters, in a cadastral district that does not exist."""
    return numbered("360502999999GB99999F", district.place * 100_000 + flat, width=8)


def titles(district: District) -> Rows:
    subject, flat = flats(district)
    rng = district.rng("ZRZY-05")
    way = rng.choice(3, size=len(subject), p=[0.55, 0.35, 0.10])
    share = rng.choice([2_500, 5_000, 6_000], size=len(subject))
    stated = (way == 2) & (rng.random(len(subject)) < 0.9)
    columns = {
        **identity(district, subject),
        "re_unit_no": _unit_no(district, flat),
        "re_cert_no": numbered("赣（2020）新余市不动产权第YY", district.place * 100_000 + flat, "号", 7),
        "re_location": pick(words.TOWNS, rng.integers(0, len(words.TOWNS), len(subject))),
        "re_use": pick(("0701", "0601"), (subject < len(district.firms)).astype(np.int64)),
        "re_area": exact(rng.integers(4_500, 22_000, len(subject)), 2),
        "re_own_way": pick(("单独", "共同", "按份"), way),
        "re_own_share": exact(share, 4, where=stated),
        "re_right_type": same("国有建设用地使用权/房屋所有权", len(subject)),
        "re_reg_date": dates(district.as_of - rng.integers(30, 6_000, len(subject))),
        "re_status": pick(("现势", "历史"), (rng.random(len(subject)) < 0.07).astype(np.int64)),
        "re_reg_org": same("新余市不动产登记中心", len(subject)),
    }
    return rows_of("ZRZY-05", subject, columns)


def mortgages(district: District) -> Rows:
    """A mortgage on every third flat; some cover a second flat of their owner under the same certificate."""
    subject, flat = flats(district)
    rng = district.rng("ZRZY-01")
    at = np.flatnonzero(rng.random(len(subject)) < 0.33)
    start = district.as_of - rng.integers(30, 3_000, len(at))
    cancelled = np.where(rng.random(len(at)) < 0.25, later(start, rng.integers(100, 2_900, len(at))), NEVER)
    cancelled = until(cancelled, district.as_of)
    maximum = rng.random(len(at)) < 0.2
    amount = rng.integers(10, 120, len(at)) * 1_000_000
    columns = {
        **identity(district, subject[at]),
        "re_unit_no": _unit_no(district, flat[at]),
        "mort_no": numbered("赣（2021）新余市不动产证明第YY", district.place * 100_000 + flat[at], "号", 7),
        "mortgagee": pick(words.BANKS, rng.integers(0, len(words.BANKS), len(at))),
        "mortgagor": nothing(len(at)),
        "mort_way": pick(("一般", "最高额"), maximum.astype(np.int64)),
        "mort_amount": exact(amount, 6, where=~maximum),
        "mort_max_amount": exact(amount * 3 // 2, 6, where=maximum),
        "mort_from": dates(start),
        "mort_to": dates(later(start, 20 * 365)),
        "mort_cancel_date": dates(cancelled),
    }
    return rows_of("ZRZY-01", subject[at], columns)


def seizures(district: District) -> Rows:
    subject, flat = flats(district)
    rng = district.rng("ZRZY-02")
    firms = district.firms
    trouble = np.r_[
        (firms.defaulted < district.settings.months) * 0.25,
        np.where(district.people.thrift > 1.8, 0.1, 0.004),
    ]
    at = np.flatnonzero(rng.random(len(subject)) < trouble[subject])
    start = district.as_of - rng.integers(10, 1_400, len(at))
    lifted = np.where(rng.random(len(at)) < 0.35, later(start, rng.integers(30, 900, len(at))), NEVER)
    lifted = until(lifted, district.as_of)
    columns = {
        **identity(district, subject[at]),
        "re_unit_no": _unit_no(district, flat[at]),
        "seal_org": pick(words.COURTS, rng.integers(0, 3, len(at))),
        "seal_type": pick(("查封", "轮候", "预查封"), rng.choice(3, size=len(at), p=[0.8, 0.15, 0.05])),
        "seal_doc_no": numbered("（2025）赣0502执", district.serial(len(at), 10_000) + 3_000, "号之二"),
        "seal_from": dates(start),
        "seal_to": dates(later(start, 3 * 365)),
        "unseal_date": dates(lifted),
    }
    return rows_of("ZRZY-02", subject[at], columns)


def _farmers(district: District, chance: float, purpose: str) -> tuple[Whole, np.random.Generator]:
    """(subjects who farm, numbers): people of the land and cooperatives, each with this chance."""
    rng = district.rng(purpose)
    people = np.flatnonzero(district.people.farmer & (rng.random(len(district.people)) < chance))
    coops = np.flatnonzero((district.firms.kind == COOPERATIVE) & (rng.random(len(district.firms)) < chance))
    return np.concatenate([coops, district.person(people)]), rng


def farmland(district: District) -> Rows:
    """One to three parcels for each household's representative."""
    farmer, rng = _farmers(district, 0.9, "ZRZY-03")
    farmer = farmer[farmer >= len(district.firms)]
    subject = np.repeat(farmer, rng.integers(1, 4, len(farmer)))
    number = district.serial(len(subject), 100_000)
    columns = {
        **identity(district, subject),
        "land_contract_no": numbered("3605021019999", number, "J", 5),
        "land_contractor_code": numbered("36050210199990", subject, width=4),
        "land_issuer_code": same("36050210199990", len(subject)),
        "land_parcel_code": numbered("36050299999", number, width=8),
        "land_area_mu": exact(rng.integers(40, 900, len(subject)), 2),
        "land_get_way": same("110", len(subject)),
        "land_cert_no": numbered("36050299999", number, width=8),
        "land_class": numbered("", rng.integers(1, 6, len(subject)), width=2),
    }
    return rows_of("ZRZY-03", subject, columns)


def forest(district: District) -> Rows:
    subject, rng = _farmers(district, 0.25, "ZRZY-04")
    ends = np.where(rng.random(len(subject)) < 0.7, district.as_of + rng.integers(-900, 12_000, len(subject)),
                    NEVER)  # fmt: skip
    columns = {
        **identity(district, subject),
        "forest_cert_no": numbered("余林证字YY", district.serial(len(subject), 100_000), "号", 7),
        "forest_area_mu": exact(rng.integers(100, 20_000, len(subject)), 2),
        "forest_species": pick(("杉木", "毛竹", "油茶"), rng.integers(0, 3, len(subject))),
        "forest_kind": pick(("用材林", "经济林"), rng.integers(0, 2, len(subject))),
        "forest_origin": pick(("天然", "人工"), rng.integers(0, 2, len(subject))),
        "forest_to": dates(ends),
        "re_location": pick(words.TOWNS, rng.integers(0, len(words.TOWNS), len(subject))),
    }
    return rows_of("ZRZY-04", subject, columns)


def transfers(district: District) -> Rows:
    """Contracts by which land comes in (growers, cooperatives) or goes out; a few run without an end."""
    subject, rng = _farmers(district, 0.3, "NYJ-01")
    incoming = (rng.random(len(subject)) < 0.6) | (subject < len(district.firms))
    start = district.as_of - rng.integers(60, 3_000, len(subject))
    end = np.where(rng.random(len(subject)) < 0.93, later(start, rng.integers(300, 5_500, len(subject))), NEVER)
    own = identity(district, subject)
    columns = {
        **own,
        "transfer_no": numbered("余流转YY", district.serial(len(subject), 100_000), width=8),
        "transfer_out": pick(("村民委员会", "农户"), rng.integers(0, 2, len(subject))),
        "transfer_in": same("本人", len(subject)),
        "transfer_role": pick(("流出", "流入"), incoming.astype(np.int64)),
        "transfer_way": pick(("出租", "转包", "入股"), rng.choice(3, size=len(subject), p=[0.7, 0.2, 0.1])),
        "transfer_area_mu": exact(rng.integers(100, 30_000, len(subject)), 2),
        "transfer_from": dates(start),
        "transfer_to": dates(end),
        "transfer_rent": exact(rng.integers(20_000, 80_000, len(subject)), 2),
    }
    return rows_of("NYJ-01", subject, columns)


def large_farms(district: District) -> Rows:
    """Growers and breeders of each year's list."""
    listed, rng = _farmers(district, 0.2, "NYJ-02")
    newest = district.settings.as_of.year
    subject = np.concatenate([listed, listed[rng.random(len(listed)) < 0.7]])
    year = np.r_[np.full(len(listed), newest - 1), np.full(len(subject) - len(listed), newest - 2)]
    kind = (subject * 7 + 3) % 5
    columns = {
        **identity(district, subject),
        "farm_name": joined(pick(words.SURNAMES, subject % len(words.SURNAMES)), "家农场"),
        "farm_kind": pick(("粮食", "经作", "生猪", "家禽", "水产"), kind),
        "farm_scale": exact(rng.integers(50, 4_000, len(subject)) * np.where(kind == 3, 2_000, 100), 2),
        "farm_unit": pick(("亩", "亩", "头", "羽", "亩"), kind),
        "farm_income": exact(rng.integers(5, 300, len(subject)) * 10_000, 4),
        "farm_eval_year": whole(year),
        "town_code": pick(TOWN_CODES, subject % len(TOWN_CODES)),
    }
    return rows_of("NYJ-02", subject, columns)


def roster(district: District, item: str) -> Rows:
    """NYJ-03 young farm owners, NYJ-04 and NYJ-05 professional farmers."""
    rng = district.rng(item)
    person = np.flatnonzero(district.people.farmer & (rng.random(len(district.people)) < 0.06))
    columns = {
        "id_type": same("111", len(person)),
        "id_no": pick(district.people.ric, person),
        "name": pick(district.people.name, person),
        "farm_kind": pick(("粮食", "经作", "生猪", "家禽", "水产"), rng.integers(0, 5, len(person))),
        "farm_skill": pick(("水稻栽培", "柑橘栽培", "畜禽养殖"), rng.integers(0, 3, len(person))),
        "farm_level": pick(("初", "中", "高"), rng.integers(0, 3, len(person))),
        "farm_train_cert": numbered(f"{item}YY", district.serial(len(person), 100_000), width=8),
        "farm_eval_year": whole(district.settings.as_of.year - rng.integers(0, 4, len(person))),
        "town_code": pick(TOWN_CODES, rng.integers(0, len(TOWN_CODES), len(person))),
    }
    return rows_of(item, district.person(person), columns)


def subsidies(district: District) -> Rows:
    """Land and crop subsidies of each year, paid in spring; some years are missing."""
    farmer = np.flatnonzero(district.people.farmer)
    rng = district.rng("CZJ-02")
    newest = district.settings.as_of.year
    year, nth = every_pair(np.arange(newest - 3, newest + 1), np.arange(len(farmer)))
    keep = rng.random(len(year)) < 0.8
    year, person = year[keep], farmer[nth[keep]]
    area = 200 + person % 37 * 40
    columns = {
        "id_type": same("111", len(person)),
        "id_no": pick(district.people.ric, person),
        "name": pick(district.people.name, person),
        "subsidy_item": pick(("耕地地力保护补贴", "稻谷补贴"), person % 2),
        "subsidy_year": whole(year),
        "subsidy_basis": exact(area, 2),
        "subsidy_std": exact(np.full(len(person), 10_430), 2),
        "subsidy_amount": exact(area * 10_430 // 100, 2),
        "subsidy_pay_date": dates(_spring(year) + rng.integers(0, 90, len(person))),
        "subsidy_card": nothing(len(person)),
    }
    rows = rows_of("CZJ-02", district.person(person), columns)
    paid = later(_spring(year), 90) <= district.as_of
    return rows.take(np.flatnonzero(paid))


def _spring(year: Whole) -> Days:
    return later((year - 1970).astype("datetime64[Y]").astype("datetime64[D]"), 60)
