"""What a witness remembers, in one SQLite file: the logs it follows and the newest checkpoint that it cosigned of each.

A change is on the disk once its function returns (`synchronous=FULL`), also where the process is killed in the next
instant; several processes may use one folder. A log's recorded size never falls.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from puhui.wire.durable import sync_folder
from puhui.wire.notes import NoteVerifier
from puhui.wire.tlog import EMPTY_ROOT

_FILE = "witness.sqlite3"
_TABLES = """
create table if not exists identity (only_one integer primary key check (only_one = 1), name text not null) strict;
create table if not exists log_keys (origin text not null, vkey text not null, primary key (origin, vkey)) strict;
create table if not exists heads (
    origin text primary key, size integer not null, root blob not null, checkpoint text not null) strict;
create table if not exists forks (
    origin text not null, size integer not null, root blob not null, checkpoint text not null,
    primary key (origin, size, root)) strict;
create trigger if not exists heads_only_grow before update on heads when new.size < old.size
    begin select raise(abort, 'a head never shrinks'); end;
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest cosigned checkpoint of a log; of one that was never cosigned the empty tree."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    checkpoint: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """One log that the witness follows, as it is shown to people. `forks`: sizes at which it signed two roots."""

    origin: str
    vkeys: tuple[str, ...]
    size: int
    forks: tuple[int, ...]


class State:
    """The memory of one witness, in a folder that only its user may read."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = folder / _FILE
        if not self._file.exists():
            os.close(os.open(self._file, os.O_CREAT | os.O_WRONLY, 0o600))
        with self._connection() as connection:
            connection.execute("pragma journal_mode=wal")
            connection.executescript(_TABLES)
        sync_folder(folder)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._file, timeout=10, isolation_level=None)
        try:
            connection.execute("pragma synchronous=full")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that begins as a writer, so what it reads is still true when it commits."""
        with self._connection() as connection:
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    def name(self, default: str) -> str:
        """The witness's name: what was set first, or `default`, which is set now."""
        with self._changing() as connection:
            connection.execute("insert or ignore into identity values (1, ?)", (default,))
            return str(connection.execute("select name from identity").fetchone()[0])

    def add_log(self, origin: str, key: NoteVerifier) -> None:
        """Follow the log of that origin, whose checkpoints this key signs. Repeatable; a log may have several keys."""
        with self._changing() as connection:
            connection.execute("insert or ignore into log_keys values (?, ?)", (origin, key.vkey))

    def keys_of(self, origin: str) -> tuple[NoteVerifier, ...]:
        """The keys of a log; none where the log is unknown."""
        with self._connection() as connection:
            rows = connection.execute("select vkey from log_keys where origin = ? order by vkey", (origin,)).fetchall()
        return tuple(NoteVerifier.parse(vkey) for (vkey,) in rows)

    def advance(self, origin: str, step: Callable[[Head], Head]) -> None:
        """Puts in place of a log's head what `step` makes of it, in one durable transaction.

        An exception of `step` leaves everything as it was.
        """
        with self._changing() as connection:
            row = connection.execute("select size, root, checkpoint from heads where origin = ?", (origin,)).fetchone()
            new = step(Head(*row) if row else Head())
            connection.execute(
                "insert into heads values (?, ?, ?, ?) on conflict (origin) do update set"
                " size = excluded.size, root = excluded.root, checkpoint = excluded.checkpoint",
                (origin, new.size, new.root, new.checkpoint),
            )

    def keep_fork(self, origin: str, one: Head, other: Head) -> None:
        """Keeps two checkpoints that a log signed for one size: with its signatures they prove what it did."""
        with self._changing() as connection:
            for head in (one, other):
                connection.execute(
                    "insert or ignore into forks values (?, ?, ?, ?)", (origin, head.size, head.root, head.checkpoint)
                )

    def known(self) -> tuple[Known, ...]:
        """Every log that is followed, by origin."""
        with self._connection() as connection:
            keys = connection.execute("select origin, vkey from log_keys order by origin, vkey").fetchall()
            sizes = dict(connection.execute("select origin, size from heads").fetchall())
            forks = connection.execute("select distinct origin, size from forks order by size").fetchall()
        return tuple(
            Known(
                origin,
                tuple(vkey for of, vkey in keys if of == origin),
                sizes.get(origin, 0),
                tuple(size for of, size in forks if of == origin),
            )
            for origin in sorted({of for of, _ in keys})
        )
