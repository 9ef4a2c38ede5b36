"""The sequencer's own laws: who waits is told, whatever happens; one faulty caller harms nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from puhui.adapters import django_setup
from puhui.adapters.log_django import DjangoLog
from puhui.adapters.log_sql import Sqlite
from puhui.ledger import sequencer as module
from puhui.ledger.entries import EventRow, Intent, event_record, kind_of_event
from puhui.ledger.nonces import SpentNonces, name_of
from puhui.ledger.records import commitment as committed
from puhui.ledger.records import new_salt, open_record, seal_record
from puhui.ledger.sequencer import Sequencer
from puhui.ledger.store import StoreFault
from puhui.ledger.windows import Windows, same_window, until_next
from puhui.model.question import Receipt
from puhui.model.refusals import Broken
from puhui.model.refusals_question import ContractRefused, LogBroken, LogUnavailable

from .ledger_made import ANNA, NOW, Keys, bank_with_contract, line, plain, question, sequencing, tools


@pytest.fixture
def log(tmp_path: Path) -> DjangoLog:
    django_setup.connect(django_setup.sqlite(tmp_path / "records.db"))
    bank_with_contract()
    return DjangoLog()


class Spoiled(DjangoLog):
    """A log whose SQLite does what a disk may do: it is full, or cannot be written."""

    pragma = ""

    def speech(self) -> Any:
        speech = super().speech()
        if self.pragma:
            speech.raw.execute(f"PRAGMA {self.pragma}")
        return speech


@pytest.mark.parametrize("pragma", ["max_page_count=1", "query_only=ON"])
def test_a_full_or_read_only_disk_gives_nobody_an_answer(log: DjangoLog, pragma: str) -> None:
    spoiled, filling = Spoiled(), "x" * 50_000
    with sequencing(spoiled) as sequencer:
        sequencer.append_blocking([plain()])
        spoiled.pragma = pragma
        with pytest.raises(LogUnavailable) as refused:
            sequencer.append_blocking([question(line()), plain(text=filling)])
        assert refused.value.retry_after
        assert log.tree().size == 1 and list(log.asked_in("bank-a", "2026-11")) == []
        spoiled.pragma = ""
        assert sequencer.append_blocking([plain()])[0].index == 1


def test_a_database_that_cannot_be_opened_is_a_fault_of_the_store(tmp_path: Path) -> None:
    django_setup.connect(django_setup.sqlite(tmp_path / "records.db"))
    from django.db import connections

    connections["default"].close()
    (tmp_path / "records.db").unlink()
    for rest in tmp_path.glob("records.db-*"):
        rest.unlink()
    (tmp_path / "records.db").mkdir()
    with pytest.raises(StoreFault):
        DjangoLog().tree()


def fails(fault: Exception) -> Callable[[datetime], bytes]:
    def record(at: datetime) -> bytes:
        raise fault

    return record


@pytest.mark.parametrize("fault", [ValueError("x"), KeyError("x"), TypeError("x"), LogBroken])
def test_a_record_that_cannot_be_made_is_its_own_callers_fault(log: DjangoLog, fault: Any) -> None:
    from puhui.ledger.refused import broken

    raised = broken("坏", "bad") if fault is LogBroken else fault
    told = together(log, plain(), Intent("officer", fails(raised)), plain())
    assert [type(one) for one in told] == [Receipt, type(raised), Receipt]
    assert log.tree().size == 2


def together(log: DjangoLog, *intents: Intent) -> list[Any]:
    """What each of the intents, queued at once, is told."""

    async def ask(sequencer: Sequencer) -> list[Any]:
        return await asyncio.gather(*map(sequencer.append, intents), return_exceptions=True)

    with sequencing(log) as sequencer:
        return asyncio.run(ask(sequencer))


def test_a_plan_that_cannot_be_billed_leaves_no_entry(log: DjangoLog) -> None:
    told = together(log, question(line(plan="{}")), question(line()))
    assert [type(one) for one in told] == [ContractRefused, Receipt]
    assert [row.price_fen for row in log.asked_in("bank-a", "2026-11")] == [150] and log.tree().size == 1


def test_a_vault_that_is_damaged_stops_its_own_question_only(log: DjangoLog) -> None:
    class Damaged(Keys):
        def key_for(self, subject: str) -> tuple[str, bytes] | None:
            if subject == ANNA:
                raise Broken(Broken.meaning, todo=Broken.meaning)
            return super().key_for(subject)

    from puhui.adapters.register_django import DjangoRegister

    DjangoRegister().event("letter-revoked", "anna", NOW, {}, ANNA)
    with sequencing(log, Damaged()) as sequencer:
        with pytest.raises(Broken):
            sequencer.append_blocking([plain(subject=ANNA)])
        sequencer.append_blocking([plain()])
    kinds = [(row.kind, row.key_id) for row in log.every_entry()]
    assert kinds == [("letter", "log-2026-11/1"), ("officer", "log-2026-11/1")]  # what happened is logged all the same


def test_whoever_waits_is_told_when_the_thread_ends(log: DjangoLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that nobody foresaw ends the thread; nobody waits for ever, and whoever comes later is refused."""
    monkeypatch.setattr(threading, "excepthook", lambda told: None)
    with sequencing(log) as sequencer:
        with pytest.raises(LogUnavailable):
            sequencer.append_blocking([Intent("officer", fails(ZeroDivisionError("x")))])
        sequencer._thread.join()
        with pytest.raises(LogUnavailable):
            sequencer.append_blocking([plain()])
    assert log.tree().size == 0


