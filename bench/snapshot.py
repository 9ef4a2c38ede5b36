"""100 indicators of all subjects over many rows, down to the point-read file, against one hand-written DuckDB script.

The hand-written script is what a good analyst would write for exactly these 100: one scan a table with
FILTERs, the rest as queries of their own, divisions in doubles, one join, ended by the same encoder in the
same kind of file. It knows which sources a subject has rows in, because the file asks for it. Both run in a
process of their own.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bench.common import cache, in_child, machine, peak_mib
from bench.snapshot_rows import AS_OF, BUCKETS, SOURCES, Lake, Told, indicator_of, indicators, lake
from puhui.adapters.engine_duckdb import DuckEngine
from puhui.adapters.figures_lmdb import LmdbFigures
from puhui.indicators.build import build, prepare
from puhui.indicators.compile import Plan, compile_indicators
from puhui.indicators.engine import Buckets
from puhui.indicators.rows import Batch, Filled, packed
from puhui.model.time import months_back

DEFAULT_ROWS = 50_000_000
_NOW = datetime(2026, 7, 1, tzinfo=UTC)


def plan_of(told: list[Told]) -> Plan:
    chosen = [indicator_of(one) for one in told]
    return compile_indicators(chosen, SOURCES, {}, {one.name: one.name for one in chosen}, AS_OF, "bench")


def ours(found: Lake, folder: Path) -> dict[str, float]:
    """Seconds from the editions to a published snapshot."""
    started = time.perf_counter()
    engine = DuckEngine(folder)
    store = LmdbFigures(folder / "figures", buckets=BUCKETS)
    snapshot = build(plan_of(indicators()), found.editions, engine, store, number=1, known_at=_NOW, built_at=_NOW)
    store.activate(1)
    return {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time(),
        "subjects": snapshot.subjects,
    }


def by_hand(found: Lake, folder: Path) -> dict[str, float]:
    """Seconds of the hand-written script, to the same file."""
    import duckdb

    started = time.perf_counter()
    told = indicators()
    work = prepare(plan_of(told), found.editions, BUCKETS)
    db = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
    writer = LmdbFigures(folder / "figures", buckets=BUCKETS).begin(1, "by hand")
    for bucket in range(BUCKETS):
        for name, (_, files) in found.editions.items():
            db.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM read_parquet('{files[bucket].path}')")
        wide = db.sql(_bound(_script(told))).to_arrow_table()
        writer.put(Buckets(bucket, bucket), packed(_batch(wide, told, bucket, work.layout.sources), work.layout))
    writer.close()
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time(), "subjects": writer.subjects}


def _bound(sql: str) -> str:
    for months in (3, 6, 12, 24, 36):
        sql = sql.replace(f":back_{months}m", f"DATE '{months_back(AS_OF, months)}'")
    return sql.replace(":as_of", f"DATE '{AS_OF}'")


def _script(told: list[Told]) -> str:
    """One statement for all 100: a scan with FILTERs for each table, the others beside it, joined on subject."""
    simple = {table: [one for one in told if one.table == table and " AS value" not in one.hand] for table in SOURCES}
    alone = [one for one in told if " AS value" in one.hand]
    scans = [_scan(table, ones) for table, ones in simple.items()]
    others = [f"a_{one.name} AS ({one.hand})" for one in alone]
    outputs = [
        f"{_or_empty(one, f's_{one.table}.{one.name}')} AS {one.name}" for ones in simple.values() for one in ones
    ]
    outputs += [f"{_or_empty(one, _cast(one, f'a_{one.name}.value'))} AS {one.name}" for one in alone]
    present = [f"s_{table}.subject IS NOT NULL AS has_{table}" for table in SOURCES]
    joins = "s_tax FULL JOIN s_social USING (subject) FULL JOIN s_power USING (subject) " + " ".join(
        f"LEFT JOIN a_{one.name} USING (subject)" for one in alone
    )
    wanted = ", ".join(present + outputs)
    return f"WITH {', '.join(scans + others)} SELECT subject, {wanted} FROM {joins} ORDER BY subject"


def _scan(table: str, ones: list[Told]) -> str:
    outputs = ", ".join(f"{_cast(one, one.hand)} AS {one.name}" for one in ones)
    return f"s_{table} AS (SELECT subject, {outputs} FROM {table} GROUP BY subject)"


def _cast(one: Told, value: str) -> str:
    """Values as the file holds them: whole numbers of the last place."""
    if not one.type.startswith("decimal"):
        return value
    scale = int(one.type[:-1].split(",")[1])
    if "/" in one.hand:
        return f"CAST(round(({value}) * {10**scale}.0) AS BIGINT)"
    return f"CAST(({value}) * {10**scale} AS BIGINT)"


def _or_empty(one: Told, value: str) -> str:
    return value if one.empty is None else f"coalesce({value}, {one.empty})"


def _batch(wide: pa.Table, told: list[Told], bucket: int, sources: list[str]) -> Batch:
    tokens = wide.column("subject").to_pylist()
    present = np.column_stack([wide.column(f"has_{name}").to_numpy().astype(bool) for name in sources])
    columns = {}
    for position, one in enumerate(told):
        column = wide.column(one.name).combine_chunks()
        days = pa.types.is_date(column.type)
        if days:
            column = column.cast(pa.int32())
        null = np.asarray(column.is_null().to_numpy(zero_copy_only=False), dtype=bool)
        data = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        columns[position] = Filled(data + date(1970, 1, 1).toordinal() if days else data, null)
    return Batch(tokens, [bucket] * len(tokens), present, columns)


def run(rows: int | None = None) -> dict[str, Any]:
    """The benchmark's JSON line. Each side runs in its own process, ours at a tenth of the rows too."""
    rows = rows or DEFAULT_ROWS
    for count in (rows // 10, rows):
        lake(count, cache())
    tenth, whole, hand = (
        in_child("bench.snapshot", side, str(count))
        for side, count in (("ours", rows // 10), ("ours", rows), ("hand", rows))
    )
    return {
        "name": "snapshot",
        "rows": rows,
        "indicators": len(indicators()),
        "subjects": whole["subjects"],
        "ours": round(whole["seconds"], 2),
        "unit": "s",
        "against": {"hand-written DuckDB": round(hand["seconds"], 2)},
        "ratio": {"hand-written DuckDB": round(hand["seconds"] / whole["seconds"], 3)},
        "growth": {"rows": 10, "seconds": round(whole["seconds"] / tenth["seconds"], 2)},
        "peak_mib": whole["peak_mib"],
        "peak_mib_against": {"hand-written DuckDB": hand["peak_mib"]},
        "machine": machine(),
    }


def _main(side: str, rows: int) -> None:
    found = lake(rows, cache())
    folder = Path(tempfile.mkdtemp(prefix="puhui-bench-", dir=cache()))
    try:
        result = ours(found, folder) if side == "ours" else by_hand(found, folder)
    finally:
        shutil.rmtree(folder)
    print(json.dumps({**result, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
