"""Build a snapshot: choose the editions known then, bring the relations up to them, compute, swap under readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from time import perf_counter

from puhui.desk.editions import readable
from puhui.desk.endings import end_the_ended
from puhui.desk.relations import refresh
from puhui.desk.rooms import DeskRooms
from puhui.indicators.build import Editions, build
from puhui.indicators.compile import Plan, compile_plan
from puhui.model.delivery import Edition
from puhui.model.figures import Snapshot

LEASE = "-snapshots"  # no table can be named so
KEEP = 5  # snapshots that stay readable; those that answers name are pinned later


@dataclass(frozen=True, slots=True)
class Built:
    """A built snapshot and how long it took."""

    snapshot: Snapshot
    seconds: float


def build_snapshot(
    rooms: DeskRooms,
    as_of: date,
    *,
    known_at: datetime | None = None,
    engine: str = "duckdb",
    progress: Callable[[int, int], None] | None = None,
) -> Built:
    """Build the next snapshot and make it current. Every stop on the way leaves the last one in place.

    Raises Busy while another process builds one, Redacted where an edition of that time can no longer be read.
    """
    with rooms.service.lease(LEASE):
        return _build(rooms, as_of, known_at, engine, progress)


def _build(
    rooms: DeskRooms,
    as_of: date,
    known_at: datetime | None,
    engine: str,
    progress: Callable[[int, int], None] | None,
) -> Built:
    started = perf_counter()
    now = rooms.now()
    known = min(known_at or now, now)  # what is known later is not known yet
    plan = compile_plan(rooms.packs, as_of)
    editions = _editions(plan, rooms.register.editions_at(known), rooms)
    with rooms.scratch() as scratch, closing(rooms.open_engine(engine, scratch.folder)) as worker:
        snapshot = build(
            plan,
            editions,
            worker,
            rooms.figures,
            number=_next_number(rooms),
            known_at=known,
            built_at=now,
            buckets=rooms.buckets,
            progress=progress,
        )
    seconds = round(perf_counter() - started, 3)
    rooms.register.list_snapshot(snapshot, seconds)
    end_the_ended(rooms)  # before its figures are shown: nobody asks by the letter of a subject that has ended
    rooms.figures.activate(snapshot.number)
    rooms.figures.prune(keep=KEEP)
    return Built(snapshot, seconds)


def _next_number(rooms: DeskRooms) -> int:
    listed = [int(row["snapshot"]) for row in rooms.register.snapshots()]
    return 1 + max([*listed, *rooms.figures.numbers()], default=0)


def _editions(plan: Plan, known: Mapping[str, Edition], rooms: DeskRooms) -> Editions:
    """Source → edition and files, of all sources of the plan that were known."""
    found = {}
    for name in plan.sources:
        relation = rooms.packs.relations.get(name)
        if relation is None:
            if name in known:
                found[name] = (readable(known[name]), rooms.lake.files(name, known[name].version))
        elif relation.from_ in known:
            edition = refresh(relation, readable(known[relation.from_]), rooms)
            found[name] = (edition, rooms.service.files(name, edition.version))
    return found
