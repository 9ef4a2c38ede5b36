"""What follows for an indicator from the columns it touches: grade, gate and release forms.

The highest grade, the strictest gate and the intersection of the release forms of everything touched: projections,
filters, joins, groups, orders and windows alike, in every CTE. See docs/how-to/explain-a-refusal.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

from puhui.disclosure.gates import KINDS_ABOUT, gate_of_field, gate_of_rows, strictest
from puhui.disclosure.releases import ALL, forms_left
from puhui.packs import forms
from puhui.packs.forms import KINDS, Gate
from puhui.packs.packset import PackSet
from puhui.packs.sql import Reading
from puhui.packs.sql_tables import field_of
from puhui.packs.sql_ties import Ties, ties_of
from puhui.packs.sql_touches import ROWS, How, Touch, outward, touches_of


@dataclass(frozen=True, slots=True)
class Seen:
    """One touch with what the catalogue says of it. No `field`: the rows, or the subject that a row is about.

    `far`: about another subject than the figure's. `out`: it flows into the value. `counts`: read through a relation
    whose aggregate gate holds, because nothing but counts by the figure's subject comes of it.
    """

    touch: Touch
    resource: forms.Resource
    field: forms.Field | None
    far: bool
    out: bool
    counts: forms.RelationGate | forms.AggregateGate | None

    @property
    def column(self) -> str:
        return f"{self.resource.name}.{self.field.name if self.field is not None else ROWS}"

    @property
    def grade(self) -> forms.Grade:
        return self.field.grade if self.field is not None else self.resource.grade

    @property
    def use(self) -> forms.Use:
        return self.field.use if self.field is not None else self.resource.use

    @property
    def released(self) -> frozenset[str]:
        """What the catalogue (or the aggregate gate) lets out; the rows themselves may be counted."""
        if self.counts is not None:
            return frozenset(self.counts.forms)
        return frozenset(self.field.release) if self.field is not None else frozenset({"count", "flag"})

    @property
    def leaves(self) -> frozenset[str]:
        """The forms in which the figure may leave, as far as this touch goes."""
        return ALL if self.field is None and self.counts is None else forms_left(self.released, self.touch.how)

    def gate(self, purpose: str, kind: str) -> Gate:
        """The gate for a purpose class and the kind of the figure's subject."""
        if self.counts is not None:
            return self.counts.gate
        kinds = KINDS_ABOUT.get(self.resource.about, KINDS) if self.far else (kind,)
        return strictest(self._gate(purpose, one) for one in kinds)

    def _gate(self, purpose: str, kind: str) -> Gate:
        if self.field is not None:
            return gate_of_field(self.field, purpose, kind)
        return gate_of_rows(self.resource, purpose, kind)


@dataclass(frozen=True, slots=True)
class Study:
    """An indicator's SQL against the catalogue, for any purpose and kind."""

    reading: Reading
    seen: tuple[Seen, ...]
    ties: Ties

    @property
    def grade(self) -> str:
        return max((seen.grade for seen in self.seen), default="G1")

    @property
    def releases(self) -> frozenset[str]:
        return reduce(frozenset.intersection, (seen.leaves for seen in self.seen), ALL)

    def gate(self, purpose: str, kind: str) -> Gate:
        return strictest(seen.gate(purpose, kind) for seen in self.seen)

    def gates_by_item(self, purpose: str, kinds: Iterable[str]) -> dict[str, Gate]:
        """The strictest gate per catalogue item, over some kinds of subject."""
        found: dict[str, Gate] = {}
        for kind in kinds:
            for seen in self.seen:
                item = seen.resource.item_id
                found[item] = strictest((found.get(item, "public"), seen.gate(purpose, kind)))
        return found


@dataclass(frozen=True, slots=True)
class Derived:
    """What the policy derives for one purpose class and one kind of subject."""

    purpose: str
    kind: str
    grade: str
    gate: Gate
    releases: frozenset[str]
    seen: tuple[Seen, ...]


def derive(reading: Reading, packs: PackSet, purpose: str, kind: str) -> Derived:
    """Grade, gate and release forms of an indicator for a purpose class and a kind of subject."""
    study = study_of(reading, packs)
    return Derived(purpose, kind, study.grade, study.gate(purpose, kind), study.releases, study.seen)


def study_of(reading: Reading, packs: PackSet) -> Study:
    """The touches of a reading with their fields. Tables and columns that are not declared are left out."""
    ties = ties_of(reading)
    out = {(flow.at, flow.name, flow.how, flow.line) for flow in outward(reading)}
    touches = touches_of(reading)
    counted = frozenset(_counted(touches, out))
    seen: list[Seen] = []
    for touch in touches:
        one = _seen(touch, packs, ties, (touch.at, touch.name, touch.how, touch.line) in out, counted)
        if one is not None:
            seen.append(one)
    return Study(reading, tuple(seen), ties)


def _counted(touches: Iterable[Touch], out: set[tuple[tuple[int, str], str, How, int]]) -> Iterator[tuple[int, str]]:
    """The FROM items of which nothing but counts and yes/no reaches the value."""
    told = {at for at, _, how, _ in out if how not in (How.COUNT, How.FLAG)}
    yield from ({touch.at for touch in touches} - told)


def _seen(touch: Touch, packs: PackSet, ties: Ties, out: bool, counted: frozenset[tuple[int, str]]) -> Seen | None:
    relation = packs.relations.get(touch.table)
    resource = packs.resources.get(relation.from_ if relation is not None else touch.table)
    if resource is None:
        return None
    field = None if touch.end or touch.name == ROWS else field_of(resource, touch.name)
    if field is None and not (touch.end or touch.name in (ROWS, "period")):
        return None  # an unknown column: told by the reading
    far = touch.at in ties.far
    grouped = far and touch.at in ties.near and touch.at in counted
    counts = aggregate_gate(relation, resource) if grouped else None
    return Seen(touch, resource, field, far, out, counts)


def aggregate_gate(
    relation: forms.Relation | None, resource: forms.Resource
) -> forms.RelationGate | forms.AggregateGate | None:
    """The gate for counts through a relation: its own, or that of the resource for grouping by the near end."""
    if relation is None:
        return None
    if relation.aggregate_gate is not None:
        return relation.aggregate_gate
    held = resource.aggregate_gate
    return held if held is not None and held.by == relation.subject else None
