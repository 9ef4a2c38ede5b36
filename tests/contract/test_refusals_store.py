"""The laws of the refused acts' table, on SQLite and on PostgreSQL: counted by the hour, told ever more rarely."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from puhui.adapters import django_setup
from puhui.adapters.refusals_django import DjangoRefusals
from puhui.adapters.security_log import SECURITY_ROWS
from puhui.desk.refused import EACH, OFFICER, UNKNOWN, Refused, leaves_event
from puhui.records import models

from .test_files_postgres import server  # noqa: F401  the fixture

NOW = datetime(2026, 11, 22, 10, 59, 30, tzinfo=UTC)
ONE = Refused(OFFICER, "erase-subject", "not-allowed", UNKNOWN)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    if request.param == "sqlite":
        django_setup.connect(django_setup.sqlite(tmp_path_factory.mktemp("tables") / "records.db"))
    else:
        psycopg = pytest.importorskip("psycopg", reason="the extra `postgresql` is not installed")
        conninfo = request.getfixturevalue("server")
        with psycopg.connect(conninfo, autocommit=True) as connected:
            connected.execute("CREATE DATABASE refusals")
            url = f"postgresql://{connected.info.user}@/refusals?host={connected.info.host}"
        django_setup.connect(django_setup.postgresql_parts(url))
    yield
    django_setup.connections["default"].close()


@pytest.fixture
def book(tables: None) -> DjangoRefusals:
    models.Event.objects.all().delete()
    models.RefusedCount.objects.all().delete()
    return DjangoRefusals()


def counts(**chosen: Any) -> list[int]:
    return [event.detail["count"] for event in models.Event.objects.filter(**chosen).order_by("id")]


def test_an_event_says_act_code_and_count_and_nothing_else(book: DjangoRefusals) -> None:
    book.note(replace(ONE, actor="anna", subject="S-1"), NOW)
    (event,) = models.Event.objects.all()
    assert (event.kind, event.actor, event.subject, event.at) == (OFFICER, "anna", "S-1", NOW)
    assert event.detail == {"act": "erase-subject", "code": "not-allowed", "count": 1}
    assert not event.taken_by_ledger


def test_a_thousand_tries_leave_sixteen_events(book: DjangoRefusals) -> None:
    assert [n for n in range(1, 1001) if leaves_event(n)] == [*range(1, 11), 20, 40, 80, 160, 320, 640]
    for _ in range(EACH * 5):
        book.note(ONE, NOW)
    assert counts() == [*range(1, EACH + 1), 2 * EACH, 4 * EACH]
    assert [row.count for row in models.RefusedCount.objects.all()] == [5 * EACH]


def test_others_acts_people_and_hours_are_counted_apart(book: DjangoRefusals) -> None:
    others = [replace(ONE, actor="anna"), replace(ONE, act="lift-hold"), replace(ONE, subject="S-1")]
    for one in (ONE, ONE, *others):
        book.note(one, NOW)
    assert counts() == [1, 2, 1, 1, 1]
    book.note(ONE, NOW + timedelta(minutes=1))
    assert counts()[-1] == 1
    assert models.RefusedCount.objects.count() == 1, "earlier hours are gone"


def test_tries_at_once_are_all_counted(book: DjangoRefusals) -> None:
    def often() -> None:
        for _ in range(3):
            book.note(ONE, NOW)
        connection.close()

    threads = [threading.Thread(target=often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert models.RefusedCount.objects.get().count == 12
    assert counts() == list(range(1, EACH + 1))


def test_it_is_no_part_of_what_was_refused(book: DjangoRefusals) -> None:
    """Within another transaction it would be rolled back with it: that is a mistake of ours, and loud."""
    with pytest.raises(RuntimeError), transaction.atomic():
        book.note(ONE, NOW)
    assert counts() == []


def test_where_the_event_cannot_be_written_nothing_is_counted(
    book: DjangoRefusals, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**row: object) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(models.Event.objects, "create", full)
    with pytest.raises(DatabaseError):
        book.note(ONE, NOW)
    assert not models.RefusedCount.objects.exists()


def test_the_entries_of_the_security_log_are_found_without_reading_the_others(tables: None) -> None:
    """By their own index: SQLite says so; PostgreSQL's planner may well read a table this small from end to end."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = off")
            cursor.execute(f"EXPLAIN {SECURITY_ROWS}")
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {SECURITY_ROWS}")
        plan = " ".join(str(part) for row in cursor.fetchall() for part in row)
    assert "entries_of_security" in plan
