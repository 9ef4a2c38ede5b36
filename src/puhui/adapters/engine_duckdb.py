"""The engine of indicators on DuckDB: one process, larger than memory (it spills to the work folder)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from puhui.indicators.engine import Buckets, Table, engine_refused
from puhui.model.delivery import EditionFile
from puhui.model.tables import literal, quoted


class DuckEngine:
    """`threads`, `memory` (as `2GB`) and `workdir`, where it spills, bound what it takes of the machine."""

    name = "duckdb"

    def __init__(self, workdir: Path | None = None, *, memory: str = "2GB", threads: int = 2) -> None:
        self._db = duckdb.connect(config={"threads": threads, "memory_limit": memory})
        if workdir is not None:
            self._db.execute(f"SET temp_directory = {literal(str(workdir / 'spill'))}")
        self._db.execute("SET autoinstall_known_extensions = false")
        self._db.execute("SET TimeZone = 'UTC'")
        self._db.execute("SET preserve_insertion_order = false")
        self._columns: dict[tuple[str, ...], frozenset[str]] = {}

    def run(self, queries: Mapping[str, str], tables: Mapping[str, Table], buckets: Buckets) -> dict[str, pa.Table]:
        for name, table in tables.items():
            self._db.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {self._rows(table, buckets)}")
        return {name: self._answer(name, sql) for name, sql in queries.items()}

    def _answer(self, name: str, sql: str) -> pa.Table:
        try:
            return self._db.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            # only the kind of error: its text may hold values of rows
            raise engine_refused(name, type(error).__name__) from error

    def _rows(self, table: Table, buckets: Buckets) -> str:
        files = table.files_of(buckets)
        if not files:
            nulls = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in table.columns)
            return f"SELECT {nulls} WHERE FALSE"
        held = self._held(files)
        columns = ", ".join(_column(name, kind, held) for name, kind in table.columns)
        condition = table.condition(buckets)
        return f"SELECT {columns} FROM {_scan(files)}" + (f" WHERE {condition}" if condition else "")

    def _held(self, files: Sequence[EditionFile]) -> frozenset[str]:
        """The columns that the files have; a field younger than a file is null in it."""
        key = tuple(file.path for file in files)
        if key not in self._columns:
            rows = self._db.execute(f"DESCRIBE SELECT * FROM {_scan(files)}").fetchall()
            self._columns[key] = frozenset(row[0] for row in rows)
        return self._columns[key]

    def close(self) -> None:
        self._db.close()


def _scan(files: Sequence[EditionFile]) -> str:
    paths = ", ".join(literal(file.path) for file in files)
    return f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"


def _column(name: str, kind: str, held: frozenset[str]) -> str:
    value = quoted(name) if name in held else "NULL"
    return f"CAST({value} AS {kind}) AS {quoted(name)}"
