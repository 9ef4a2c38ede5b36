"""The rows of a pack's test cases as the lake would hold them: typed, corrected, under tokens of their own case."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from puhui.indicators.sources import Source
from puhui.model.delivery import AGAIN
from puhui.model.subject import SubjectKind, bucket_of
from puhui.model.time import month_end
from puhui.packs.forms import Relation, Resource
from puhui.packs.forms_answers import Case, Rows
from puhui.packs.packset import PackSet

Typed = dict[str, Any]


class BadCase(ValueError):
    """The case names a table, field or value that is not there; the text says which, for its author."""


@dataclass(slots=True)
class Tokens:
    """The tokens of the names that one case uses for subjects."""

    case: str
    kind: SubjectKind
    of: dict[str, str] = field(default_factory=dict)

    def token(self, name: object) -> str:
        text = str(name)
        if text not in self.of:
            digest = hashlib.sha256(f"{self.case}\n{text}".encode()).hexdigest()
            self.of[text] = f"000000t1{self.kind.letter}{digest[:20]}"
        return self.of[text]


def rows_of(
    case: Case, packs: PackSet, sources: Mapping[str, Source], tokens: Tokens, reads: Iterable[str]
) -> dict[str, list[Typed]]:
    """The rows of every table that the indicator reads; a relation without rows of its own comes from its resource."""
    state: Rows = {name: list(rows) for name, rows in case.rows.items()}
    for correction in case.then:
        for name, rows in correction.items():
            state[name] = _corrected(state.get(name, []), rows, _keys(name, packs))
    unknown = [name for name in state if name not in sources]
    if unknown:
        raise BadCase(f"there is no table {', '.join(unknown)}")
    typed = {name: [_typed(row, name, packs, sources, tokens) for row in rows] for name, rows in state.items()}
    for name in reads:
        if name not in typed and name in packs.relations:
            typed[name] = _derived(packs.relations[name], typed)
    for name, rows in typed.items():
        if name in packs.resources:
            _mark_conflicts(rows, packs.resources[name])
    return typed


def _keys(name: str, packs: PackSet) -> tuple[str, ...]:
    if name in packs.resources:
        return packs.resources[name].lake_keys
    return ("subject", "other", *packs.relations[name].columns) if name in packs.relations else ()


def _corrected(
    rows: Sequence[dict[str, Any]], by: Sequence[dict[str, Any]], keys: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows that agree in the keys replace; `deleted: true` removes."""

    def key(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row.get(name) for name in keys)

    mended = {key(row) for row in by}
    kept = [row for row in rows if key(row) not in mended]
    return kept + [row for row in by if not row.get("deleted")]


_SERVICE = ("subject", "period", "deleted", "conflict")


def _typed(row: Mapping[str, Any], name: str, packs: PackSet, sources: Mapping[str, Source], tokens: Tokens) -> Typed:
    source, kinds = sources[name], _field_types(name, packs)
    extra = [key for key in row if key not in _SERVICE and source.column(key) is None]
    if extra:
        raise BadCase(f"{name} has no column {', '.join(extra)} in the lake")
    subject = tokens.token(row["subject"]) if row.get("subject") is not None else ""
    typed: Typed = {
        "subject": subject,
        "bucket": bucket_of(subject, 16) if subject else 0,
        "period": row.get("period") or "",
        "parcel": "",
        "line": 1,
        "conflict": _stated_conflict(row.get("conflict"), source),
    }
    for column in source.columns:
        typed[column.name] = _value(row.get(column.name), kinds.get(column.name, "token"), tokens)
    return typed


def _stated_conflict(names: Any, source: Source) -> int:
    bits = 0
    for name in names or []:
        column = source.column(name)
        if column is None or column.bit is None:
            raise BadCase(f"conflict names no field: {name}")
        bits |= 1 << column.bit
    return bits


def _field_types(name: str, packs: PackSet) -> dict[str, str]:
    """The declared type of each column; `token` where it names another subject."""
    relation = packs.relations.get(name)
    resource = packs.resources[relation.from_ if relation is not None else name]
    found = {one.name: "token" if one.keep == "token" else one.type for one in resource.fields}
    return {**found, "other": "token"} if relation is not None else found


def _value(value: Any, kind: str, tokens: Tokens) -> Any:
    if value is None:
        return None
    try:
        return _CASTS.get(kind.split("(")[0], str)(value) if kind != "token" else tokens.token(value)
    except (ValueError, ArithmeticError, TypeError) as error:
        raise BadCase(f"{value!r} is no {kind}") from error


def _as_date(value: Any) -> date:
    if isinstance(value, date):
        return value
    return date.fromisoformat(value if len(str(value)) > 7 else f"{value}-01")


def _as_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("not a boolean")


_CASTS: dict[str, Callable[[Any], Any]] = {
    "int": int,
    "decimal": lambda value: Decimal(str(value)),
    "date": _as_date,
    "ym": lambda value: month_end(_as_date(value)),
    "datetime": lambda value: value if isinstance(value, datetime) else datetime.fromisoformat(str(value)),
    "bool": _as_bool,
}


def _derived(relation: Relation, typed: Mapping[str, list[Typed]]) -> list[Typed]:
    made = []
    for row in typed.get(relation.from_, []):
        near = row[relation.subject]
        if near:
            service = {name: row[name] for name in ("period", "parcel", "line", "conflict")}
            ends = {"subject": near, "bucket": bucket_of(near, 16), "other": row[relation.other]}
            made.append({**service, **ends, **{name: row[name] for name in relation.columns}})
    return made


def _mark_conflicts(rows: Sequence[Typed], resource: Resource) -> None:
    """Rows that agree in all keys and differ elsewhere are in conflict, where every key is given."""
    groups: dict[tuple[Any, ...], list[Typed]] = {}
    for row in rows:
        key = tuple(row.get(name) for name in resource.lake_keys)
        if None not in key and len(key) > 1:
            groups.setdefault(key, []).append(row)
    for same in groups.values():
        bits = sum(
            1 << bit
            for bit, one in enumerate(resource.fields)
            if one.name in same[0] and any(row[one.name] != same[0][one.name] for row in same)
        )
        for row in same:
            row["conflict"] |= bits
        for row in same[1:] if bits else ():
            row["conflict"] |= AGAIN
