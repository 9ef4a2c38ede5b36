"""No released table, and no several tables of the same figures together, let a withheld cell be derived.

Exactly: a withheld cell is derivable where it is a linear combination of what is shown (ranks over a prime field).
Nearly: with what the reasons say of each withheld cell there are other tables that agree with all that is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from puhui.disclosure.complement import TooSparse
from puhui.disclosure.group_tables import TOTAL, Cell, Place, released, with_totals
from puhui.disclosure.groups import Group, GroupRules, Measure, Reason

PRIME = (1 << 61) - 1
RULES = GroupRules(least=5)  # few stand in a cell, so that small tables try every way
A, B, C = range(3), range(3), range(3)
ATTRIBUTES = (("a",), ("b",), ("a", "b"), ("a", "c"), ("b", "c"))
Atom = tuple[int, int, int]
Atoms = Mapping[Atom, Group]

amounts = st.one_of(st.integers(0, 30), st.integers(500, 900), st.integers(-40, 40))
sizes = st.sampled_from([0, 0, 1, 2, 4, 6, 9, 15])


@st.composite
def atoms(draw: st.DrawFn) -> Atoms:
    """Groups of subjects by three attributes: what any table adds up."""
    of = draw(st.sampled_from([st.integers(0, 30), amounts]))
    return {
        place: Group.of(Decimal(draw(of)) for _ in range(draw(sizes))) for place in product(A, B, C)
    }  # fmt: skip


def table_of(found: Atoms, axes: Sequence[str]) -> dict[Place, Group]:
    """The groups of a table by one or two of the attributes."""
    parts: dict[Place, list[Group]] = {}
    for atom, group in found.items():
        parts.setdefault(place_of(atom, axes), []).append(group)
    return {place: Group.merged(groups) for place, groups in parts.items()}


def place_of(atom: Atom, axes: Sequence[str]) -> Place:
    labels = [f"{axis}{atom['abc'.index(axis)]}" for axis in axes]
    return (labels[0], labels[1] if len(labels) == 2 else TOTAL)


def members(found: Atoms, axes: Sequence[str], place: Place) -> list[int]:
    """One for each atom that belongs to a cell or a total."""
    own = [place_of(atom, axes) for atom in found]
    return [int(all(part in (TOTAL, mine) for part, mine in zip(place, one, strict=True))) for one in own]


class Space:
    """The linear combinations of some vectors, over a prime field."""

    def __init__(self, vectors: Iterable[Sequence[int]]) -> None:
        self._rows: dict[int, list[int]] = {}  # by the place of their first one
        for vector in vectors:
            left = self._left(vector)
            if any(left):
                at = next(place for place, value in enumerate(left) if value)
                inverse = pow(left[at], -1, PRIME)
                self._rows[at] = [value * inverse % PRIME for value in left]

    def _left(self, vector: Sequence[int]) -> list[int]:
        left = list(vector)
        for at in sorted(self._rows):
            if factor := left[at]:
                left = [(one - factor * two) % PRIME for one, two in zip(left, self._rows[at], strict=True)]
        return left

    def __contains__(self, vector: Sequence[int]) -> bool:
        return not any(self._left(vector))


def known_of(found: Atoms, tables: Sequence[tuple[Sequence[str], Mapping[Place, Cell]]]) -> Space:
    """What a reader of the tables knows. A cell of nobody tells that each of its parts is nobody."""
    vectors = []
    for axes, table in tables:
        for place, cell in table.items():
            if cell.withheld is None:
                mine = members(found, axes, place)
                vectors.append(mine)
                if not any(mine[at] and group.count for at, group in enumerate(found.values())):
                    vectors += [[int(at == one) for at in range(len(mine))] for one, is_in in enumerate(mine) if is_in]
    return Space(vectors)


@pytest.mark.parametrize("measure", list(Measure))
@settings(max_examples=150, deadline=None)
@given(found=atoms())
def test_no_withheld_cell_is_a_combination_of_what_is_shown(measure: Measure, found: Atoms) -> None:
    tables: list[tuple[Sequence[str], Mapping[Place, Cell]]] = []
    for axes in ATTRIBUTES:
        try:
            tables.append((axes, released(table_of(found, axes), measure, RULES)))
        except TooSparse:
            continue
    assume(any(cell.withheld for _, table in tables for cell in table.values()))
    known = known_of(found, tables)
    for axes, table in tables:
        for place, cell in table.items():
            assert cell.withheld is None or members(found, axes, place) not in known, (axes, place)


# --- nearly ---


def other_counts(table: Mapping[Place, Group], shown: Mapping[Place, Cell], place: Place, value: int) -> bool:
    """Whether a table of counts in which that cell has another value agrees with all that is shown and every reason."""
    rows = list(dict.fromkeys(row for row, _ in table if row != TOTAL))
    columns = list(dict.fromkeys(column for _, column in table if column != TOTAL))
    return any(True for _ in _fill(table, shown, rows, columns, {place: value}, 0))


def _fill(
    table: Mapping[Place, Group],
    shown: Mapping[Place, Cell],
    rows: Sequence[Any],
    columns: Sequence[Any],
    wanted: Mapping[Place, int],
    at: int,
    above: tuple[int, ...] = (),
) -> Iterator[None]:
    """Row by row, each cell near its true value, every total as shown or within its reason."""
    if at == len(rows):
        if all(_may_be(shown[TOTAL, c], wanted.get((TOTAL, c)), n) for c, n in zip(columns, above, strict=True)):
            yield
        return
    row = rows[at]
    choices = []
    for column in columns:
        true = table[row, column].count
        tries = range(max(0, true - 3), true + 4) if shown[row, column].withheld else [true]
        choices.append([n for n in tries if _may_be(shown[row, column], wanted.get((row, column)), n)])
    sums = above or (0,) * len(columns)
    for one in product(*choices):
        if _may_be(shown[row, TOTAL], wanted.get((row, TOTAL)), sum(one)):
            added = tuple(a + b for a, b in zip(sums, one, strict=True))
            yield from _fill(table, shown, rows, columns, wanted, at + 1, added)


def _may_be(cell: Cell, wanted: int | None, count: int) -> bool:
    if wanted is not None and count != wanted:
        return False
    if cell.withheld is Reason.FEW:
        return 0 < count < RULES.least
    return count >= RULES.least if cell.withheld else cell.value == count


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(
        st.lists(st.sampled_from([0, 1, 2, 3, 4, 6, 9, 15]), min_size=3, max_size=3), min_size=2, max_size=3
    )
)
def test_a_small_count_may_be_another_by_all_that_is_known(counts: list[list[int]]) -> None:
    groups = {(f"a{r}", f"b{c}"): Group.of([Decimal(1)] * n) for r, row in enumerate(counts) for c, n in enumerate(row)}
    try:
        shown = released(groups, Measure.COUNT, RULES)
    except TooSparse:
        assume(False)
        return
    small = [place for place, cell in shown.items() if cell.withheld is Reason.FEW]
    assume(small)
    table = with_totals(groups)
    for place in small:
        near = (table[place].count + 1, table[place].count - 1)
        assert any(0 < other < RULES.least and other_counts(table, shown, place, other) for other in near), place
