"""A table over groups of subjects, with totals, of which no cell shows somebody, by itself or by subtraction.

Promises. What is shown keeps the rules of `groups`; what is withheld could be more and less by some, whatever is known
of all other cells (`complement`). The totals of a table with two attributes show and withhold just what the tables of
one attribute do, so that tables of the same figures agree with each other. The same groups give the same table.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from puhui.disclosure.complement import INFINITE, Asked, Edge, Place, TooSparse, protect
from puhui.disclosure.groups import Group, GroupRules, Measure, Reason, withheld_count, withheld_sum

TOTAL: Hashable = ("total",)  # the place of totals, at both attributes; no text, so no value is called the same
MEAN_DIGITS = Decimal("0.01")
_BLUR = 5  # a withheld count may be more or less by a fifth of the least that is shown
Hidden = dict[Place, Reason]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a released table. Neither value nor reason: a mean over nobody."""

    value: Decimal | None
    withheld: Reason | None = None


def released(groups: Mapping[Place, Group], measure: Measure, rules: GroupRules) -> dict[Place, Cell]:
    """The table with its totals. Groups stand at (row, column); at (row, TOTAL) where there is one attribute only.

    Raises TooSparse where it cannot be shown without showing somebody.
    """
    table = with_totals(groups)
    hidden = hidden_in(table, measure, rules)
    return {place: Cell(None, hidden[place]) if place in hidden else _shown(group, measure)
            for place, group in table.items()}  # fmt: skip


def with_totals(groups: Mapping[Place, Group]) -> dict[Place, Group]:
    """The groups, one for each pair of a row and a column that occur, and those of the totals."""
    rows = list(dict.fromkeys(row for row, _ in groups))
    columns = list(dict.fromkeys(column for _, column in groups))
    table = {(row, column): groups.get((row, column), Group()) for row in rows for column in columns}
    if columns != [TOTAL]:
        for row in rows:
            table[row, TOTAL] = Group.merged(table[row, column] for column in columns)
    for column in dict.fromkeys((*columns, TOTAL)):
        table[TOTAL, column] = Group.merged(table[row, column] for row in rows)
    return table


def hidden_in(table: Mapping[Place, Group], measure: Measure, rules: GroupRules) -> Hidden:
    """What is withheld of a table with totals, and why. A mean is withheld where its sum or its count is."""
    if measure is not Measure.MEAN:
        return _hidden(table, measure, rules)
    return _hidden(table, Measure.COUNT, rules) | _hidden(table, Measure.SUM, rules)


def _shown(group: Group, measure: Measure) -> Cell:
    if measure is Measure.COUNT:
        return Cell(Decimal(group.count))
    if measure is Measure.SUM:
        return Cell(group.total)
    return Cell((group.total / group.count).quantize(MEAN_DIGITS, ROUND_HALF_EVEN) if group.count else None)


def _hidden(table: Mapping[Place, Group], measure: Measure, rules: GroupRules) -> Hidden:
    """Of counts, or of sums."""
    weighed = _Weighed(measure, rules, signed=any(group.negative for group in table.values()))
    if weighed.sensitive(table[TOTAL, TOTAL]):
        raise TooSparse
    rows = _line({place: group for place, group in table.items() if place[1] == TOTAL != place[0]}, weighed)
    columns = _line({place: group for place, group in table.items() if place[0] == TOTAL != place[1]}, weighed)
    return _grid(table, weighed, rows | columns)


@dataclass(frozen=True, slots=True)
class _Weighed:
    """What is measured, and by which rules. `signed`: there are amounts below zero."""

    measure: Measure
    rules: GroupRules
    signed: bool

    def sensitive(self, group: Group) -> Reason | None:
        return (withheld_count if self.measure is Measure.COUNT else withheld_sum)(group, self.rules)

    def blur(self, group: Group) -> Decimal:
        """By how much the value of a sensitive group may not be known."""
        if self.measure is Measure.COUNT:
            return Decimal(max(1, self.rules.least // _BLUR))
        return max(Decimal(1), group.top[0] * self.rules.percent)

    def edge(self, group: Group, reason: Reason | None) -> Edge:
        """The group as a cell that may be withheld for that reason, or as a complement. Of nobody: always shown."""
        fixed = not group.count
        if self.measure is Measure.COUNT:
            few = reason is Reason.FEW
            low, high = (1, Decimal(self.rules.least - 1)) if few else (self.rules.least, INFINITE)
            return Edge(Decimal(group.count), Decimal(low), high, Decimal(0 if reason else group.count), fixed)
        weight = Decimal(0) if reason else group.size + 1
        return Edge(group.total, -INFINITE if self.signed else Decimal(0), INFINITE, weight, fixed)

    def asked(self, group: Group, edge: Edge) -> Asked:
        """How far a sensitive cell must be able to move. A count between few others has not always both ways."""
        blur = self.blur(group)
        up, down = min(blur, edge.room(True)), min(blur, edge.room(False))
        return Asked(up, down, blur if self.measure is Measure.COUNT else up + down)


def _line(cells: Mapping[Place, Group], weighed: _Weighed) -> Hidden:
    """Of one line of totals, whose own total is shown: the sensitive ones, and the smallest other one that could take
    from and give to each of them.
    """
    hidden: Hidden = {place: reason for place, group in cells.items() if (reason := weighed.sensitive(group))}
    if hidden:
        need = max(weighed.blur(cells[place]) for place in hidden)
        edges = {place: weighed.edge(group, None) for place, group in cells.items() if place not in hidden}
        able = [place for place, edge in edges.items() if edge.room(False) >= need and edge.room(True) >= need]
        if not able:
            raise TooSparse
        hidden[min(able, key=lambda place: (edges[place].weight, str(place)))] = Reason.COMPLEMENT
    return hidden


def _grid(table: Mapping[Place, Group], weighed: _Weighed, totals: Hidden) -> Hidden:
    """Of the whole table, once it is settled which totals are withheld."""
    inner = [place for place in table if TOTAL not in place]
    hidden = totals | {place: reason for place in inner if (reason := weighed.sensitive(table[place]))}
    if not inner:
        return hidden
    edges = {place: weighed.edge(table[place], hidden.get(place)) for place in inner}
    edges |= {place: _mirrored(weighed.edge(table[place], totals[place])) for place in totals}
    for place in _in_turn(hidden, table):
        others = frozenset(_not_to_move(place, totals))
        taken = protect(edges, place, weighed.asked(table[place], edges[place]), others)
        hidden |= {one: Reason.COMPLEMENT for one in taken if one not in hidden}
    return hidden


def _mirrored(edge: Edge) -> Edge:
    """A total, which stands with the other sign in its line."""
    return Edge(-edge.value, -edge.high, -edge.low, edge.weight, edge.fixed)


def _in_turn(hidden: Hidden, table: Mapping[Place, Group]) -> Sequence[Place]:
    """The sensitive cells, the largest first: what protects them serves the smaller ones too."""
    sensitive = [place for place, reason in hidden.items() if reason is not Reason.COMPLEMENT]
    return sorted(sensitive, key=lambda place: (-table[place].size, -table[place].count, str(place)))


def _not_to_move(place: Place, totals: Hidden) -> list[Place]:
    """The withheld totals that stay for this cell's sake: of sensitive lines other than its own. So each line's total
    can move against its complement's alone, and tables with different second attributes have a move in common.
    """
    own = ((place[0], TOTAL), (TOTAL, place[1]))
    return [one for one, reason in totals.items() if reason is not Reason.COMPLEMENT and one not in own]
