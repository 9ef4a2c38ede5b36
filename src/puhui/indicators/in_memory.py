"""Figures of a plan over rows in memory, by a real engine on the real way: Parquet files, assembly, rows, decoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from puhui.indicators.assemble import assemble
from puhui.indicators.build import prepare
from puhui.indicators.compile import Plan
from puhui.indicators.engine import Buckets, Engine
from puhui.indicators.layout import Decoder
from puhui.indicators.referee_figures import Held
from puhui.indicators.rows import packed
from puhui.indicators.sources import SERVICE_COLUMNS, Source
from puhui.model.delivery import DeliveryKind, Edition, EditionFile
from puhui.model.figures import Figure
from puhui.model.subject import SubjectKind

FigureOf = Callable[[str, str], Figure]  # token, indicator → figure
BUCKETS = 16
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def engine_figures(plan: Plan, held: Mapping[str, Held], engine: Engine, folder: Path) -> FigureOf:
    """The figures of all subjects by an engine; sources that are not in `held` have no edition."""
    stated = {name: _as_stated(source, held) for name, source in plan.sources.items()}
    plan = replace(plan, sources=stated)
    editions = {name: _edition(name, one, folder) for name, one in held.items() if name in stated}
    work = prepare(plan, editions, BUCKETS)
    answers = engine.run(work.queries, work.tables, Buckets(0, BUCKETS - 1))
    batch = assemble(plan, work.layout, answers, BUCKETS)
    rows = {token: row for _, token, row in packed(batch, work.layout)}
    decoder = Decoder(work.layout)
    return lambda token, name: decoder.figures(token, rows.get(token), [name])[0]


def _as_stated(source: Source, held: Mapping[str, Held]) -> Source:
    kinds = held[source.name].complete if source.name in held else frozenset[str]()
    return source.completed(frozenset(SubjectKind(kind) for kind in kinds))


def _edition(name: str, held: Held, folder: Path) -> tuple[Edition, tuple[EditionFile, ...]]:
    edition = Edition(
        resource=name, number=1, version=0, parent=None, digest="", kind=DeliveryKind.SNAPSHOT,
        committed_at=_LONG_AGO, rows=len(held.rows), periods=tuple(sorted(held.periods)),
        conflicts=sum(1 for row in held.rows if row.get("conflict")),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.parquet"
    pq.write_table(arrow_of(held.rows, held.source), path)
    return edition, (EditionFile(str(path), len(held.rows), 0, BUCKETS - 1),)


def arrow_of(rows: Sequence[Mapping[str, Any]], source: Source) -> pa.Table:
    """Rows in memory as an Arrow table with the columns of the lake; absent ones are null."""
    columns = (*SERVICE_COLUMNS, *((column.name, column.type) for column in source.columns))
    schema = pa.schema([(name, _arrow_type(kind)) for name, kind in columns])
    return pa.Table.from_pylist([{name: row.get(name) for name, _ in columns} for row in rows], schema=schema)


_ARROW = {
    "VARCHAR": pa.string(), "BIGINT": pa.int64(), "INTEGER": pa.int32(), "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"), "BOOLEAN": pa.bool_(),
}  # fmt: skip


def _arrow_type(kind: str) -> pa.DataType:
    if kind.startswith("DECIMAL"):
        precision, scale = kind[8:-1].split(",")
        return pa.decimal128(int(precision), int(scale))
    return _ARROW[kind]
