"""Officers' statistics: a figure over all subjects of a snapshot, grouped by one or two others, nobody shown.

Promises. Each table is recorded (`access.by-staff`) with its cells before it is shown: asked again it is the same,
whatever happened meanwhile. There are no filters, so no two tables differ by a few chosen subjects; what differs by few
nevertheless is refused (`statistics_past`) or, where few changed since an earlier snapshot's table, withheld.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date

from puhui.desk.grouping import Tally, Way, way_of
from puhui.desk.looks import ACCESS, check_reason
from puhui.desk.refused import by_officer
from puhui.desk.roles import check_may_propose
from puhui.desk.rooms import DeskRooms
from puhui.desk.statistics_past import (
    AGAIN,
    Made,
    Wanted,
    check_near,
    check_past,
    compared_with,
    counted_alike,
    tables_of,
)
from puhui.disclosure.complement import Place, TooSparse
from puhui.disclosure.group_tables import Cell, released, with_totals
from puhui.disclosure.groups import Group, GroupRules, rules_at
from puhui.indicators.store import FiguresReader
from puhui.model.refusal import Said
from puhui.model.refusals import NoSnapshot, TableRefused
from puhui.subjects.erase import erased_tokens

ACT = "make-table"
MOST_CELLS = 2_000
LEASE = "-group-tables"  # no table can be named so


@dataclass(frozen=True, slots=True)
class GroupTable:
    """A released table. Cells stand at (row, column), totals at TOTAL; of one attribute all in TOTAL's column."""

    wanted: Wanted
    snapshot: int
    as_of: date
    unit: str
    cells: Mapping[Place, Cell]
    rules: GroupRules


@by_officer(ACT)
def make_table(rooms: DeskRooms, wanted: Wanted, *, by: str, reason: str) -> GroupTable:
    """The table over the current snapshot. Raises NotAllowed, UnknownName, NoSnapshot, TableRefused, Busy."""
    check_reason(by, reason)
    check_may_propose(rooms.officers, ACT, by=by)
    way = way_of(rooms.packs, wanted)
    with rooms.service.lease(LEASE), closing(rooms.figures.reader(rooms.figures.current())) as reader:
        way.check_defined(rooms.packs, reader.snapshot)
        made, again = _made(rooms, way, reader)
        told = {"what": AGAIN, "snapshot": made.snapshot, "table": made.wanted.as_dict()} if again else made.as_dict()
        rooms.register.event(ACCESS, by, rooms.now(), {"reason": reason, **told})
        cells, asked = made.cells, made.wanted
        if way.turned:
            cells = {(column, row): cell for (row, column), cell in cells.items()}
            asked = replace(asked, rows=asked.columns, columns=asked.rows)
        return GroupTable(asked, made.snapshot, reader.snapshot.as_of, way.counted.unit, cells, made.rules)


def _made(rooms: DeskRooms, way: Way, reader: FiguresReader) -> tuple[Made, bool]:
    """The table, and whether it was made before."""
    made, number, wanted = tables_of(rooms.register.events(ACCESS)), reader.snapshot.number, way.wanted
    of_now = [one for one in made if one.snapshot == number]
    if before := next((one for one in of_now if one.wanted == wanted), None):
        return before, True
    erased, rules = frozenset(erased_tokens(rooms.vault)), rules_at(rooms.packs, rooms.now().date())
    rules = rules.of_persons() if way.persons else rules
    check_past(of_now, wanted, len(erased), rules)
    alike = counted_alike(of_now, wanted)
    tally = Tally(way, erased, tuple(alike))
    groups = tally.groups(reader)
    check_near(tally.near, alike, wanted, rules)
    _mark_changed(rooms, tally, groups, reader, compared_with(made, wanted, number))
    return Made(wanted, number, len(erased), rules, _cells(groups, wanted, rules)), False


def _mark_changed(
    rooms: DeskRooms, tally: Tally, groups: dict[Place, Group], reader: FiguresReader, earlier: int | None
) -> None:
    """How many of each group are not as they were in the snapshot of an earlier table, as long as that is kept."""
    if earlier is None:
        return
    try:
        old = rooms.figures.reader(earlier)
    except NoSnapshot:
        return
    with closing(old):
        for place, changed in tally.changed(old, reader).items():
            groups.setdefault(place, Group()).changed = changed


def _cells(groups: Mapping[Place, Group], wanted: Wanted, rules: GroupRules) -> Mapping[Place, Cell]:
    if not groups or len(with_totals(groups)) > MOST_CELLS:
        raise TableRefused(
            Said("没有可统计的主体，或单元格过多", "there is nobody to count, or there are too many cells"),
            todo=Said("换一个指标，或换较粗的分组", "take another indicator, or coarser groups"),
        )
    try:
        return released(groups, wanted.measure, rules)
    except TooSparse:
        raise TableRefused(
            Said("单元格太少或太小，隐去后仍可推算出个体", "the cells are too few or too small to hide anybody in"),
            todo=Said("换较粗的分组，或只按一个指标分组", "take coarser groups, or group by one indicator only"),
        ) from None
