"""A proposed mapping for a new layout, from names and values, with a confidence per column, for a person to
confirm."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from puhui.intake.formats import Records
from puhui.intake.header import bare, comparable
from puhui.model.identifiers import verify
from puhui.packs.forms import Field, Resource
from puhui.packs.packset import PackSet
from puhui.quality.codes import spellings
from puhui.quality.dates import day, moment, month
from puhui.quality.numbers import Decimals, amount, currency, decimal
from puhui.quality.text import NULL_WORDS, clean

SURE = 0.5  # a column under this confidence stays unmapped
_NAME_ONLY = 0.75  # how much a look-alike name counts at most
_CHECKED = ("uscc", "ric", "org_code", "reg_no")
_WIDE = Decimals(38, 6)
_LONGEST = 40  # characters; a longer text is no number, date or flag
_LAST_DAY = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class ColumnProposal:
    """One delivered column: the field it seems to be (or none), how sure, and why."""

    column: str
    field: str | None
    confidence: float  # 0 to 1
    why: tuple[str, ...]
    reads_as: str | None = None  # `amount` where the values are amounts with currencies


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping to confirm. `confidence` is the mean over the columns."""

    resource: str
    columns: tuple[ColumnProposal, ...]
    confidence: float
    missing: tuple[str, ...]  # required fields that no column seems to be
    yaml: str

    def as_dict(self) -> dict[str, Any]:
        """The proposal as `--json` prints it."""
        return {
            "resource": self.resource,
            "confidence": round(self.confidence, 2),
            "columns": [
                {
                    "column": c.column,
                    "field": c.field,
                    "confidence": round(c.confidence, 2),
                    "why": list(c.why),
                }
                for c in self.columns
            ],
            "missing": list(self.missing),
            "yaml": self.yaml,
        }


