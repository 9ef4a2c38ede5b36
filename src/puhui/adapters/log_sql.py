"""The SQL of the log in the two dialects that it is spoken in, on the driver's own connection below Django's.

Promises: a read is one statement and one step of the driver, however many rows it finds; a write of many rows is a few
statements whose texts repeat. Why not Django's cursors: they rewrite each statement, and SQLite's driver gives up the
interpreter at every row, so that a busy event loop would make each row of a batch wait for its turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from django.db import connection

from puhui.adapters import django_setup  # noqa: F401  settings before connections
from puhui.ledger.store import StoreFault

T = TypeVar("T")
Row = Sequence[Any]
_ROWS_A_STATEMENT = 32  # a power of two; with the widest table still below SQLite's oldest limit of parameters
_MAPPED = 1 << 40  # bytes; SQLite takes what it was built for at most
_DEADLOCKS = ("40P01", "40001")
_TRIES = 3
_decode = msgspec.json.decode


class Speech:
    """One dialect on one driver connection."""

    mark = "?"
    begin = "BEGIN"
    for_update = ""  # what a SELECT ends with so that its rows stay; `{}` is the table's alias
    for_share = ""
    true = "1"
    moment_type = "text"

    def __init__(self, raw: Any, error: type[Exception]) -> None:
        self.raw = raw
        self.error = error

    def transact(self, work: Callable[[], T]) -> T:
        """Runs work in one transaction. Raises StoreFault for the driver's errors, else what `work` raises."""
        for _ in range(_TRIES):
            try:
                return self._once(work)
            except self.error as fault:
                if getattr(fault, "sqlstate", None) not in _DEADLOCKS:
                    raise StoreFault(type(fault).__name__) from fault
        raise StoreFault("the database ended the transaction again and again for another one's sake")

    def _once(self, work: Callable[[], T]) -> T:
        self.raw.execute(self.begin)
        try:
            done = work()
            self.raw.execute("COMMIT")
        except BaseException:
            with suppress(self.error):
                self.raw.execute("ROLLBACK")
            raise
        return done

    def read(self, columns: Sequence[str], rest: str, params: Sequence[Any] = (), lock: str = "") -> list[Row]:
        """The rows of `SELECT columns rest`. Columns are texts and numbers; bytes go through `hex`."""
        raise NotImplementedError

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """The rows of a whole SELECT, of any types."""
        return list(self.raw.execute(self.spoken(sql), params).fetchall())

    def scan(self, sql: str, params: Sequence[Any], chunk: int) -> Iterator[list[Row]]:
        """The rows in chunks, without holding them all."""
        cursor = self.raw.execute(self.spoken(sql), params)
        while found := cursor.fetchmany(chunk):
            yield found

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row], tail: str = "") -> None:
        """Inserts many rows, in the order given."""
        done = 0
        while done < len(rows):
            size = min(_ROWS_A_STATEMENT, 1 << (len(rows) - done).bit_length() - 1)
            values = [value for row in rows[done : done + size] for value in row]
            self.raw.execute(_insert(table, tuple(columns), size, tail, self.mark), values)
            done += size

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        self.raw.execute(self.spoken(sql), params)

    def spoken(self, sql: str) -> str:
        """Our statements are written with `?`."""
        return sql

    def given(self, *casts: str) -> str:
        """A FROM item `j` with columns c0, c1 … out of one parameter: `packed` rows."""
        raise NotImplementedError

    def hex(self, column: str) -> str:
        raise NotImplementedError

    def moment(self, at: datetime) -> Any:
        """A moment as a parameter."""
        raise NotImplementedError


class Sqlite(Speech):
    """SQLite: one writer at a time, so nothing else has to be locked."""

    begin = "BEGIN IMMEDIATE"

    def read(self, columns: Sequence[str], rest: str, params: Sequence[Any] = (), lock: str = "") -> list[Row]:
        found = self.raw.execute(f"SELECT json_group_array(json_array({', '.join(columns)})) {rest}", params).fetchone()
        rows: list[Row] = _decode(found[0])
        return rows

    def scan(self, sql: str, params: Sequence[Any], chunk: int) -> Iterator[list[Row]]:
        self.raw.execute(f"PRAGMA mmap_size={_MAPPED}")  # pages are not copied: a scan takes half the time
        yield from super().scan(sql, params, chunk)

    def given(self, *casts: str) -> str:
        parts = (f"CAST(json_extract(value, '$[{n}]') AS {cast}) AS c{n}" for n, cast in enumerate(casts))
        return f"(SELECT {', '.join(parts)} FROM json_each(?)) AS j"

    def hex(self, column: str) -> str:
        return f"hex({column})"

    def moment(self, at: datetime) -> str:
        return str(at.astimezone(UTC).replace(tzinfo=None))  # as Django writes it


class Postgresql(Speech):
    """PostgreSQL: what a batch relies on is locked until it ends."""

    mark = "%s"
    true = "TRUE"
    moment_type = "timestamptz"
    for_update = "FOR UPDATE OF {}"
    for_share = "FOR SHARE OF {}"

    def read(self, columns: Sequence[str], rest: str, params: Sequence[Any] = (), lock: str = "") -> list[Row]:
        return self.rows(f"SELECT {', '.join(columns)} {rest} {lock}", params)

    def scan(self, sql: str, params: Sequence[Any], chunk: int) -> Iterator[list[Row]]:
        own = connection.copy()  # scans run side by side and end in any order: each has a transaction of its own
        own.ensure_connection()
        try:
            with own.connection.transaction(), own.connection.cursor(name="log_scan") as cursor:
                cursor.execute(self.spoken(sql), params)
                while found := cursor.fetchmany(chunk):
                    yield found
        finally:
            own.close()

    def spoken(self, sql: str) -> str:
        return sql.replace("?", "%s")

    def given(self, *casts: str) -> str:
        parts = (f"CAST(value->>{n} AS {cast}) AS c{n}" for n, cast in enumerate(casts))
        return f"(SELECT {', '.join(parts)} FROM jsonb_array_elements(CAST(? AS jsonb))) AS j"

    def hex(self, column: str) -> str:
        return f"encode({column}, 'hex')"

    def moment(self, at: datetime) -> datetime:
        return at


def packed(rows: Sequence[Row]) -> str:
    """Rows as the one parameter of `given`."""
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def read_moment(value: Any) -> datetime:
    """A moment as either driver gives it back."""
    if isinstance(value, str):
        return datetime.fromisoformat(value + "+00:00")
    found: datetime = value
    return found.astimezone(UTC)


def read_moment_or_none(value: Any) -> datetime | None:
    return None if value is None else read_moment(value)


@lru_cache(maxsize=256)
def _insert(table: str, columns: tuple[str, ...], size: int, tail: str, mark: str) -> str:
    one = f"({', '.join([mark] * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * size)} {tail}"
