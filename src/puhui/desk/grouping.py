"""What a table over subjects counts and by what: indicators as amounts and attributes, as far as policy lets them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from puhui.desk.statistics_past import Wanted
from puhui.disclosure.complement import Place
from puhui.disclosure.derive import Study, study_of
from puhui.disclosure.gates import PERSONS, article_of
from puhui.disclosure.group_tables import TOTAL
from puhui.disclosure.groups import Group, Measure
from puhui.disclosure.rules import labels_of
from puhui.indicators.store import FiguresReader
from puhui.model.figures import Snapshot, Value
from puhui.model.refusal import Said
from puhui.model.refusals import TableRefused
from puhui.model.subject import TOKEN_KIND_AT, Subject, SubjectKind
from puhui.packs.digests import definition_digest
from puhui.packs.packset import Indicator, PackSet
from puhui.packs.sql import read
from puhui.packs.sql_tables import tables_of

PURPOSE = "supervision"  # the purpose class whose gates officers' statistics must not find closed
UNKNOWN = "unknown"
_LETS_COUNT = frozenset({"count", "flag", "band", "value"})
_LETS: Mapping[Measure, frozenset[str]] = {
    Measure.COUNT: _LETS_COUNT,
    Measure.SUM: frozenset({"sum", "value"}),
    Measure.MEAN: frozenset({"mean", "sum", "value"}),
}
_PERSONS = frozenset(SubjectKind(kind).letter for kind in PERSONS)
Figures = Mapping[str, Value | None]


@dataclass(frozen=True, slots=True)
class Attribute:
    """An indicator whose values are groups: codes, yes and no, or the bands between `limits`."""

    name: str
    limits: tuple[Decimal, ...] = ()
    labels: tuple[str, ...] = ()

    def label(self, figures: Figures) -> str:
        """The group of a subject; UNKNOWN where the figure is not known, or not defined."""
        value = figures.get(self.name)
        if value is None:
            return UNKNOWN
        if self.limits and isinstance(value, int | Decimal):
            return self.labels[bisect_right(self.limits, value)]
        return ("no", "yes")[value] if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Counted:
    """The indicator of which a table gives a count, sum or mean. `kinds`: letters of the subjects that it is for."""

    name: str
    kinds: frozenset[str]
    unit: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class Way:
    """How a table is made: of what, by which rows and columns. `wanted`: the same by full names. A table and its mirror
    image are made in one way, rows before columns in the alphabet; `turned`: the other was asked for.
    """

    wanted: Wanted
    counted: Counted
    rows: Attribute
    columns: Attribute | None
    turned: bool = False

    def subjects(self, reader: FiguresReader) -> Iterator[tuple[str, Figures]]:
        """The subjects that the indicator is for, with their figures."""
        kinds = self.counted.kinds
        for token in reader.tokens():
            if token[TOKEN_KIND_AT] in kinds:
                yield token, reader.values(Subject(token))

    def amount(self, figures: Figures) -> Decimal | None:
        """What the subject adds to its group; None: it is not known, or not defined. One for what is no number."""
        value = figures.get(self.counted.name)
        if value is None:
            return None
        return Decimal(value) if self.counted.numeric and isinstance(value, int | Decimal) else Decimal(1)

    def place(self, figures: Figures) -> Place:
        return self.rows.label(figures), self.columns.label(figures) if self.columns else TOTAL

    @property
    def persons(self) -> bool:
        """Whether persons may be among the subjects."""
        return bool(self.counted.kinds & _PERSONS)

    def check_defined(self, packs: PackSet, snapshot: Snapshot) -> None:
        """TableRefused where the snapshot lacks one of the indicators, or was built by another definition of it."""
        held = {one.name: one.digest for one in snapshot.definitions}
        for name in {self.counted.name, *self.wanted.axes}:
            if held.get(name) != definition_digest(packs.indicator(name), packs):
                raise _not_for_tables(
                    Said(f"快照中没有 {name} 的现行定义", f"the snapshot lacks {name} as it is defined now"),
                    Said("先建立新的快照", "build a new snapshot first"),
                )


def way_of(packs: PackSet, wanted: Wanted) -> Way:
    """How that table is made. Raises UnknownName, TableRefused."""
    counted, rows = measured(packs, wanted.indicator, wanted.measure), attribute_of(packs, wanted.rows)
    columns = attribute_of(packs, wanted.columns) if wanted.columns else None
    if columns and columns.name == rows.name:
        raise _not_for_tables(
            Said("行和列是同一个指标", "rows and columns are the same indicator"),
            Said("换一个，或只给 --rows", "take another one, or give --rows only"),
        )
    turned = columns is not None and columns.name < rows.name
    if columns and turned:
        rows, columns = columns, rows
    named = Wanted(counted.name, rows.name, wanted.measure, columns.name if columns else "")
    return Way(named, counted, rows, columns, turned)


class Tally:
    """Goes through snapshots, adding subjects up. `alike`: other indicators; `near` tells by group how many subjects
    are known in one of the two alone.
    """

    def __init__(self, way: Way, erased: frozenset[str], alike: Sequence[str]) -> None:
        self._way, self._erased, self._alike = way, erased, alike
        self.near: dict[str, dict[Place, int]] = {name: {} for name in alike}

    def groups(self, reader: FiguresReader) -> dict[Place, Group]:
        """The groups by (row, column) of all who are not erased."""
        groups: dict[Place, Group] = {}
        for token, figures in self._way.subjects(reader):
            if token in self._erased:
                continue
            amount, place = self._way.amount(figures), self._way.place(figures)
            if amount is not None:
                groups.setdefault(place, Group()).add(amount)
            for name in self._alike:
                if (amount is None) != (figures.get(name) is None):
                    self.near[name][place] = self.near[name].get(place, 0) + 1
        return groups

    def changed(self, old: FiguresReader, new: FiguresReader) -> dict[Place, int]:
        """How many joined or left each group, or have another amount in it. Holds the old amounts in memory."""
        before = dict(self._standing(old))
        found: dict[Place, int] = {}
        for token, stands in self._standing(new):
            was = before.pop(token, None)
            if was != stands and token not in self._erased:
                for place in {one[0] for one in (was, stands) if one}:
                    found[place] = found.get(place, 0) + 1
        for place, _ in before.values():
            found[place] = found.get(place, 0) + 1
        return found

    def _standing(self, reader: FiguresReader) -> Iterator[tuple[str, tuple[Place, Decimal]]]:
        for token, figures in self._way.subjects(reader):
            amount = self._way.amount(figures)
            if amount is not None:
                yield token, (self._way.place(figures), amount)


def measured(packs: PackSet, name: str, measure: Measure) -> Counted:
    """The indicator to be counted or added up. Raises UnknownName, TableRefused."""
    indicator = packs.indicator(name)
    head = indicator.head
    numeric = head.type == "int" or head.type.startswith("decimal")
    if measure is not Measure.COUNT and not numeric:
        raise _not_for_tables(
            Said(f"{indicator.name} 不是数值，不能求和", f"{indicator.name} is no number: it has no {measure.value}"),
            Said("只统计个数", "ask for the count"),
        )
    _check_policy(packs, indicator, _LETS[measure])
    letters = frozenset(SubjectKind(kind).letter for kind in head.subjects)
    return Counted(indicator.name, letters, head.unit, numeric)


def attribute_of(packs: PackSet, name: str) -> Attribute:
    """The indicator to group by. Raises UnknownName, TableRefused where it has neither codes nor bands."""
    indicator = packs.indicator(name)
    head = indicator.head
    if head.type not in ("code", "bool") and not head.bands:
        raise _not_for_tables(
            Said(f"{indicator.name} 没有代码或分档，不能分组", f"{indicator.name} has neither codes nor bands"),
            Said("按代码类、是否类或有分档的指标分组", "group by an indicator of codes, of yes and no, or with bands"),
        )
    _check_policy(packs, indicator, _LETS_COUNT)
    limits = tuple(Decimal(str(limit)) for limit in head.bands) if head.type not in ("code", "bool") else ()
    return Attribute(indicator.name, limits, labels_of(limits))


def _check_policy(packs: PackSet, indicator: Indicator, forms: frozenset[str]) -> None:
    """TableRefused where the catalogue lets none of these forms of what the indicator reads out, or closes its gate."""
    study = _study(packs, indicator)
    for kind in indicator.head.subjects:
        if (gate := study.gate(PURPOSE, kind)) == "prohibited":
            raise TableRefused(
                Said(f"{indicator.name} 读取禁止使用的信息", f"{indicator.name} reads what may not be used"),
                todo=Said("换一个指标", "take another indicator"),
                article=article_of(gate, PURPOSE),
            )
    if not forms & study.releases:
        raise _not_for_tables(
            Said(
                f"目录不允许 {indicator.name} 以此形式输出", f"the catalogue lets {indicator.name} out otherwise only"
            ),
            Said("查看其所读字段的披露形式", "see the release forms of what it reads"),
        )


def _study(packs: PackSet, indicator: Indicator) -> Study:
    tables = tables_of(packs)
    return study_of(read(indicator.sql, tables, file=indicator.file, first_line=indicator.sql_line), packs)


def _not_for_tables(said: Said, todo: Said) -> TableRefused:
    return TableRefused(said, todo=todo)
