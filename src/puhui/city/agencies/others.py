"""Kinds of record that no indicator reads: a few rows each, filled by what the pack says of the fields.

Identifiers are those of the city's subjects, codes are drawn from their lists, dates follow one another in
the order of the fields. What is blocked for every use, and what is about health or discipline, is not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from puhui.city import words
from puhui.city.columns import Rows, dates, exact, later, numbered, pick, rows_of, same, truths, whole
from puhui.city.identifiers import phones
from puhui.city.lives import District
from puhui.city.settings import Truth, Whole
from puhui.packs.forms import CodeList, Field, Resource

TOLD = (
    "GAJ-01", "GAJ-04", "SCJ-03", "SCJ-04", "SCJ-07", "FGW-03", "FGW-04", "JYJ-01", "MZJ-01",
    "DL-01", "DL-04", "RQ-01", "SW-01", "CMCC-02", "CMCC-03", "YZJ-01", "JTJ-01",
    "SFJ-01", "JH-01",
)  # fmt: skip
SHARE = {"GAJ-01": 1.0}  # of the subjects that a kind of record can be about; the others 4 in a hundred


@dataclass(frozen=True, slots=True)
class _Draft:
    """The subjects that rows are made for, beside the numbers that fill them."""

    district: District
    resource: Resource
    codes: Mapping[str, CodeList]
    subject: Whole
    rng: np.random.Generator

    @property
    def count(self) -> int:
        return len(self.subject)

    @property
    def is_person(self) -> Truth:
        found: Truth = self.subject >= len(self.district.firms)
        return found

    @property
    def firm(self) -> Whole:
        """The row's own firm, or some firm where the row is about a person."""
        return np.where(self.is_person, self.subject * 7 % len(self.district.firms), self.subject)

    @property
    def person(self) -> Whole:
        """The row's own person, or the boss of the firm that it is about."""
        boss = self.district.firms.boss[self.firm]
        return np.where(self.is_person, self.subject - len(self.district.firms), boss)


def fillers(resources: Mapping[str, Resource], codes: Mapping[str, CodeList]) -> dict[str, partial[Rows]]:
    """By item of the catalogue, the function that fills a district's rows."""
    return {item: partial(filled, resource=resources[item], codes=codes) for item in TOLD if item in resources}


def filled(district: District, resource: Resource, codes: Mapping[str, CodeList]) -> Rows:
    """Rows of one kind about a few subjects, one row each."""
    rng = district.rng(resource.item_id)
    firms, people = len(district.firms), len(district.people)
    share = SHARE.get(resource.item_id, 0.04)
    ways = {way.kind for way in resource.identify}
    can = np.r_[
        np.full(firms, resource.about in ("organisation", "both") and "uscc" in ways),
        np.full(people, resource.about in ("person", "both") and "ric" in ways),
    ]
    subject = np.flatnonzero(can & (rng.random(firms + people) < share))
    draft = _Draft(district, resource, codes, subject, rng)
    columns = {field.name: _column(field, place, draft) for place, field in enumerate(resource.fields)}
    return rows_of(resource.item_id, subject, columns)


def _column(field: Field, place: int, draft: _Draft) -> pa.Array:
    code_list = draft.codes.get(field.code_list) if field.code_list else None
    if code_list is not None:
        values = [value.code for value in code_list.values][:6]
        return pick(values, draft.rng.integers(0, len(values), draft.count))
    known = _of_subject(field, draft)
    return known if known is not None else _of_type(field, place, draft)


def _of_subject(field: Field, draft: _Draft) -> pa.Array | None:
    """What belongs to the row's subject: identifiers, names, contacts, places."""
    firms, people = draft.district.firms, draft.district.people
    own = {way.field for way in draft.resource.identify}
    anyone = np.ones(draft.count, bool)
    match field.semantic:
        case "uscc" | "tax_no":
            return pick(firms.uscc, draft.firm, where=~draft.is_person if field.name in own else anyone)
        case "ric":
            return pick(people.ric, draft.person, where=draft.is_person if field.name in own else anyone)
        case "reg_no":
            return pick(firms.reg_no, draft.firm, where=~draft.is_person)
        case "name":
            return _name(field, draft)
        case "phone":
            return phones(draft.district.first + draft.subject)
        case "address":
            return pick(people.address, draft.person)
        case "region":
            return pick([str(code) for code, _ in words.HOME_AREAS], people.home[draft.person])
        case "industry":
            return pick([trade[0] for trade in words.TRADES], firms.trade[draft.firm])
        case _:
            return None


def _name(field: Field, draft: _Draft) -> pa.Array:
    firms, people = draft.district.firms, draft.district.people
    if field.name.startswith(("ent", "farm", "school", "acct")) or "party" in field.name:
        of_firm = pick(firms.name, draft.firm)
        return of_firm if not draft.is_person.any() else pick(people.name, draft.person)
    return pick(people.name, draft.person)


def _of_type(field: Field, place: int, draft: _Draft) -> pa.Array:
    count, rng, as_of = draft.count, draft.rng, draft.district.as_of
    match field.type.partition("(")[0]:
        case "date" | "datetime":
            first = later(np.full(count, as_of, dtype="datetime64[D]"), -1_500)
            return dates(later(first, rng.integers(0, 60, count) + 80 * place))
        case "ym":
            return dates(draft.district.month_ends[rng.integers(0, draft.district.settings.months, count)])
        case "int":
            return whole(rng.integers(1, 6, count))
        case "decimal":
            scale = int(field.type[:-1].split(",")[1])
            limit = 10**scale if field.semantic == "ratio" else 90_000 * 10 ** max(scale - 2, 0)
            return exact(rng.integers(1, limit, count), scale)
        case "bool":
            return truths(np.asarray(rng.random(count) < 0.3))
        case "str" if field.name in draft.resource.keys:
            return numbered("YY", draft.district.first + draft.subject, width=8)
        case "code":
            return same("01"[: int(field.type[5:-1])], count)
        case _:
            return same("正常", count) if field.type == "text" else numbered("YY", draft.subject, width=6)