def test_a_queue_that_is_full_refuses_at_once(log: DjangoLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", 0)
    with sequencing(log) as sequencer, pytest.raises(LogUnavailable):
        sequencer.append_blocking([plain()])


def test_what_waits_is_written_before_the_end(log: DjangoLog) -> None:
    async def ask(sequencer: Sequencer) -> list[Any]:
        asked = [asyncio.ensure_future(sequencer.append(plain())) for _ in range(1500)]
        await asyncio.sleep(0)
        sequencer.close()
        return await asyncio.gather(*asked)

    receipts = asyncio.run(ask(Sequencer(log, tools(), lambda: NOW).start()))
    assert sorted(receipt.index for receipt in receipts) == list(range(1500))


def test_a_caller_who_went_away_stops_nobody(log: DjangoLog) -> None:
    async def ask(sequencer: Sequencer) -> Receipt:
        gone = asyncio.ensure_future(sequencer.append(plain()))
        await asyncio.sleep(0)
        gone.cancel()
        return await sequencer.append(plain())

    with sequencing(log) as sequencer:
        asyncio.run(ask(sequencer))
        loop = asyncio.new_event_loop()
        left = loop.create_task(sequencer.append(plain()))
        loop.run_until_complete(asyncio.sleep(0))
        left.cancel()
        loop.run_until_complete(asyncio.gather(left, return_exceptions=True))
        loop.close()  # its outcome comes to a loop that is closed
        assert sequencer.append_blocking([plain()])


def test_events_are_taken_over_while_nobody_asks(log: DjangoLog, monkeypatch: pytest.MonkeyPatch) -> None:
    from puhui.adapters.register_django import DjangoRegister

    monkeypatch.setattr(module, "TICK", 0.01)
    DjangoRegister().event("packs-activated", "anna", NOW, {})
    taken = threading.Event()

    class Told(DjangoLog):
        def transact(self, work: Any) -> Any:
            try:
                return super().transact(work)
            finally:
                taken.set()

    with sequencing(Told()):
        assert taken.wait(10)
    assert log.tree().size == 1 and not log.events_waiting()


def test_a_transaction_that_was_ended_for_anothers_sake_is_tried_again() -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    class Raw:
        said: list[str]

        def execute(self, sql: str) -> None:
            self.said.append(sql)

    raw = Raw()
    raw.said = []
    tries = iter([Deadlock(), Deadlock(), None])

    def work() -> str:
        if fault := next(tries):
            raise fault
        return "done"

    assert Sqlite(raw, Deadlock).transact(work) == "done"
    assert raw.said == ["BEGIN IMMEDIATE", "ROLLBACK"] * 2 + ["BEGIN IMMEDIATE", "COMMIT"]
    tries = iter([Deadlock(), Deadlock(), Deadlock()])
    with pytest.raises(StoreFault):
        Sqlite(raw, Deadlock).transact(work)


# --- records, nonces, windows ---


def test_a_record_opens_with_its_key_at_its_place_only() -> None:
    key, salt, record = b"k" * 32, new_salt(), b'{"v":1}'
    entry = committed(salt, record)
    sealed = seal_record(key, 7, salt, record)
    none = {}.get  # templates
    assert open_record(key, 7, sealed, entry, none) == (salt, record)
    for wrong in ((b"j" * 32, 7, sealed, entry), (key, 8, sealed, entry), (key, 7, sealed[:-1], entry)):
        with pytest.raises(LogBroken):
            open_record(*wrong, none)
    with pytest.raises(LogBroken):
        open_record(key, 7, sealed, committed(salt, b"other"), none)


class Rows:
    """Committed nonces, as a database would tell them."""

    def __init__(self, *rows: tuple[int, str, str]) -> None:
        self.rows = list(rows)
        self.asked: list[tuple[int | None, int, int]] = []

    def nonces_since(self, entry: int | None, repeat: int, bucket: int) -> tuple[list[tuple[int, str, str]], int]:
        self.asked.append((entry, repeat, bucket))
        return self.rows, 9


def test_nonces_are_read_once_and_forgotten_after_two_stretches() -> None:
    spent, rows = SpentNonces(), Rows((10, "a", "old"), (11, "a", "new"))
    spent.refresh(rows, 11, 5)
    assert name_of("a", "old") in spent and name_of("a", "new") in spent and name_of("b", "new") not in spent
    rows.rows = []
    spent.refresh(rows, 12, 6)
    assert name_of("a", "old") not in spent and name_of("a", "new") in spent
    spent.add([name_of("a", "own")], 8)
    spent.refresh(rows, 11, 8)  # a clock that was set back forgets nothing
    assert name_of("a", "own") in spent and name_of("a", "new") in spent
    spent.refresh(rows, 14, 8)
    assert name_of("a", "own") not in spent
    assert rows.asked == [(None, 0, 10), (5, 9, 11), (8, 9, 10), (8, 9, 13)]


def test_windows_are_the_zones_civil_ones() -> None:
    last = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)
    assert (Windows.at(last).day, Windows.at(last).bill) == ("day:2026-12-31", "2026-12")
    after = last + timedelta(seconds=1)
    assert (Windows.at(after).day, Windows.at(after).bill) == ("day:2027-01-01", "2027-01")
    assert (until_next("day", last), until_next("month", last), until_next("day", after)) == (1, 1, 86_400)
    assert [same_window(window, last, after) for window in ("letter", "month", "year")] == [True, False, False]


@pytest.mark.parametrize(
    ("event", "kind"),
    [("letter-revoked", "letter"), ("letter.signed", "letter"), ("act-approved", "officer"), ("x-of", "officer"),
     ("landing-expired", "parcel"), ("subject-erased", "erasure"), ("packs-activated", "packs")],
)  # fmt: skip
def test_every_event_becomes_an_entry_of_a_kind(event: str, kind: str) -> None:
    assert kind_of_event(event) == kind


def test_an_event_whose_detail_has_no_canonical_form_is_logged_as_its_text() -> None:
    plain_one = event_record(EventRow(1, NOW, "x", "anna", "", '{"b": 1, "a": "é"}'))
    odd = event_record(EventRow(1, NOW, "x", "anna", "", '{"a": 1.5}'))
    assert b'"detail":{"a":"\xc3\xa9","b":1}' in plain_one
    assert b'"detail":"{\\"a\\": 1.5}"' in odd
