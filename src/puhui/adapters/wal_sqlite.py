"""Brings SQLite's write-ahead log back into the database beside whoever commits, so that no commit waits for it.

Promises: nothing of durability depends on it; a commit is durable in the write-ahead log. Left to itself SQLite copies
the pages back within every twentieth commit of a busy zone, and everybody of that batch waits for two more syncs.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from types import TracebackType

from django.db import connections

from puhui.adapters import django_setup  # noqa: F401  settings before connections

EVERY = 0.25  # seconds
LONGEST = 4_000  # pages of the write-ahead log from which on a commit copies the last of them, so that it begins anew


class Backfilling:
    """A thread that copies; none where the database is not SQLite. Use as a context manager."""

    def __init__(self, alias: str = "default") -> None:
        self._alias = alias
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backfill", daemon=True)

    def __enter__(self) -> Backfilling:
        if connections[self._alias].vendor == "sqlite":
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        path = str(connections[self._alias].settings_dict["NAME"])
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            while not self._ending.wait(EVERY):
                backfill(database)


def backfill(database: sqlite3.Connection) -> int:
    """Copies what can be copied without anybody waiting; how many pages of the write-ahead log are not copied yet."""
    try:
        _, there, copied = database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.OperationalError:  # no room, for one: a commit will say so, where it matters
        return 0
    return int(max(there - copied, 0))
