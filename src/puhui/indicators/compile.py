"""From a set of packs and a day to a plan: which queries an engine runs, and how figures come out of their columns.

Promise: simple indicators of one table share one scan; every other runs alone; parts are exact; nothing is
computed from facts that are past their retirement on the day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlglot import exp

from puhui.indicators.bind import bind, reads_of
from puhui.indicators.fuse import Scan, filtered, over_no_rows, row_count, simple, value_of
from puhui.indicators.referee_values import constant_value
from puhui.indicators.sources import Source, months_of_window, sources_of
from puhui.indicators.split import Split, part_name, split
from puhui.model.refusals import PackRefused
from puhui.model.subject import SubjectKind
from puhui.packs.digests import definition_digest
from puhui.packs.packset import Indicator, PackSet
from puhui.packs.sql import read

_NUMBER_TYPES = ("int", "decimal")


@dataclass(frozen=True, slots=True)
class ValueType:
    """The declared type of an indicator: `int`, `decimal`, `bool`, `code` or `date`, and the digits after the point."""

    name: str
    scale: int = 0

    @property
    def numeric(self) -> bool:
        return self.name in _NUMBER_TYPES


def value_type(declared: str) -> ValueType:
    """`decimal(18,2)` → decimal of scale 2."""
    if declared.startswith("decimal"):
        return ValueType("decimal", int(declared.rstrip(")").split(",")[1]))
    return ValueType(declared)


@dataclass(frozen=True, slots=True)
class Compiled:
    """One indicator of a plan. `columns` of query `query` hold its parts; `rows` the count that tells of a row."""

    name: str
    digest: str
    type: ValueType
    unit: str
    declared_type: str
    subjects: frozenset[SubjectKind]
    window: int | None
    empty: object
    reads: Mapping[str, int]
    either: frozenset[str]  # of these sources one that knows the subject is enough; all others must
    query: str
    columns: tuple[str, ...]
    step: exp.Expr
    plain: bool
    rows: str | None
    bound: exp.Expr  # the whole SELECT with its literals, for the referee


@dataclass(frozen=True, slots=True)
class Plan:
    """All indicators of a set over a day. Queries are in DuckDB's dialect, one row per subject each."""

    as_of: date
    pack_set: str
    sources: Mapping[str, Source]
    scans: Mapping[str, Scan]
    alone: Mapping[str, str]
    indicators: tuple[Compiled, ...]

    @property
    def digest(self) -> str:
        """Digest of all definitions and the day: equal plans over equal editions give equal figures."""
        text = "\n".join([self.as_of.isoformat(), *(f"{one.name} {one.digest}" for one in self.indicators)])
        return hashlib.sha256(text.encode()).hexdigest()


def compile_plan(packs: PackSet, as_of: date, names: Sequence[str] | None = None) -> Plan:
    """The plan of all indicators of the set, or of those named."""
    sources = sources_of(packs.resources, packs.relations)
    parameters = {name: parameter.at(as_of) for name, parameter in packs.parameters.items()}
    chosen = [packs.indicators[name] for name in (names if names is not None else packs.indicators)]
    digests = {one.name: definition_digest(one, packs) for one in chosen}
    return compile_indicators(chosen, sources, parameters, digests, as_of, packs.digest)


def compile_indicators(
    chosen: Sequence[Indicator],
    sources: Mapping[str, Source],
    parameters: Mapping[str, object],
    digests: Mapping[str, str],
    as_of: date,
    pack_set: str,
) -> Plan:
    """As `compile_plan`, from the parts of a set."""
    scans: dict[str, Scan] = {}
    alone: dict[str, str] = {}
    compiled = []
    tables = {name: source.sql_table() for name, source in sources.items()}
    for indicator in chosen:
        reading = read(indicator.sql, tables, file=indicator.file, first_line=indicator.sql_line)
        if reading.tree is None or reading.unreadable or reading.unresolved:
            raise PackRefused((*reading.unreadable, *reading.unresolved))
        bound = bind(reading.tree, as_of, parameters)
        reads = reads_of(reading, sources)
        for name in reads:
            scans.setdefault(name, Scan(name))
        compiled.append(_compiled(indicator, bound, reads, digests[indicator.name], scans, alone))
    used = {name: sources[name] for name in scans}
    return Plan(as_of, pack_set, used, scans, alone, tuple(compiled))


def _compiled(
    indicator: Indicator,
    bound: exp.Expr,
    reads: Mapping[str, int],
    digest: str,
    scans: Mapping[str, Scan],
    alone: dict[str, str],
) -> Compiled:
    head = indicator.head
    form = simple(bound)
    rows = None
    if form is not None:
        parts = split(filtered(form.value, form.condition))
        scan = scans[form.table]
        columns = tuple(scan.column(part) for part in parts.parts)
        query = scan_name(form.table)
        if form.condition is not None and _row_matters(parts, head.empty, value_type(head.type)):
            rows = scan.column(row_count(form.condition))
    else:
        parts, alone[indicator.name] = _alone(bound)
        columns = tuple(part_name(number) for number in range(len(parts.parts)))
        query = indicator.name
    return Compiled(
        name=indicator.name,
        digest=digest,
        type=value_type(head.type),
        unit=head.unit,
        declared_type=head.type,
        subjects=frozenset(SubjectKind(kind) for kind in head.subjects),
        window=months_of_window(head.window),
        empty=head.empty,
        reads=reads,
        either=_either(head.sources_any, reads),
        query=query,
        columns=columns,
        step=parts.step,
        plain=parts.plain,
        rows=rows,
        bound=bound,
    )


def _either(declared: bool | list[str], reads: Mapping[str, int]) -> frozenset[str]:
    if isinstance(declared, list):
        return frozenset(declared) & reads.keys()
    return frozenset(reads) if declared else frozenset()


def scan_name(table: str) -> str:
    """The name of a table's fused scan among the queries of a plan; no indicator's name has a colon."""
    return f"scan:{table}"


def _alone(bound: exp.Expr) -> tuple[Split, str]:
    select = _outermost(bound)
    parts = split(value_of(select))
    outputs = [exp.alias_(part.copy(), part_name(number)) for number, part in enumerate(parts.parts)]
    select.set("expressions", [_subject_of(select), *outputs])
    return parts, select.sql("duckdb")


def _outermost(bound: exp.Expr) -> exp.Select:
    if isinstance(bound, exp.Select) and not bound.args.get("distinct"):
        return bound.copy()
    return exp.select("subject", "value").from_(bound.subquery("u"))  # type: ignore[attr-defined]


def _subject_of(select: exp.Select) -> exp.Expr:
    for output in select.selects:
        if output.alias_or_name == "subject":
            return output.copy()
    raise ValueError("an indicator has an output named subject")


def _row_matters(parts: Split, empty: object, kind: ValueType) -> bool:
    """Whether a subject whose rows are all outside WHERE could be told apart from `empty` by the parts alone."""
    value = constant_value(parts.step, [over_no_rows(part) for part in parts.parts])
    return not same_value(value, empty, kind)


def same_value(value: object, empty: object, kind: ValueType) -> bool:
    """Whether a computed constant is the head's `empty`."""
    if value is None or empty is None:
        return value is None and empty is None
    if kind.numeric and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(str(value)) == Decimal(str(empty))
    return value == empty
