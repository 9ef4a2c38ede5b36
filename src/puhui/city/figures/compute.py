"""All figures of a district from what was accepted of it: presence, months held, conflicts, then the functions.

The order of reasons is that of the delivery contract: absent, incomplete, conflict. A fact that has retired by the day
is as if it had never come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from puhui.city.delivery import Accepted
from puhui.city.figures import ALL
from puhui.city.figures.lives import Life, Outcome, Row, Truth
from puhui.city.lives import District
from puhui.city.schedule import GROWING
from puhui.model.subject import kind_of_uscc
from puhui.model.time import month_ends_in, months_back
from puhui.packs.forms import CodeList, Resource, Retirement
from puhui.packs.forms_answers import IndicatorHead
from puhui.packs.packset import PackSet

FIGURES = pa.schema(
    [
        *((name, pa.string()) for name in ("identifier_kind", "identifier", "indicator")),
        ("known", pa.bool_()),
        *((name, pa.string()) for name in ("reason", "value")),
        *((name, pa.int64()) for name in ("months_held", "months_asked")),
    ]
)
Answer = tuple[bool, str | None, str | None]  # known, reason, value as text


@dataclass(slots=True)
class Source:
    """Accepted rows of one resource or relation by subject; fields in conflict by subject; kinds it is complete for."""

    rows: dict[int, list[Row]]
    conflicts: dict[int, set[str]]
    complete: frozenset[str]
    months: frozenset[str] | None  # held; None: not by months


@dataclass(frozen=True, slots=True)
class Books:
    """What figures of one district are computed from."""

    sources: Mapping[str, Source]
    kinds: Sequence[str]
    identifiers: Sequence[tuple[str, str]]
    as_of: date
    parameters: Mapping[str, Any]


def figures_of(
    district: District,
    accepted: Mapping[str, list[Accepted]],
    packs: PackSet,
    held: Mapping[str, frozenset[str]],
) -> Iterator[pa.Table]:
    """The figures of a district's subjects, one table for each indicator that the packs define and the
    city tells of.

    `held` are the months delivered, by item.
    """
    books = open_books(district, accepted, packs, held)
    for name in sorted(ALL.keys() & packs.indicators.keys()):
        yield _figures_of_one(ALL[name], packs.indicators[name].head, books)


def open_books(
    district: District,
    accepted: Mapping[str, list[Accepted]],
    packs: PackSet,
    held: Mapping[str, frozenset[str]],
) -> Books:
    codes = district.firms.uscc.to_pylist()
    people = district.people.ric.to_pylist()
    as_of = district.settings.as_of
    wanted = _wanted_fields(packs)
    resources = {resource.item_id: resource for resource in packs.resources.values()}
    spelled = {
        item: _in_codes(parts, resources[item], packs.codes)
        for item, parts in accepted.items()
        if resources[item].name in wanted
    }
    sources = {
        resources[item].name: _source(parts, resources[item], wanted, as_of, held.get(item))
        for item, parts in spelled.items()
    }
    number_of = {code: number for number, code in enumerate(codes)}
    everything = {
        resources[item].name: _source(parts, resources[item], wanted, None, held.get(item))
        for item, parts in spelled.items()
        if resources[item].name in {relation.from_ for relation in packs.relations.values()}
    }
    for relation in packs.relations.values():
        if relation.from_ in everything and any(relation.name in truth.reads for truth in ALL.values()):
            sources[relation.name] = _relation(
                everything[relation.from_], relation.subject, frozenset(relation.complete), number_of
            )
    return Books(
        sources=sources,
        kinds=[kind_of_uscc(code).value for code in codes] + ["person"] * len(people),
        identifiers=[("uscc", code) for code in codes] + [("ric", number) for number in people],
        as_of=as_of,
        parameters={name: parameter.at(as_of) for name, parameter in packs.parameters.items()},
    )


def _in_codes(parts: Sequence[Accepted], resource: Resource, codes: Mapping[str, CodeList]) -> list[Accepted]:
    """The same rows, their codes as the lists have them: an agency's own spellings become the code."""
    found = list(parts)
    for field in resource.fields:
        also = (
            {word: value.code for value in codes[field.code_list].values for word in value.also}
            if field.code_list
            else {}
        )
        if also:
            found = [_recoded(part, field.name, also) for part in found]
    return found


