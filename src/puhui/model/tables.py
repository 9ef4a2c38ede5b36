"""The one SQL engine that rooms may speak to without knowing which it is: DuckDB's dialect over local tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A Parquet file just written: its path, rows, bytes, and the range of bucket and period in it."""

    path: str
    rows: int
    size: int
    bucket_low: int
    bucket_high: int
    period_low: str
    period_high: str


class Tables(Protocol):
    """A private scratch database of one delivery or one build. Nothing in it outlives `close`."""

    def execute(self, sql: str) -> None:
        """Run one statement. Repeatable only where the statement is."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query, in the order the query gives."""

    def arrow(self, sql: str) -> pa.Table:
        """The result of a query as one Arrow table."""

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable under `name`, without a copy."""

    def write_parquet(self, sql: str, folder: str, *, by_bucket: bool) -> Sequence[WrittenFile]:
        """Write a query's rows to `folder`, one file, or one per bucket; durable once it returns."""

    def export(self, sql: str, path: str) -> int:
        """Write a query's rows to one Parquet file for a person, in the query's ORDER BY or in none; how many.

        Replaces a file that is there.
        """

    def close(self) -> None: ...


def quoted(name: str) -> str:
    """`name` as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def enum_type(values: Iterable[str]) -> str:
    """A type of the engine for a column of a few texts: one byte a value up to 255 of them, and quicker to write.

    Values compare as their texts do; in a file they are text. `write_parquet` tells no range of such a column.
    """
    return f"ENUM ({', '.join(map(literal, sorted(set(values))))})"


def literal(text: str) -> str:
    """`text` as a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
