"""Tables over groups that were made before, as their events tell them, and what they forbid a further one.

Two tables that agree but for a few subjects show those by subtraction. So one question always has the same cells; over
one snapshot the population, the rules and the definitions stay; a count that differs by few from another figure's count
in the same groups is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from puhui.disclosure.complement import Place
from puhui.disclosure.group_tables import TOTAL, Cell
from puhui.disclosure.groups import GroupRules, Measure, Reason
from puhui.model.refusal import Said
from puhui.model.refusals import TableRefused

WHAT, AGAIN = "table", "table again"  # in the detail of events
_TOTAL = ""  # of totals there: no label is empty


@dataclass(frozen=True, slots=True)
class Wanted:
    """A table: an indicator's count, sum or mean by one or two others, by name. `columns` empty: by one."""

    indicator: str
    rows: str
    measure: Measure
    columns: str = ""

    @property
    def axes(self) -> frozenset[str]:
        return frozenset({self.rows, self.columns} - {""})

    def as_dict(self) -> dict[str, str]:
        """As JSON carries it."""
        return {
            "indicator": self.indicator,
            "rows": self.rows,
            "columns": self.columns,
            "measure": self.measure.value,
        }


@dataclass(frozen=True, slots=True)
class Made:
    """A table that was released. `erased`: how many subjects had been erased by then."""

    wanted: Wanted
    snapshot: int
    erased: int
    rules: GroupRules
    cells: Mapping[Place, Cell]

    @classmethod
    def of(cls, detail: Mapping[str, Any]) -> Made:
        """Out of its event."""
        asked = {**detail["table"], "measure": Measure(detail["table"]["measure"])}
        cells = {(_place(row), _place(column)): _cell(value, why) for row, column, value, why in detail["cells"]}
        return cls(Wanted(**asked), detail["snapshot"], detail["erased"], _rules(detail["rules"]), cells)

    def as_dict(self) -> dict[str, Any]:
        """As the detail of its event."""
        return {
            "what": WHAT,
            "snapshot": self.snapshot,
            "table": self.wanted.as_dict(),
            "erased": self.erased,
            "rules": rules_shown(self.rules),
            "cells": cell_rows(self.cells),
        }


def tables_of(events: Iterable[Mapping[str, Any]]) -> list[Made]:
    """The tables among some events, oldest first."""
    return [Made.of(event) for event in events if event.get("what") == WHAT]


def cell_rows(cells: Mapping[Place, Cell]) -> list[list[str | None]]:
    """The cells as lists of row, column, value and reason; totals under empty labels."""
    return [
        [
            *(_TOTAL if part == TOTAL else str(part) for part in place),
            None if cell.value is None else str(cell.value),
            str(cell.withheld or ""),
        ]
        for place, cell in cells.items()
    ]


def rules_shown(rules: GroupRules) -> dict[str, Any]:
    """The rules as JSON carries them."""
    plain = {name: getattr(rules, name) for name in GroupRules.__slots__}
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in plain.items()}


def _rules(shown: Mapping[str, Any]) -> GroupRules:
    return GroupRules(
        shown["least"], shown["largest"], Decimal(shown["share"]), Decimal(shown["percent"]), shown["anonymous"]
    )


def _place(label: str) -> Any:
    return TOTAL if label == _TOTAL else label


def _cell(value: str | None, why: str) -> Cell:
    return Cell(None if value is None else Decimal(value), Reason(why) if why else None)


def check_past(of_now: Sequence[Made], wanted: Wanted, erased: int, rules: GroupRules) -> None:
    """TableRefused where tables over this snapshot were made of other subjects, or the indicator's by other rules."""
    for one in of_now:
        same_rules = one.rules == rules or one.wanted.indicator != wanted.indicator
        if one.erased != erased or not same_rules:
            raise TableRefused(
                Said(
                    "自本快照的上一张表之后有主体被删除，或规则已变",
                    "since a table over this snapshot a subject was erased, or the rules changed",
                ),
                todo=Said("先建立新的快照", "build a new snapshot first"),
            )


def counted_alike(of_now: Sequence[Made], wanted: Wanted) -> dict[str, list[frozenset[str]]]:
    """Other indicators that were counted over this snapshot, with the attributes of their tables. A mean counts too: it
    tells how many there are to whoever knows the sum.
    """
    found: dict[str, list[frozenset[str]]] = {}
    for one in of_now if wanted.measure is not Measure.SUM else ():
        if one.wanted.measure is not Measure.SUM and one.wanted.indicator != wanted.indicator:
            found.setdefault(one.wanted.indicator, []).append(one.wanted.axes)
    return found


def check_near(
    near: Mapping[str, Mapping[Place, int]],
    alike: Mapping[str, Sequence[frozenset[str]]],
    wanted: Wanted,
    rules: GroupRules,
) -> None:
    """TableRefused where a group that both tables show has few subjects that only one of them counts.

    `near`: of each other indicator, how many those are by (row, column).
    """
    for name, places in near.items():
        shown = [axes & wanted.axes for axes in alike[name]]
        if any(0 < count < rules.least for common in shown for count in _added(places, common, wanted).values()):
            raise TableRefused(
                Said(f"与按 {name} 出具的表只差少数主体", f"it differs by few subjects from the table of {name}"),
                todo=Said("使用那张表，或建立新的快照", "use that table, or build a new snapshot"),
            )


def _added(places: Mapping[Place, int], common: frozenset[str], wanted: Wanted) -> dict[Place, int]:
    """Counts by those attributes that two tables have in common."""
    found: dict[Place, int] = {}
    for (row, column), count in places.items():
        place = (row if wanted.rows in common else TOTAL, column if wanted.columns in common else TOTAL)
        found[place] = found.get(place, 0) + count
    return found


def compared_with(made: Sequence[Made], wanted: Wanted, snapshot: int) -> int | None:
    """The newest earlier snapshot with a sum or mean of the indicator; None where this is none, or there is none."""
    if wanted.measure is Measure.COUNT:
        return None
    return max(
        (
            one.snapshot
            for one in made
            if one.wanted.indicator == wanted.indicator
            and one.wanted.measure is not Measure.COUNT
            and one.snapshot < snapshot
        ),
        default=None,
    )
