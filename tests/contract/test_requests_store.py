"""The laws of the tables of changes, monitors, notices and objections, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import Error, connections

from puhui.adapters import changes_django, django_setup
from puhui.adapters.changes_django import DjangoChanges
from puhui.adapters.monitors_django import DjangoMonitors
from puhui.adapters.objections_django import DjangoObjections
from puhui.desk.rooms import Objected
from puhui.gateway.changes import Change
from puhui.gateway.monitors import Monitor, Notice
from puhui.model.refusals import NotAllowed
from puhui.model.refusals_question import IdempotencyConflict, LetterRefused, LogUnavailable, Replayed
from puhui.records import models

from .test_files_postgres import server  # noqa: F401  the fixture

NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
TABLES = (models.Notice, models.Monitor, models.Change, models.Objection, models.Event)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    if request.param == "sqlite":
        django_setup.connect(django_setup.sqlite(tmp_path_factory.mktemp("tables") / "records.db"))
    else:
        psycopg = pytest.importorskip("psycopg", reason="the extra `postgresql` is not installed")
        conninfo = request.getfixturevalue("server")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("CREATE DATABASE requests")
            url = f"postgresql://{connection.info.user}@/requests?host={connection.info.host}"
        django_setup.connect(django_setup.postgresql_parts(url))
    models.LogTree.objects.get_or_create(id=1, defaults={"size": 0, "frontier": b""})
    yield
    connections["default"].close()


@pytest.fixture(autouse=True)
def tables(database: None) -> None:
    for table in TABLES:
        table.objects.all().delete()


def change(nonce: str = "n", key: str = "k", content: bytes = b"c") -> Change:
    return Change("bank-a/1", b"d", nonce, key, content)


def once(one: Change, made: str = "M-1", institution: str = "bank-a") -> str:
    def work() -> str:
        models.Event.objects.create(kind="made", actor="x", at=NOW, detail={})
        return made

    return DjangoChanges().once(institution, one, NOW, work)


def made_so_far() -> int:
    return models.Event.objects.filter(kind="made").count()


# --- changes ---


def test_a_key_makes_one_change_and_each_nonce_counts_once() -> None:
    assert once(change()) == "M-1"
    assert once(change("o"), "M-2") == "M-1"
    for nonce in ("n", "o"):
        with pytest.raises(Replayed):
            once(change(nonce))
    with pytest.raises(IdempotencyConflict):
        once(change("p", content=b"other"))
    assert once(change(), "M-3", "bank-b") == "M-3"  # another institution's
    assert once(change("q", key=""), "M-4") == "M-4" and once(change("r", key=""), "M-5") == "M-5"
    assert made_so_far() == 4


def test_what_is_refused_changes_nothing_and_spends_the_nonce() -> None:
    def work() -> str:
        models.Event.objects.create(kind="made", actor="x", at=NOW, detail={})
        raise NotAllowed(NotAllowed.meaning, todo=NotAllowed.meaning)

    with pytest.raises(NotAllowed):
        DjangoChanges().once("bank-a", change(), NOW, work)
    assert made_so_far() == 0
    with pytest.raises(Replayed):
        once(change())
    assert once(change("o")) == "M-1"  # the key may be tried again


def test_nothing_is_changed_where_the_nonce_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise Error

    with monkeypatch.context() as broken, pytest.raises(LogUnavailable):
        broken.setattr(changes_django, "_keep", fails)
        once(change())
    assert made_so_far() == 0 and once(change()) == "M-1"


def test_tries_at_once_make_one_change() -> None:
    told: list[str] = []

    def try_it(number: int) -> None:
        told.append(once(change(f"n{number}"), f"M-{number}"))
        connections.close_all()

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 6 and len(set(told)) == 1 and made_so_far() == 1


# --- monitors ---


def monitor(name: str = "M-1", **changed: Any) -> Monitor:
    one = Monitor(name, "bank-a", "bank-a/1", "watch", "L-1", "token", b"form", b"seen", "active", 1, NOW)
    return replace(one, **changed)


def notice(of: Monitor, snapshot: int = 2, due: datetime | None = NOW) -> Notice:
    return Notice(of, 0, snapshot, 7, b"body", NOW, 0, due, "waiting")


def test_a_monitor_is_kept_as_it_was_made_with_its_event() -> None:
    book = DjangoMonitors()
    book.add(monitor(), most=1)
    assert book.monitor("M-1") == monitor() and book.monitor("M-2") is None
    with pytest.raises(LetterRefused):
        book.add(monitor("M-2"), most=1)
    book.add(monitor("M-3", letter="L-2"), most=1)
    events = models.Event.objects.order_by("id")
    assert [(event.kind, event.subject) for event in events] == [("monitor-set", "token")] * 2


def test_a_look_is_kept_once_with_its_notice() -> None:
    book = DjangoMonitors()
    book.add(monitor(), most=1)
    assert [one.id for one in book.to_look(2, 9)] == ["M-1"] and not book.to_look(1, 9)
    for _ in range(2):
        book.looked(monitor(), 2, b"later", notice(monitor()))
    kept = book.monitor("M-1")
    assert kept is not None and (kept.last_snapshot, kept.seen) == (2, b"later") and not book.to_look(2, 9)
    (told,) = book.notices("bank-a", 0, 9)
    assert (told.number, told.snapshot, told.body, told.state) == (1, 2, b"body", "waiting")


def test_an_ended_monitor_keeps_no_look_and_withdraws_what_waits() -> None:
    book = DjangoMonitors()
    book.add(monitor(), most=1)
    book.looked(monitor(), 2, b"later", notice(monitor()))
    for _ in range(2):
        book.end(monitor(), by="bank-a", why="institution", at=NOW)
    book.looked(monitor(), 3, b"last", notice(monitor(), 3))
    (told,) = book.notices("bank-a", 0, 9)
    assert told.state == "withdrawn" and not book.to_look(9, 9) and not book.to_send(NOW, 9)
    assert models.Event.objects.filter(kind="monitor-ended").count() == 1


def test_notices_are_numbered_by_institution() -> None:
    book = DjangoMonitors()
    of_b = monitor("M-2", institution="bank-b")
    for one in (monitor(), of_b):
        book.add(one, most=9)
    for snapshot in (2, 3):
        for one in (monitor(), of_b):
            book.looked(one, snapshot, b"", notice(one, snapshot))
    for name in ("bank-a", "bank-b"):
        assert [one.number for one in book.notices(name, 0, 9)] == [1, 2]
    assert [one.number for one in book.notices("bank-a", 1, 9)] == [2]
    assert [one.number for one in book.notices("bank-a", 0, 1)] == [1]


def test_a_notice_is_sent_while_it_waits_and_is_due() -> None:
    book = DjangoMonitors()
    book.add(monitor(), most=9)
    book.looked(monitor(), 2, b"", notice(monitor()))
    book.looked(monitor(), 3, b"", notice(monitor(), 3, None))  # polling only
    assert not book.to_send(NOW - timedelta(seconds=1), 9)
    (due,) = book.to_send(NOW, 9)
    book.sent(due, state="waiting", tries=1, next_try=NOW + timedelta(minutes=1))
    assert not book.to_send(NOW, 9) and book.to_send(NOW + timedelta(hours=1), 9)[0].tries == 1
    book.acknowledge("bank-a", 2, NOW)
    book.sent(due, state="delivered", tries=2, next_try=None)  # too late: it was acknowledged
    assert {one.state for one in book.notices("bank-a", 0, 9)} == {"acknowledged"}
    assert not book.to_send(NOW + timedelta(hours=1), 9)


# --- objections ---


def objected(name: str = "O-1", item: str = "SWJ-06") -> Objected:
    return Objected(name, "token", item, "open", NOW)


def test_an_objection_is_seen_at_once_by_who_wrote_it_and_soon_by_others() -> None:
    seconds = [0.0]
    mine, other = DjangoObjections(), DjangoObjections(clock=lambda: seconds[0])
    try:
        assert not mine.of("token") and not other.of("token")
        mine.add(objected(), by="anna")
        mine.add(objected("O-2", "FY-01"), by="anna")
        assert mine.of("token") == {"SWJ-06", "FY-01"} and not mine.of("another")
        seconds[0] += 0.06
        assert other.of("token") == {"SWJ-06", "FY-01"}
        with pytest.raises(NotAllowed):
            mine.add(objected("O-3"), by="anna")
        closed = replace(objected(), state="corrected", closed_at=NOW)
        for _ in range(2):
            mine.close(closed, by="anna", reason="it was")
        assert mine.of("token") == {"FY-01"} and mine.objection("O-1") == closed
        mine.add(objected("O-4"), by="anna")  # once settled it may be disputed again
        assert [one.id for one in mine.all_open()] == ["O-2", "O-4"]
        assert models.Event.objects.filter(kind="objection-corrected").count() == 1
    finally:
        mine.close_thread()
        other.close_thread()