def _recoded(part: Accepted, name: str, also: Mapping[str, str]) -> Accepted:
    table = part.rows.table
    if name not in table.column_names or not pa.types.is_string(table.schema.field(name).type):
        return part
    column = table.column(name).combine_chunks()
    places = pc.index_in(column, pa.array(list(also), pa.string()))
    recoded = pc.coalesce(pc.take(pa.array(list(also.values()), pa.string()), places), column)
    at = table.column_names.index(name)
    return replace(part, rows=replace(part.rows, table=table.set_column(at, name, recoded)))


def _wanted_fields(packs: PackSet) -> dict[str, set[str]]:
    """The fields that figures look at, by resource; those of relations count for the resource they are read from."""
    wanted: dict[str, set[str]] = {}
    for truth in ALL.values():
        for source, fields in truth.reads.items():
            relation = packs.relations.get(source)
            if relation is None:
                wanted.setdefault(source, set()).update(fields)
            else:
                wanted.setdefault(relation.from_, set()).update(fields - {"other"}, {relation.subject})
    return wanted


def _source(
    parts: Sequence[Accepted],
    resource: Resource,
    wanted: Mapping[str, set[str]],
    as_of: date | None,
    months: frozenset[str] | None,
) -> Source:
    """Rows by subject. Facts retired by `as_of` are left out (None: none are)."""
    rules = resource.adverse.retires if resource.adverse and as_of is not None else []
    fields = wanted.get(resource.name, set()) | {rule.field for rule in rules}
    by_key = [way.field for way in resource.identify]
    keys = [key for key in resource.keys if key not in by_key] if resource.item_id in GROWING else []
    newest: dict[object, tuple[int, Row, set[str]]] = {}
    for part_number, part in enumerate(parts):
        conflicts: dict[int, set[str]] = {}
        for place, name in part.conflicts:
            conflicts.setdefault(place, set()).add(name)
        for place, (subject, row) in enumerate(_typed_rows(part, fields | set(keys))):
            grows = resource.item_id in GROWING
            key = (subject, *(row[name] for name in keys)) if grows else (part_number, place)
            newest[key] = (subject, row, conflicts.get(place, set()))
    return _grouped(newest, rules, as_of, frozenset(resource.complete), months)


def _grouped(
    newest: Mapping[object, tuple[int, Row, set[str]]],
    rules: Sequence[Retirement],
    as_of: date | None,
    complete: frozenset[str],
    months: frozenset[str] | None,
) -> Source:
    source = Source({}, {}, complete, months)
    for subject, row, fields in newest.values():
        if as_of is not None and any(is_retired(rule, row[rule.field], as_of) for rule in rules):
            continue
        source.rows.setdefault(subject, []).append(row)
        if fields:
            source.conflicts.setdefault(subject, set()).update(fields)
    return source


def _typed_rows(part: Accepted, fields: set[str]) -> Iterator[tuple[int, Row]]:
    names = sorted(fields)
    table, count = part.rows.table, len(part.rows)
    columns = [table.column(n).to_pylist() if n in table.column_names else [None] * count for n in names]
    for subject, cells in zip(part.rows.subject.tolist(), zip(*columns, strict=True), strict=True):
        yield subject, dict(zip(names, cells, strict=True))


def is_retired(rule: Retirement, value: Any, as_of: date) -> bool:
    """Whether a fact with this value may no longer be used on the day."""
    if value is None:
        return False
    if rule.rule == "years_after":
        return bool(value <= months_back(as_of, 12 * (rule.years or 0)))
    if rule.rule == "end_of":
        return bool(value < as_of)
    return value in rule.values


