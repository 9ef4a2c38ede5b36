"""The referee's figures: one indicator of all subjects from rows in memory, by the rules of the delivery contract.

Written apart from `build`, so that the two can be held equal: presence, completeness, months, conflicts, `empty`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

from puhui.indicators.compile import Compiled, ValueType
from puhui.indicators.exact import Root, rounded
from puhui.indicators.referee import select_rows, table_of
from puhui.indicators.sources import SERVICE_COLUMNS, Source
from puhui.model.delivery import AGAIN
from puhui.model.figures import Figure, Unknown, Value
from puhui.model.subject import Subject
from puhui.model.time import month_end, months_back
from puhui.packs.forms import Retirement

_DIGITS = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Held:
    """The rows of one source, the periods that its edition holds, and the kinds that it is complete for."""

    source: Source
    rows: Sequence[Mapping[str, Any]]
    periods: frozenset[str]
    complete: frozenset[str] = field(default=frozenset())  # names of kinds


def figures_of(one: Compiled, held: Mapping[str, Held], as_of: date, subjects: Iterable[str]) -> dict[str, Figure]:
    """The figure of one indicator for each of the subjects."""
    in_force = {name: _in_force(table, as_of) for name, table in held.items()}
    values = _values(one, held, in_force)
    return {
        token: _figure(one, held, in_force, as_of, token, values)
        for token in subjects
        if Subject(token).kind in one.subjects
    }


def _in_force(table: Held, as_of: date) -> list[Mapping[str, Any]]:
    """The rows that count: facts that may still be used, each once."""
    return [
        row
        for row in table.rows
        if (row.get("conflict") or 0) < AGAIN
        and not any(_is_retired(rule, row, as_of) for rule in table.source.retires)
    ]


def _is_retired(rule: Retirement, row: Mapping[str, Any], as_of: date) -> bool:
    value = row.get(rule.field)
    if value is None or rule.rule == "standing":
        return False
    match rule.rule:
        case "years_after":
            return bool(value <= months_back(as_of, 12 * (rule.years or 0)))
        case "end_of":
            return bool(value < as_of)
        case _:  # repaired
            return value in rule.values


def _values(one: Compiled, held: Mapping[str, Held], rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    if any(name not in held for name in one.reads if name not in one.either):
        return {}
    tables = {name: table_of(rows.get(name, ()), _names(held, name)) for name in one.reads}
    found: dict[str, Any] = {}
    for row in select_rows(one.bound, tables):
        if row["subject"] in found:
            raise ValueError(f"indicator {one.name} gives a subject more than one row")
        found[row["subject"]] = row["value"]
    return found


def _names(held: Mapping[str, Held], name: str) -> list[str]:
    columns = held[name].source.columns if name in held else ()
    return [service for service, _ in SERVICE_COLUMNS] + [column.name for column in columns]


def _figure(
    one: Compiled,
    held: Mapping[str, Held],
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    as_of: date,
    token: str,
    values: Mapping[str, Any],
) -> Figure:
    months = _coverage(one, held, as_of)
    lacking = {name for name in one.reads if not _is_known(held, rows, name, token)}
    if lacking - one.either or (one.either and one.either <= lacking):
        return Figure(one.name, False, None, Unknown.ABSENT, months)
    if months is not None and months[0] < months[1]:
        return Figure(one.name, False, None, Unknown.INCOMPLETE, months)
    if _in_conflict(one, rows, token):
        return Figure(one.name, False, None, Unknown.CONFLICT, months)
    value = as_declared(values[token], one.type) if token in values else as_declared(_given(one.empty), one.type)
    return Figure(one.name, True, value, None, months)


def _is_known(held: Mapping[str, Held], rows: Mapping[str, Sequence[Mapping[str, Any]]], name: str, token: str) -> bool:
    if name not in held:
        return False
    return Subject(token).kind.value in held[name].complete or any(row["subject"] == token for row in rows[name])


def _in_conflict(one: Compiled, rows: Mapping[str, Sequence[Mapping[str, Any]]], token: str) -> bool:
    return any(
        (row.get("conflict") or 0) & touched
        for name, touched in one.reads.items()
        for row in rows.get(name, ())
        if row["subject"] == token
    )


def _coverage(one: Compiled, held: Mapping[str, Held], as_of: date) -> tuple[int, int] | None:
    if one.window is None:
        return None
    asked = [f"{day:%Y-%m}" for day in _month_ends(months_back(as_of, one.window), as_of)]
    counts = [
        sum(month in held[name].periods for month in asked)
        for name in one.reads
        if name in held and held[name].source.monthly
    ]
    return (min(counts), len(asked)) if counts else None


def _month_ends(after: date, until: date) -> list[date]:
    days = [after + timedelta(days=count) for count in range(1, (until - after).days + 1)]
    return [day for day in days if day == month_end(day)]


def _given(empty: object) -> Any:
    return Fraction(str(empty)) if isinstance(empty, Decimal | float) else empty


def as_declared(value: Any, kind: ValueType) -> Value | None:
    """A value of the interpreter as the declared type gives it out: rounded half-even once."""
    if value is None:
        return None
    match kind.name:
        case "int" | "decimal":
            exact: Fraction | Root = value if isinstance(value, Root) else Fraction(value)
            unscaled = rounded(exact, kind.scale)
            return unscaled if kind.name == "int" else _DIGITS.scaleb(Decimal(unscaled), -kind.scale)
        case "bool":
            return bool(value)
        case "date":
            return date.fromisoformat(value) if isinstance(value, str) else date(value.year, value.month, value.day)
        case _:
            return str(value)
