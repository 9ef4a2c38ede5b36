"""Builds a snapshot: all figures of all subjects, bucket by bucket, from named editions, seen at once or never.

The story: queries over a range of buckets → the universe of subjects → values laid beside them → packed
rows → the store. What a kill leaves is gone on with (same plan, same editions) or removed by the next build.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from puhui.indicators.assemble import assemble
from puhui.indicators.columns import stored
from puhui.indicators.compile import Compiled, Plan, scan_name
from puhui.indicators.engine import Buckets, Engine, Table
from puhui.indicators.layout import Layout, Slot
from puhui.indicators.rows import packed
from puhui.indicators.sources import Source
from puhui.indicators.store import FiguresStore, FiguresWriter
from puhui.model.delivery import AGAIN, Edition, EditionFile
from puhui.model.figures import Definition, Snapshot
from puhui.model.time import month_ends_in, months_back, period_of

Editions = Mapping[str, tuple[Edition, Sequence[EditionFile]]]
Progress = Callable[[int, int], None]  # buckets done, buckets in all
Answer = tuple[Buckets, Mapping[str, pa.Table]]
ROWS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Work:
    """A plan over its editions: what is asked of the engine, and how answers lie in the snapshot."""

    plan: Plan
    layout: Layout
    tables: Mapping[str, Table]
    queries: Mapping[str, str]
    editions: tuple[tuple[str, int], ...]
    buckets: int


def build(
    plan: Plan,
    editions: Editions,
    engine: Engine,
    store: FiguresStore,
    *,
    number: int,
    known_at: datetime,
    built_at: datetime,
    buckets: int = 16,
    progress: Progress | None = None,
) -> Snapshot:
    """Build, publish and return snapshot `number`. Sources without an edition leave their indicators absent."""
    work = prepare(plan, editions, buckets)
    writer = store.begin(number, fingerprint(work, engine.name))
    try:
        _fill(work, engine, writer, progress)
        snapshot = Snapshot(
            number=number,
            as_of=plan.as_of,
            known_at=known_at,
            pack_set=plan.pack_set,
            engine=engine.name,
            built_at=built_at,
            subjects=writer.subjects,
            definitions=_definitions(work),
            editions=work.editions,
        )
        writer.publish(snapshot, work.layout)
    finally:
        writer.close()
    return snapshot


def _fill(work: Work, engine: Engine, writer: FiguresWriter, progress: Progress | None) -> None:
    # closed before the caller can close the engine: an answer may still be on its way
    with closing(_answers(work, engine, writer.done)) as answers:
        for span, results in answers:
            batch = assemble(work.plan, work.layout, results, work.buckets)
            writer.put(span, packed(batch, work.layout))
            if progress is not None:
                progress(span.high + 1, work.buckets)


def prepare(plan: Plan, editions: Editions, buckets: int = 16) -> Work:
    """Which queries run over which files; indicators of a source without an edition run nowhere."""
    held = {name: editions[name] for name in plan.sources if name in editions}
    tables = {name: _table(source, held, plan) for name, source in plan.sources.items()}
    queries = {
        scan_name(name): plan.scans[name].sql(conflicts=edition.conflicts > 0) for name, (edition, _) in held.items()
    }
    layout = layout_of(plan, held)
    for one, slot in zip(plan.indicators, layout.slots, strict=True):
        if one.name in plan.alone and _runs(one, slot, held):
            queries[one.name] = plan.alone[one.name]
    numbers = tuple((name, edition.number) for name, (edition, _) in sorted(held.items()))
    return Work(plan, layout, tables, queries, numbers, buckets)


def _table(source: Source, held: Editions, plan: Plan) -> Table:
    """The table of a source; without an edition it has no rows."""
    if source.name not in held:
        return Table(source, (), "")
    edition, files = held[source.name]
    once = f"conflict < {AGAIN}" if edition.conflicts else ""
    return Table(source, files, " AND ".join(filter(None, (source.in_force(plan.as_of), once))))


def _runs(one: Compiled, slot: Slot, held: Mapping[str, object]) -> bool:
    complete = slot.coverage is None or slot.coverage[0] >= slot.coverage[1]
    alternatives = not one.either or any(name in held for name in one.either)
    return complete and alternatives and all(name in held for name in one.reads if name not in one.either)


def layout_of(plan: Plan, held: Editions) -> Layout:
    """The order of sources and indicators, and the months that the editions hold of each window."""
    names = list(plan.sources)
    slots = [
        Slot(
            name=one.name,
            type=one.type.name,
            scale=one.type.scale,
            kinds="".join(sorted(kind.letter for kind in one.subjects)),
            reads=[names.index(name) for name in one.reads],
            either=[names.index(name) for name in one.reads if name in one.either],
            empty=stored(one.empty, one.type),
            coverage=coverage(one, plan, held),
        )
        for one in plan.indicators
    ]
    return Layout(
        sources=names,
        complete=["".join(sorted(kind.letter for kind in plan.sources[name].complete)) for name in names],
        delivered=[name in held for name in names],
        slots=slots,
    )


def coverage(one: Compiled, plan: Plan, held: Editions) -> tuple[int, int] | None:
    """Months held and asked, of the source that holds fewest; None where no source is delivered by the month."""
    if one.window is None:
        return None
    wanted = {period_of(end, "month") for end in month_ends_in(months_back(plan.as_of, one.window), plan.as_of)}
    counts = [
        len(wanted & frozenset(held[name][0].periods))
        for name in one.reads
        if plan.sources[name].monthly and name in held
    ]
    return (min(counts), len(wanted)) if counts else None


def _definitions(work: Work) -> tuple[Definition, ...]:
    pairs = zip(work.plan.indicators, work.layout.slots, strict=True)
    return tuple(_definition(one, slot, work) for one, slot in pairs)


def _definition(one: Compiled, slot: Slot, work: Work) -> Definition:
    editions = tuple((name, number) for name, number in work.editions if name in one.reads)
    return Definition(one.name, one.digest, one.declared_type, one.unit, editions, slot.coverage)


def fingerprint(work: Work, engine: str) -> str:
    """What a killed build must share with the next for its finished buckets to be of use."""
    text = repr((work.plan.digest, work.editions, engine, work.buckets, spans(work)))
    return hashlib.sha256(text.encode()).hexdigest()


def spans(work: Work) -> tuple[Buckets, ...]:
    """Ranges of buckets that run at once: as many as hold some million rows, so that small lakes run in one go."""
    rows = sum(file.rows for table in work.tables.values() for file in table.files)
    width = 1
    while width < work.buckets and rows * width * 2 <= ROWS_AT_ONCE * work.buckets:
        width *= 2
    return tuple(Buckets(low, min(low + width, work.buckets) - 1) for low in range(0, work.buckets, width))


def _answers(work: Work, engine: Engine, done: int) -> Generator[Answer, None, None]:
    """The engine's answers in the order of buckets; the next range is computed while the last is packed."""
    todo = [span for span in spans(work) if span.low >= done]
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead: Future[Mapping[str, pa.Table]] | None = None
        for at, span in enumerate(todo):
            now = ahead or pool.submit(engine.run, work.queries, work.tables, span)
            results = now.result()
            ahead = pool.submit(engine.run, work.queries, work.tables, todo[at + 1]) if at + 1 < len(todo) else None
            yield span, results