def names_of(resource: Resource) -> dict[str, str]:
    """Comparable name, title or alias → field, without those that two fields share; a field's name goes
    first."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    for field in resource.fields:
        for name in {comparable(n) for n in (field.title.zh, field.title.en, *field.aliases)}:
            if found.setdefault(name, field.name) != field.name:
                shared.add(name)
    for name in shared:
        del found[name]
    return {**found, **{comparable(field.name): field.name for field in resource.fields}}


def propose_mapping(
    packs: PackSet, resources: Sequence[Resource], records: Records, rows: Sequence[Sequence[Any]]
) -> Proposal:
    """The best mapping of a file's columns to one of `resources`. `rows` is a sample, in the order of the
    columns."""
    values = [_sample(rows, number) for number in range(len(records.header))]
    kinds = [_kinds_of(sample) for sample in values]
    proposals = [_for_resource(packs, resource, records, values, kinds) for resource in resources]
    return max(proposals, key=lambda proposal: (proposal.confidence, -len(proposal.missing)))


def _sample(rows: Sequence[Sequence[Any]], number: int) -> list[str]:
    texts = (clean(row[number], NULL_WORDS) for row in rows if number < len(row))
    return [text for text in texts if text is not None]


_RECOGNISED: dict[str, Callable[[str], bool]] = {
    "date": lambda text: day(text) is not None,
    "ym": lambda text: month(text) is not None and day(text) is None,
    "datetime": lambda text: moment(text) is not None and day(text) is not None and ":" in text,
    "money": lambda text: currency(text) is not None and amount(text, _WIDE, "") is not None,
    "number": lambda text: decimal(text, _WIDE, "") is not None,
    "flag": lambda text: text.upper() in ("是", "否", "Y", "N", "TRUE", "FALSE"),
}


def _kinds_of(sample: Sequence[str]) -> dict[str, float]:
    """What the values look like → share of the values that do."""
    if not sample:
        return {}
    short = [text for text in sample if len(text) <= _LONGEST]
    found = {kind: sum(map(test, short)) / len(sample) for kind, test in _RECOGNISED.items()}
    array = pa.array(sample, pa.string())
    for kind in _CHECKED:
        found[kind] = float(np.mean(verify(kind, array, _LAST_DAY).valid))
    return {kind: share for kind, share in found.items() if share >= 0.8}


def _for_resource(
    packs: PackSet,
    resource: Resource,
    records: Records,
    values: Sequence[Sequence[str]],
    kinds: Sequence[dict[str, float]],
) -> Proposal:
    scored = []
    for number, delivered in enumerate(records.header):
        for field in resource.fields:
            score, why = _score(packs, field, delivered, values[number], kinds[number])
            if score >= SURE:
                scored.append((score, number, field.name, why))
    taken: dict[int, ColumnProposal] = {}
    fields: set[str] = set()
    for score, number, field_name, why in sorted(scored, key=lambda one: (-one[0], one[1], one[2])):
        if number in taken or field_name in fields:
            continue
        fields.add(field_name)
        reads = "amount" if "money" in kinds[number] and _is_number(resource.field(field_name)) else None
        taken[number] = ColumnProposal(records.header[number], field_name, score, why, reads)
    columns = tuple(
        taken.get(number, ColumnProposal(name, None, 0.0, ())) for number, name in enumerate(records.header)
    )
    missing = tuple(f.name for f in resource.fields if f.required and f.name not in fields)
    mean = sum(column.confidence for column in columns) / max(len(columns), 1)
    return Proposal(resource.name, columns, mean, missing, _rendered(resource, columns))


def _score(
    packs: PackSet, field: Field, delivered: str, sample: Sequence[str], kinds: dict[str, float]
) -> tuple[float, tuple[str, ...]]:
    by_name, why = _name_score(field, delivered)
    by_value, seen = _value_score(packs, field, sample, kinds)
    if by_value < 0:
        return by_name * 0.4, (*why, *seen)
    if by_value == 0 or not sample:
        return by_name, why
    return min(1.0, max(by_name + 0.15 * by_value, 0.6 * by_value * (by_name > 0.3))), (*why, *seen)


def _name_score(field: Field, delivered: str) -> tuple[float, tuple[str, ...]]:
    name = comparable(delivered)
    best, why = 0.0, ""
    for known in (field.name, field.title.zh, field.title.en, *field.aliases):
        if comparable(known) == name:
            return 0.95, (f"name = {known}",)
        if bare(known) == bare(delivered):
            best, why = max((best, why), (0.85, f"name = {known} without its unit"))
        else:
            alike = _alike(bare(known), bare(delivered)) * _NAME_ONLY
            best, why = max((best, why), (alike, f"name like {known}"))
    return best, (why,) if best > 0.3 else ()


@lru_cache(maxsize=100_000)
def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _value_score(
    packs: PackSet, field: Field, sample: Sequence[str], kinds: dict[str, float]
) -> tuple[float, tuple[str, ...]]:
    """1 where the values speak for the field, 0 where they say nothing, -1 where they contradict it."""
    if not sample:
        return 0.0, ()
    if field.semantic in _CHECKED:
        return (1.0, (f"check digits of {field.semantic}",)) if field.semantic in kinds else (-1.0, ("check digits",))
    if any(kind in kinds for kind in _CHECKED[:2]) and field.semantic not in (
        "tax_no",
        "id",
        "local",
        "text",
    ):
        return -1.0, ("values are identifiers",)
    if field.code_list and field.code_list in packs.codes:
        known = spellings(packs.codes[field.code_list])
        share = sum(text in known for text in sample) / len(sample)
        return (1.0, ("values of its code list",)) if share >= 0.8 else (-0.0, ())
    base = field.type.partition("(")[0]
    wanted = {"date": ("date",), "ym": ("ym", "date"), "datetime": ("datetime", "date"), "bool": ("flag",)}
    if base in wanted:
        fits = any(kind in kinds for kind in wanted[base])
        return (1.0, (f"values are of type {base}",)) if fits else (-1.0, (f"values are not of type {base}",))
    if _is_number(field):
        fits = "number" in kinds or "money" in kinds
        return (1.0, ("values are numbers",)) if fits else (-1.0, ("values are no numbers",))
    return 0.0, ()


def _is_number(field: Field) -> bool:
    return bool(re.match(r"decimal|int", field.type))


def _rendered(resource: Resource, columns: Sequence[ColumnProposal]) -> str:
    """The proposal as mapping YAML, the confidence behind each column."""
    mapped = [column for column in columns if column.field]
    unmapped = [column.column for column in columns if not column.field]
    lines = [
        "format: 1",
        f"name: {resource.name}_proposed",
        f"resource: {resource.name}",
        f"header: {_flow([column.column for column in mapped])}",
        "columns:",
    ]
    lines += [f"  {c.field}: {_flow(_column(resource, c))}  # {c.confidence:.2f} {'; '.join(c.why)}" for c in mapped]
    lines += [f"ignore: {_flow(unmapped)}"] if unmapped else []
    return "\n".join(lines) + "\n"


def _column(resource: Resource, column: ColumnProposal) -> dict[str, str]:
    found = {"from": column.column}
    if column.reads_as and column.field:
        found["as"] = column.reads_as
        currency_field = f"{column.field}_currency"
        if any(field.name == currency_field for field in resource.fields):
            found["currency_to"] = currency_field
    return found


def _flow(value: object) -> str:
    text: str = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, sort_keys=False, width=10**6)
    return text.strip()
