"""`Tables` on DuckDB: larger than memory (it spills to the work folder), two threads by default."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from puhui.model.tables import WrittenFile, literal
from puhui.wire.durable import sync_file, sync_folder

# the encodings of version 2 (differences of whole numbers above all) cost less time and room than those of version 1;
# Spark, Arrow and Polars read them
# a dictionary is tried up to this many values: tokens and amounts would fill one in vain
_PARQUET = "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT 5000"
# looked at once: time counts, not room
_EXPORTED = "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 5000"


class DuckTables:
    """One connection to a DuckDB in memory with a folder to spill to."""

    def __init__(self, workdir: Path, *, memory: str = "3GB", threads: int = 2) -> None:
        self._db = duckdb.connect(config={"threads": threads, "memory_limit": memory})
        self._db.execute(f"SET temp_directory = {literal(str(workdir / 'spill'))}")
        # extensions are not in the wheel and nothing here may reach a network
        self._db.execute("SET autoinstall_known_extensions = false")
        self._db.execute("SET TimeZone = 'UTC'")
        # `x IN (many constants)` as a join would lose the order of the file, by which records are numbered
        self._db.execute("SET disabled_optimizers = 'in_clause'")

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The bare connection, for adapters of the same engine."""
        return self._db

    def execute(self, sql: str) -> None:
        self._db.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._db.execute(sql).fetchall()
        return found

    def arrow(self, sql: str) -> pa.Table:
        return self._db.sql(sql).to_arrow_table()

    def register(self, name: str, table: pa.Table) -> None:
        self._db.register(name, table)

    def write_parquet(self, sql: str, folder: str, *, by_bucket: bool) -> list[WrittenFile]:
        Path(folder).mkdir(parents=True, exist_ok=True)
        if by_bucket:
            target = (
                f"{literal(folder)} ({_PARQUET}, PARTITION_BY (bucket), "
                "WRITE_PARTITION_COLUMNS true, FILENAME_PATTERN '{uuid}', OVERWRITE_OR_IGNORE, RETURN_STATS)"
            )
        else:
            name = os.urandom(16).hex() + ".parquet"
            target = f"{literal(str(Path(folder) / name))} ({_PARQUET}, RETURN_STATS)"
        rows = self.rows(f"COPY ({sql}) TO {target}")
        written = [_written(row) for row in rows if row[1]]
        for file in written:
            sync_file(Path(file.path))
        for parent in {Path(file.path).parent for file in written}:
            sync_folder(parent)
        return written

    def export(self, sql: str, path: str) -> int:
        self.execute("SET preserve_insertion_order = false")  # else groups of rows wait in memory for their turn
        try:
            return int(self.rows(f"COPY ({sql}) TO {literal(path)} ({_EXPORTED})")[0][0])
        finally:
            self.execute("RESET preserve_insertion_order")

    def close(self) -> None:
        self._db.close()


def _written(row: tuple[Any, ...]) -> WrittenFile:
    name, count, size, _footer, stats = row[:5]
    columns = stats if isinstance(stats, dict) else json.loads(stats)
    bucket = columns.get('"bucket"', {})
    period = columns.get('"period"', {})
    return WrittenFile(
        path=name,
        rows=count,
        size=size,
        bucket_low=int(bucket.get("min", 0)),
        bucket_high=int(bucket.get("max", 255)),
        period_low=str(period.get("min", "")),
        period_high=str(period.get("max", "")),
    )