def _relation(of: Source, field: str, complete: frozenset[str], number_of: Mapping[str, int]) -> Source:
    """The same rows seen from the other end: `other` is the subject they are about."""
    source = Source({}, {}, complete, of.months)
    for subject, rows in of.rows.items():
        for row in rows:
            near = number_of.get(row[field])
            if near is not None:
                source.rows.setdefault(near, []).append({**row, "other": subject})
    return source


def _figures_of_one(truth: Truth, head: IndicatorHead, books: Books) -> pa.Table:
    window = int(head.window[:-1]) if head.window.endswith("M") else None
    months = coverage(truth, books, window)
    sources = {name: books.sources[name] for name in truth.reads if name in books.sources}
    unread = _answer(truth, head, {}, books)
    columns: tuple[list[Any], ...] = ([], [], [], [], [])
    for number, kind in enumerate(books.kinds):
        if kind not in head.subjects:
            continue
        mine = {name: source.rows[number] for name, source in sources.items() if number in source.rows}
        known, reason, value = _unknown(truth, head, sources, number, kind, mine, months) or (
            _answer(truth, head, mine, books) if mine else unread
        )
        for column, cell in zip(columns, (*books.identifiers[number], known, reason, value), strict=True):
            column.append(cell)
    count = len(columns[0])
    held, asked = ([months[0]] * count, [months[1]] * count) if months else ([None] * count, [None] * count)
    cells = (columns[0], columns[1], [truth.name] * count, *columns[2:], held, asked)
    arrays = [pa.array(column, part.type) for column, part in zip(cells, FIGURES, strict=True)]
    return pa.Table.from_arrays(arrays, schema=FIGURES)


def coverage(truth: Truth, books: Books, window: int | None) -> tuple[int, int] | None:
    """(months held, months asked) of the source that holds the fewest; None for a figure without a window."""
    if window is None:
        return None
    asked = {f"{end:%Y-%m}" for end in month_ends_in(months_back(books.as_of, window), books.as_of)}
    held = [books.sources[name].months for name in truth.reads if name in books.sources]
    counts = [len(asked & months) for months in held if months is not None]
    return (min(counts), len(asked)) if counts else None


def _unknown(
    truth: Truth,
    head: IndicatorHead,
    sources: Mapping[str, Source],
    number: int,
    kind: str,
    mine: Mapping[str, list[Row]],
    months: tuple[int, int] | None,
) -> Answer | None:
    """Why the figure is not known, or None if it is."""
    there = {n for n in truth.reads if n in sources and (n in mine or kind in sources[n].complete)}
    if not _enough(head.sources_any, truth.reads.keys(), there):
        return (False, "absent", None)
    if months is not None and months[0] < months[1]:
        return (False, "incomplete", None)
    for name, source in sources.items():
        if source.conflicts.get(number, set()) & truth.reads[name]:
            return (False, "conflict", None)
    return None


def _enough(sources_any: bool | list[str], reads: Set[str], there: Set[str]) -> bool:
    """One of the sources that stand for each other, and all others."""
    if isinstance(sources_any, list):
        return any(name in there for name in sources_any) and reads - set(sources_any) <= there
    return bool(there) if sources_any else reads <= there


def _answer(truth: Truth, head: IndicatorHead, rows: Mapping[str, list[Row]], books: Books) -> Answer:
    outcome = truth.compute(Life(rows, books.as_of, books.parameters))
    return (True, None, None if outcome is None else as_text(outcome, head.type))


def as_text(value: Outcome, kind: str) -> str:
    """A value as the truth writes it: `true`, 12, 2026-06-30, decimals with all digits of their scale."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    scale = int(kind[:-1].split(",")[1]) if kind.startswith("decimal") else 0
    return fixed(Fraction(value or 0), scale)


def fixed(value: Fraction, scale: int) -> str:
    """The value with `scale` digits after the point, rounded half to even."""
    units = round(value * 10**scale)  # Fraction rounds half to even, exactly
    sign, digits = "-" if units < 0 else "", str(abs(units)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"
