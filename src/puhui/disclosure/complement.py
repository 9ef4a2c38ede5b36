"""Complementary suppression: what else a table withholds, so that nobody learns a withheld cell from its totals.

Promise: to whoever knows all that is shown, and why each other cell is withheld, a sensitive cell may still be larger
or smaller by as much as was asked. So no sensitive cell can be derived exactly, nor between bounds that are too narrow.

How. Cells are the edges of a graph whose nodes are the lines of the table, rows and columns. Totals are fixed, so a
cell may only move together with others along a cycle, those at each node in turn up and down. For each sensitive cell
the cheapest cycles are looked for, through cells that are withheld already (free) or are to be (at their weight), until
it can move as far as its range asks. Taking out the smallest cell of each line, as is often done, protects nothing: see
`tests/unit/test_disclosure_groups.py`. Source of the model: Cox 1980 (Suppression methodology and statistical
disclosure control), Fischetti and Salazar 1999 (cell suppression with general tables), on paths instead of a program.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from heapq import heappop, heappush

Node = Hashable
Place = tuple[Hashable, Hashable]  # row, column
INFINITE = Decimal("Infinity")


@dataclass(slots=True)
class Edge:
    """One cell: what it is, and between what a reader knows it to lie once it is withheld. `weight`: what withholding
    it costs; 0 where it is withheld. `fixed`: it is shown whatever happens.
    """

    value: Decimal
    low: Decimal
    high: Decimal
    weight: Decimal = Decimal(0)
    fixed: bool = False

    def room(self, up: bool) -> Decimal:
        return Decimal(0) if self.fixed else self.high - self.value if up else self.value - self.low


@dataclass(frozen=True, slots=True)
class Asked:
    """How far a cell should be able to move, and how far it must, up and down together."""

    up: Decimal
    down: Decimal
    both: Decimal


class TooSparse(Exception):
    """Nothing that could still be withheld protects a cell."""


def protect(
    edges: Mapping[Place, Edge], place: Place, asked: Asked, barred: frozenset[Place] = frozenset()
) -> set[Place]:
    """The cells to withhold so that `place` may move as far as is asked; these are free from then on.

    `barred`: cells that must not move for it. Raises TooSparse.
    """
    above, up = _moved(edges, place, asked.up, True, barred)
    below, down = _moved(edges, place, asked.down, False, barred)
    if up + down < asked.both:
        raise TooSparse
    for one in above | below:
        edges[one].weight = Decimal(0)
    return above | below


def _moved(
    edges: Mapping[Place, Edge], place: Place, amount: Decimal, raised: bool, barred: frozenset[Place]
) -> tuple[set[Place], Decimal]:
    """The cells that move when `place` does, and how far it can, at most by the amount."""
    moved: dict[Place, Decimal] = {}
    left = amount
    while left > 0 and (path := _cheapest(edges, moved, place, raised, barred)):
        step = min([left, *(_room(edges, moved, one, up) for one, up in path)])
        for one, up in path:
            moved[one] = moved.get(one, Decimal(0)) + (step if up else -step)
        left -= step
    return set(moved), amount - left


def _cheapest(
    edges: Mapping[Place, Edge], moved: Mapping[Place, Decimal], place: Place, raised: bool, barred: frozenset[Place]
) -> list[tuple[Place, bool]]:
    """The cells of the cheapest path from the row of `place` to its column, each with whether it goes up; or none.

    From a row to a column a cell moves against `place`, back from a column to a row with it (Dijkstra).
    """
    by_row, by_column = _lines(edges, place, barred)
    start, goal = ("row", place[0]), ("column", place[1])
    best: dict[tuple[str, Node], tuple[Decimal, int]] = {start: (Decimal(0), 0)}
    came: dict[tuple[str, Node], tuple[tuple[str, Node], Place, bool]] = {}
    queue: list[tuple[Decimal, int, int, tuple[str, Node]]] = [(Decimal(0), 0, 0, start)]
    tie = 0
    while queue:
        cost, length, _, node = heappop(queue)
        if node == goal:
            return _path(came, start, goal)
        if best[node] < (cost, length):
            continue
        out, up = (by_row, not raised) if node[0] == "row" else (by_column, raised)
        for one in out.get(node[1], ()):
            if _room(edges, moved, one, up) <= 0:
                continue
            further = ("column", one[1]) if node[0] == "row" else ("row", one[0])
            price = (cost + (Decimal(0) if one in moved else edges[one].weight), length + 1)
            if further not in best or price < best[further]:
                best[further], came[further] = price, (node, one, up)
                tie += 1
                heappush(queue, (*price, tie, further))
    return []


def _lines(
    edges: Mapping[Place, Edge], place: Place, barred: frozenset[Place]
) -> tuple[dict[Node, list[Place]], dict[Node, list[Place]]]:
    by_row: dict[Node, list[Place]] = {}
    by_column: dict[Node, list[Place]] = {}
    for one, edge in edges.items():
        if one != place and one not in barred and not edge.fixed:
            by_row.setdefault(one[0], []).append(one)
            by_column.setdefault(one[1], []).append(one)
    return by_row, by_column


def _path(
    came: Mapping[tuple[str, Node], tuple[tuple[str, Node], Place, bool]],
    start: tuple[str, Node],
    goal: tuple[str, Node],
) -> list[tuple[Place, bool]]:
    path, node = [], goal
    while node != start:
        node, one, up = came[node]
        path.append((one, up))
    return path[::-1]


def _room(edges: Mapping[Place, Edge], moved: Mapping[Place, Decimal], one: Place, up: bool) -> Decimal:
    """How far a cell may still go in a direction."""
    gone = moved.get(one, Decimal(0))
    return edges[one].room(up) + (-gone if up else gone)
