"""No answer leaves without its entry: the log's storage fails in every way, and nothing but that is said."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db.backends.signals import connection_created

from puhui.api.app import App
from puhui.api.routes import Routes
from puhui.ledger.sequencer import Sequencer

from ..unit.ledger_made import FaultyStore
from .asking import Asker, Reply, ask
from .town import AUTHORITY, FIRM, QUIET, Office
from .town import office as opened

UNAVAILABLE = (503, "log-unavailable")
KEY = "asked-until-it-is-answered"
Fault = Callable[[Any], None]


@contextmanager
def failing(office: Office) -> Iterator[FaultyStore]:
    """The office with a log whose store fails as it is told."""
    own = office.questions
    store = FaultyStore(own.log.store)
    with Sequencer(store, own.log.tools, office.clock) as sequencer:  # type: ignore[arg-type]
        office.app = App(Routes(replace(own.rooms, log=sequencer), own.files), AUTHORITY)
        yield store


def nothing_left(reply: Reply) -> None:
    assert (reply.status, reply.code) == UNAVAILABLE
    assert set(reply.told) & {"record", "receipt", "items", "salt"} == set()
    assert reply.told["retry_after"] and (b"retry-after", b"5") in reply.headers


@pytest.mark.parametrize("fault", ["lost", "silent", "unknown"])
def test_what_is_not_durable_is_not_told(office: Office, fault: str) -> None:
    """Lost: the write failed. Silent: it said that it was kept, and was not. Unknown: nobody can say."""
    asker = Asker(office)
    with failing(office) as store:
        first = ask(office, asker.post(asker.said(FIRM), idempotency="before-anything-failed"))
        store.fault = fault
        (reply,) = ask(office, asker.post(asker.said(FIRM), idempotency=KEY))
        if fault == "silent":
            assert reply.code == "", "the database lied; the next to write finds out"
            (reply,) = ask(office, asker.post(asker.said(FIRM), idempotency="another-of-the-kind"))
        nothing_left(reply)
    assert first[0].code == ""
    kept = {"lost": [""], "silent": [""], "unknown": ["", ""]}[fault]
    assert office.codes() == kept


def test_what_was_kept_is_answered_although_the_reply_was_lost(office: Office) -> None:
    asker = Asker(office)
    with failing(office) as store:
        store.fault = "kept"
        (reply,) = ask(office, asker.question(FIRM))
    assert reply.code == "" and office.codes() == [""]
    assert office.asked("bank-a")[0].answer_id == reply.told["id"]
    assert office.check() == []


def test_asked_again_with_the_same_key_it_is_answered_and_counted_once(office: Office) -> None:
    asker = Asker(office)
    with failing(office) as store:
        for fault in ("lost", "unknown"):
            store.fault = fault
            (reply,) = ask(office, asker.post(asker.said(FIRM), idempotency=KEY))
            nothing_left(reply)
        (answered,) = ask(office, asker.post(asker.said(FIRM), idempotency=KEY))
        (again,) = ask(office, asker.post(asker.said(FIRM), idempotency=KEY))
    assert answered.code == "" and answered.body == again.body
    assert [(row.code, row.price_fen) for row in office.asked("bank-a")] == [("", 100)]
    assert office.check() == []


def test_a_refusal_that_cannot_be_logged_is_not_told_either(office: Office) -> None:
    """Or the log would not know that somebody asked about this subject."""
    with failing(office) as store:
        for request in (Asker(office).question(QUIET), Asker(office).question(FIRM, product="everything")):
            store.fault = "lost"
            (reply,) = ask(office, request)
            nothing_left(reply)
    assert office.codes() == []


# --- the database's own refusals ---


def full(connection: Any) -> None:
    """No page more than there are: as a full disk does it."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")


def read_only(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")


def ask_until_full(office: Office, asker: Asker, size: int) -> int:
    """Ask so many at once, again and again, until all of them are refused; how many were answered before."""
    answered = 0
    for _ in range(20):
        (reply,) = ask(office, asker.post({"v": 1, "questions": [asker.said(FIRM)] * size}, "/v1/answers:batch"))
        told = [one["status"] for one in reply.told["answers"]]
        if set(told) == {503}:
            return answered
        answered += told.count(200)
        office.clock.pass_by(seconds=10)
    raise AssertionError("the disk never filled")


@pytest.mark.parametrize("fault", [full, read_only])
def test_a_full_or_read_only_disk_answers_nothing(town_with_banks: Path, tmp_path: Path, fault: Fault) -> None:
    home = shutil.copytree(town_with_banks, tmp_path / "town", symlinks=True) / "home"

    def made(connection: Any, **_: Any) -> None:
        fault(connection)

    with opened(home) as office:
        (before,) = ask(office, Asker(office).question(FIRM))
        assert before.code == ""
    connection_created.connect(made)
    try:
        with opened(home) as office:
            asker = Asker(office)
            # what is left of a last page is filled first, and one question needs little
            answered = sum(ask_until_full(office, asker, size) for size in (100, 10, 1))
            (reply,) = ask(office, asker.post(asker.said(FIRM), idempotency=KEY))
            nothing_left(reply)
    finally:
        connection_created.disconnect(made)
    with opened(home) as office:
        assert office.codes() == [""] * (1 + answered)
        (reply,) = ask(office, Asker(office).post(Asker(office).said(FIRM), idempotency=KEY))
        assert reply.code == ""
        assert office.check() == []
