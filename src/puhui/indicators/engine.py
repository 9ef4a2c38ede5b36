"""What an engine is: it runs the queries of a plan over some buckets of some tables. One Protocol, several engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from puhui.indicators.sources import SERVICE_COLUMNS, Source
from puhui.model.delivery import EditionFile
from puhui.model.refusal import Said
from puhui.model.refusals import EngineRefused


@dataclass(frozen=True, slots=True)
class Buckets:
    """A range of buckets, both ends inclusive."""

    low: int
    high: int

    def holds(self, file: EditionFile) -> bool:
        """The file may hold rows of the range."""
        return file.bucket_low <= self.high and file.bucket_high >= self.low

    def covers(self, file: EditionFile) -> bool:
        """The file holds rows of the range only."""
        return self.low <= file.bucket_low and file.bucket_high <= self.high


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one source that an engine may read: the files of an edition, and which facts are in force."""

    source: Source
    files: Sequence[EditionFile]
    where: str = ""  # SQL condition over the columns; empty: all rows

    def files_of(self, buckets: Buckets) -> tuple[EditionFile, ...]:
        return tuple(file for file in self.files if buckets.holds(file))

    def condition(self, buckets: Buckets) -> str:
        """The SQL condition that keeps the rows in force of the buckets; empty where the files hold no others."""
        wanted = [self.where] if self.where else []
        if not all(buckets.covers(file) for file in self.files_of(buckets)):
            wanted.append(f"bucket BETWEEN {buckets.low} AND {buckets.high}")
        return " AND ".join(wanted)

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Name and SQL type of every column, the service columns first."""
        return (*SERVICE_COLUMNS, *((column.name, column.type) for column in self.source.columns))


class Engine(Protocol):
    """Runs SQL written in DuckDB's dialect, portable subset, exactly: integers and decimals never lose a digit."""

    @property
    def name(self) -> str: ...

    def run(self, queries: Mapping[str, str], tables: Mapping[str, Table], buckets: Buckets) -> Mapping[str, pa.Table]:
        """The result of each query over the rows of the buckets. Repeatable; writes nothing that outlives it."""

    def close(self) -> None: ...


def engine_refused(query: str, kind: str) -> EngineRefused:
    """The refusal of a query by an engine; `where` names the query."""
    return EngineRefused(
        Said(f"引擎无法运行 {query}：{kind}", f"the engine cannot run {query}: {kind}"),
        todo=Said("检查 SQL 的类型和数值范围", "check the types and the range of numbers in the SQL"),
        where=query,
    )
