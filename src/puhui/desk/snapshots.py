"""Build a snapshot: choose the editions known then, bring the relations up to them, compute, swap under readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from time import perf_counter

from puhui.desk.relations import refresh
from puhui.desk.rooms import DeskRooms
from puhui.indicators.build import Editions, build
from puhui.indicators.compile import Plan, compile_plan
from puhui.model.delivery import Edition
from puhui.model.figures import Snapshot

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
    """Build the next snapshot and make it current. Every stop on the way leaves the last one in place."""
    started = perf_counter()
    now = rooms.now()
    known = known_at or now
    plan = compile_plan(rooms.packs, as_of)
    editions = _editions(plan, rooms.register.editions_at(known), rooms)
    worker = rooms.open_engine(engine)
    try:
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
    finally:
        worker.close()
    rooms.figures.activate(snapshot.number)
    seconds = round(perf_counter() - started, 3)
    rooms.register.list_snapshot(snapshot, seconds)
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
                found[name] = (known[name], rooms.lake.files(name, known[name].version))
        elif relation.from_ in known:
            edition = refresh(relation, known[relation.from_], rooms)
            found[name] = (edition, rooms.service.files(name, edition.version))
    return found
