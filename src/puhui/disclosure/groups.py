"""Outputs over groups of subjects: a cell is shown only if enough stand in it and none of them dominates.

Defaults of ACRO (github.com/AI-SDC/ACRO, `default.yaml`): at least 10 contributors, the two largest at most 90 % of a
sum, and the p % rule with p = 10: the second largest contributor cannot estimate the largest within a tenth.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class GroupRules:
    """`least`: contributors in a cell; `largest`, `share`: NK rule; `percent`: the p % rule."""

    least: int = 10
    largest: int = 2
    share: Decimal = Decimal("0.9")
    percent: Decimal = Decimal("0.1")
    anonymous: int = 5  # persons: rows that agree in the quasi-identifiers


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: its sum, or why it is withheld (`few`, `dominated`, `p-percent`)."""

    total: Decimal | None
    withheld: str = ""


def cell(amounts: Sequence[Decimal], rules: GroupRules = GroupRules()) -> Cell:
    """The sum over one group's amounts, one per subject, if it shows nobody."""
    if len(amounts) < rules.least:
        return Cell(None, "few")
    ordered = sorted((abs(amount) for amount in amounts), reverse=True)
    total = sum(ordered, Decimal(0))
    if total and sum(ordered[: rules.largest], Decimal(0)) > total * rules.share:
        return Cell(None, "dominated")
    rest = total - sum(ordered[:2], Decimal(0))
    if total and rest < ordered[0] * rules.percent:
        return Cell(None, "p-percent")
    return Cell(sum(amounts, Decimal(0)))


def count_cell(count: int, rules: GroupRules = GroupRules()) -> Cell:
    """A count of subjects, withheld below the threshold; none at all shows nobody."""
    return Cell(Decimal(count)) if count == 0 or count >= rules.least else Cell(None, "few")


def complementary(table: Mapping[tuple[Hashable, Hashable], Cell]) -> set[tuple[Hashable, Hashable]]:
    """The cells to withhold as well, so that no row or column of a table with totals gives one away by subtraction.

    Wherever just one cell of a row or column is withheld, the smallest other one goes too, until nothing changes.
    """
    hidden = {place for place, one in table.items() if one.total is None}
    before: set[tuple[Hashable, Hashable]] = set()
    extra: set[tuple[Hashable, Hashable]] = set()
    while before != hidden:
        before = set(hidden)
        for axis in (0, 1):
            for line in {place[axis] for place in table}:
                cells = [place for place in table if place[axis] == line]
                gone = [place for place in cells if place in hidden]
                shown = [place for place in cells if place not in hidden]
                if len(gone) == 1 and shown:
                    least = min(shown, key=lambda place: (table[place].total or Decimal(0), str(place)))
                    hidden.add(least)
                    extra.add(least)
    return extra


def is_anonymous(rows: Sequence[Sequence[Hashable]], rules: GroupRules = GroupRules()) -> bool:
    """Whether each combination of quasi-identifiers in a table of persons occurs often enough (k-anonymity)."""
    seen: dict[tuple[Hashable, ...], int] = {}
    for row in rows:
        seen[tuple(row)] = seen.get(tuple(row), 0) + 1
    return all(count >= rules.anonymous for count in seen.values())
