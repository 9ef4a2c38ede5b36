"""The write-ahead log is copied back beside whoever commits."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from puhui.adapters import django_setup, wal_sqlite
from puhui.adapters.log_django import DjangoLog
from puhui.adapters.wal_sqlite import Backfilling, backfill
from puhui.ledger.store import Rows, StoredCheckpoint
from puhui.wire.tlog import Frontier

from ..unit.ledger_made import NOW


@pytest.fixture
def path(tmp_path: Path) -> Path:
    django_setup.connect(django_setup.sqlite(tmp_path / "records.db"))
    return tmp_path / "records.db"


def commit(log: DjangoLog, sizes: range) -> None:
    """One commit for each size."""
    for size in sizes:
        checkpoint = StoredCheckpoint(size, "n" * 5_000, NOW)
        log.transact(lambda opened, checkpoint=checkpoint: opened.write([], Rows(), Frontier(), checkpoint))  # type: ignore[misc]


def waiting(path: Path) -> int:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        return backfill(database)


def test_commits_leave_the_copying_to_it(path: Path) -> None:
    log = DjangoLog()
    assert waiting(path) == 0
    before = path.stat().st_size
    commit(log, range(1, 600))
    assert path.stat().st_size == before, "1,000 pages and more were committed, and none was copied by a commit"
    assert waiting(path) == 0 and path.stat().st_size > before + 599 * 5_000
    log.close()


def test_a_reader_holds_back_only_what_it_still_needs(path: Path) -> None:
    log = DjangoLog()
    commit(log, range(1, 10))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM records_checkpoint").fetchone()
        commit(log, range(10, 20))
        assert waiting(path) > 0
        reader.execute("COMMIT")
    assert waiting(path) == 0
    log.close()


def test_its_thread_copies_and_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    came = threading.Event()
    monkeypatch.setattr(wal_sqlite, "EVERY", 0.001)
    monkeypatch.setattr(wal_sqlite, "backfill", lambda database: came.set())
    with Backfilling() as running:
        assert came.wait(30)
    assert not running._thread.is_alive()


def test_another_database_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal_sqlite, "connections", {"default": SimpleNamespace(vendor="postgresql")})
    with Backfilling() as idle:
        assert not idle._thread.is_alive()
