"""The laws of the log on both databases: questions compete properly, what fails leaves nothing or is found again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from puhui.adapters import django_setup
from puhui.adapters.log_django import DjangoLog
from puhui.adapters.tiles_files import TileFiles
from puhui.ledger.entries import AlreadyAnswered, Intent
from puhui.ledger.reading import Archive
from puhui.ledger.records import open_record
from puhui.ledger.sequencer import Sequencer
from puhui.ledger.templates import name_of
from puhui.model.question import Receipt
from puhui.model.refusals_question import (
    BudgetSpent,
    IdempotencyConflict,
    LetterNotInForce,
    LetterSpent,
    LogUnavailable,
    NoContract,
    QuestionRefused,
    QuotaSpent,
    Replayed,
    SubjectUnknown,
    UnknownKey,
)
from puhui.wire.notes import Checkpoint, Note, holds
from puhui.wire.tlog import leaf_hash, verify_inclusion

from ..unit.ledger_made import (
    ANNA,
    BELA,
    NOW,
    SIGNER,
    FaultyStore,
    Keys,
    bank_with_contract,
    letter,
    line,
    plain,
    question,
    sequencing,
    tools,
)
from .test_files_postgres import server  # noqa: F401  the fixture


@pytest.fixture(params=["sqlite", "postgresql"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DjangoLog]:
    if request.param == "sqlite":
        django_setup.connect(django_setup.sqlite(tmp_path / "records.db"))
    else:
        django_setup.connect(fresh_database(request.getfixturevalue("server")))
    bank_with_contract()
    yield DjangoLog()


def fresh_database(conninfo: str) -> dict[str, Any]:
    import psycopg

    with psycopg.connect(conninfo, autocommit=True) as connection:
        parts = {"USER": "postgres", "HOST": connection.info.host}
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'made'").fetchone():
            connection.execute("CREATE DATABASE made")
            django_setup.connect(django_setup.postgresql({"NAME": "made", **parts}))
            django_setup.connect({"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"})
        connection.execute("DROP DATABASE IF EXISTS log WITH (FORCE)")
        connection.execute("CREATE DATABASE log TEMPLATE made")
        return django_setup.postgresql({"NAME": "log", **parts})


def told(sequencer: Sequencer, *intents: Any) -> list[Any]:
    """What each of the intents, queued at once, is told."""

    async def ask() -> list[Any]:
        return await asyncio.gather(*(sequencer.append(intent) for intent in intents), return_exceptions=True)

    return asyncio.run(ask())


def names(outcomes: list[Any]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


def proves(receipt: Receipt) -> bool:
    """The receipt stands on its own: record, salt, leaf, proof, root, signature."""
    from puhui.ledger.records import commitment

    note = Note.parse(receipt.checkpoint)
    head = Checkpoint.parse(note.text)
    leaf = leaf_hash(commitment(receipt.salt, receipt.record))
    proved = verify_inclusion(leaf, receipt.index, head.size, receipt.proof, head.root)
    return proved and head.size == receipt.tree_size and holds(note, SIGNER.verifier)


def test_every_receipt_proves_its_entry(log: DjangoLog) -> None:
    with sequencing(log) as sequencer:
        receipts = [*told(sequencer, *(plain() for _ in range(70))), *told(sequencer, plain())]
        receipts += sequencer.append_blocking([plain(), plain(subject=ANNA)])
    assert sorted(receipt.index for receipt in receipts) == list(range(73))
    assert all(proves(receipt) for receipt in receipts)
    assert log.tree().size == 73 and len(log.commitments(0, 100)) == 73
    assert all(log.checkpoint(receipt.tree_size).note == receipt.checkpoint for receipt in receipts)  # type: ignore[union-attr]


def test_a_record_is_sealed_under_its_subjects_key_and_bound_to_its_place(log: DjangoLog) -> None:
    keys = Keys()
    with sequencing(log, keys) as sequencer:
        mine, nobodys = sequencer.append_blocking([plain(subject=ANNA), plain()])
    row, other = log.entry(mine.index), log.entry(nobodys.index)
    assert row is not None and other is not None
    assert (row.key_id, other.key_id, row.subject) == ("subject", "log-2026-11/1", ANNA)
    key = keys.open(row.key_id, ANNA)
    assert key is not None and open_record(key, row.index, row.sealed, row.entry, log.template) == (
        mine.salt,
        mine.record,
    )
    assert [entry.index for entry in log.entries_of(ANNA)] == [mine.index]


def test_records_by_a_template_open_again_and_stay_small(log: DjangoLog, tmp_path: Path) -> None:
    keys = Keys()
    template = b'{"items":[%b]}' % b",".join(b'{"name":"figure_%d","value":"0.00"}' % at for at in range(40))
    with sequencing(log, keys) as sequencer:
        alike = [replace(plain(subject=ANNA), template=template) for _ in range(3)]
        receipts = sequencer.append_blocking(alike) + sequencer.append_blocking([replace(plain(), template=template)])
    assert log.template(name_of(template)) == template and log.template(name_of(b"another")) is None
    archive = Archive(log, TileFiles(tmp_path / "tiles"), keys, tools(keys).zone_keys)
    for receipt in receipts:
        row = log.entry(receipt.index)
        assert row is not None and archive.open(row) == (receipt.salt, receipt.record)
        assert len(row.sealed) < len(template) / 4


def test_questions_of_one_batch_compete_as_if_each_came_alone(log: DjangoLog) -> None:
    first = line()
    again = replace(line(), idempotency_key=first.idempotency_key, content=first.content)
    otherwise = replace(line(), idempotency_key=first.idempotency_key)
    with sequencing(log) as sequencer:
        outcomes = told(
            sequencer, *map(question, (first, replace(line(), nonce=first.nonce), again, otherwise, replace(again)))
        )
    assert names(outcomes) == ["Receipt", "Replayed", "AlreadyAnswered", "IdempotencyConflict", "Replayed"]
    assert outcomes[2].index == outcomes[0].index
    assert log.tree().size == 4  # the repeat has no entry of its own, each refusal has one


def test_what_one_batch_spent_is_spent_for_the_next(log: DjangoLog) -> None:
    first = line()
    with sequencing(log) as sequencer:
        (receipt,) = told(sequencer, question(first))
        again = replace(line(), idempotency_key=first.idempotency_key, content=first.content)
        (repeated,) = told(sequencer, question(again))
        late = told(
            sequencer, question(replace(line(), nonce=first.nonce)), question(replace(line(), nonce=again.nonce))
        )
    assert isinstance(repeated, AlreadyAnswered) and repeated.index == receipt.index
    assert names(late) == ["Replayed", "Replayed"]
    found = log.find_answer("bank-a", first.answer_id)
    assert found is not None and (found.entry, found.price_fen, found.month) == (receipt.index, 150, "2026-11")
    assert log.find_answer("bank-b", first.answer_id) is None


def test_a_nonce_is_remembered_longer_than_a_question_lives(log: DjangoLog) -> None:
    asked, times = line(), iter([NOW, NOW + timedelta(seconds=420)])
    with sequencing(log, now=lambda: next(times)) as sequencer:
        assert names(told(sequencer, question(asked))) == ["Receipt"]
        assert names(told(sequencer, question(replace(line(), nonce=asked.nonce)))) == ["Replayed"]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"state": "REVOKED"}, LetterNotInForce),
        ({"state": "PAUSED"}, LetterNotInForce),
        ({"version": 3}, LetterNotInForce),
        ({"end": NOW}, LetterNotInForce),
        ({"start": NOW + timedelta(seconds=1)}, LetterNotInForce),
        ({"subject": BELA}, LetterNotInForce),
        ({"uses_in_window": 12, "window_started": NOW - timedelta(days=20)}, LetterSpent),
        ({"uses_in_window": 12, "window_started": NOW - timedelta(days=40)}, None),
        ({"uses_in_window": 12, "window_started": NOW - timedelta(days=40), "window": "year"}, LetterSpent),
        ({"uses": 12, "window": "letter"}, LetterSpent),
    ],
)
def test_a_letter_holds_in_the_transaction(
    log: DjangoLog, change: dict[str, Any], refusal: type[QuestionRefused] | None
) -> None:
    from puhui.records import models

    models.Letter.objects.filter(id="L-1").update(**change)
    with sequencing(log) as sequencer:
        (outcome,) = told(sequencer, question(line(letter="L-1", version=2)))
    assert type(outcome) is (refusal or Receipt)
    (asked,) = log.asked_in("bank-a", "2026-11")
    assert (asked.code, asked.price_fen) == ((refusal.code, 0) if refusal else ("", 150))


def test_nobody_is_answered_after_a_revocation_was_acknowledged(log: DjangoLog) -> None:
    """Whatever was acknowledged before an entry was written is seen by it, however they race."""
    from django.db import connections

    from puhui.records import models

    letters, sizes = [f"R-{number}" for number in range(20)], {}
    for name in letters:
        letter(name, cap=10**6)

    def revoke() -> None:
        for name in letters:
            models.Letter.objects.filter(id=name).update(state="REVOKED", version=3)
            sizes[name] = log.tree().size  # of the log when the revocation was acknowledged, or later
        connections["default"].close()

    async def ask(sequencer: Sequencer) -> list[Any]:
        outcomes: list[Any] = []
        revoking = asyncio.get_running_loop().run_in_executor(None, revoke)
        while not revoking.done():
            outcomes += await asyncio.gather(*map(sequencer.append, each_letter()), return_exceptions=True)
        return [*outcomes, *await asyncio.gather(*map(sequencer.append, each_letter()), return_exceptions=True)]

    def each_letter() -> list[Intent]:
        return [question(line(letter=name, version=2)) for name in letters]

    with sequencing(log) as sequencer:
        outcomes = asyncio.run(ask(sequencer))
    assert set(names(outcomes)) <= {"Receipt", "LetterNotInForce"}
    assert set(names(outcomes[-20:])) == {"LetterNotInForce"}
    answered = [row for row in log.asked_in("bank-a", "2026-11") if not row.code]
    assert all(row.entry < sizes[row.letter] for row in answered)
    assert len(answered) == names(outcomes).count("Receipt")


def test_the_last_use_of_a_letter_goes_to_the_first(log: DjangoLog) -> None:
    from puhui.records import models

    letter("L-2", cap=2, window="month")
    asked = [line(letter="L-2", version=2) for _ in range(4)]
    with sequencing(log) as sequencer:
        outcomes = told(sequencer, *map(question, asked[:3])) + told(sequencer, question(asked[3]))
    assert names(outcomes) == ["Receipt", "Receipt", "LetterSpent", "LetterSpent"]
    row = models.Letter.objects.get(id="L-2")
    assert (row.uses, row.uses_in_window, row.window_started) == (2, 2, NOW)


@pytest.mark.parametrize(
    ("table", "change", "refusal"),
    [
        ("Contract", {"state": "ended"}, NoContract),
        ("Contract", {"digest": b"e" * 32}, NoContract),
        ("Contract", {"valid_until": NOW}, NoContract),
        ("Contract", {"ended_at": NOW}, NoContract),
        ("InstitutionKey", {"revoked_at": NOW}, UnknownKey),
        ("InstitutionKey", {"not_after": NOW}, UnknownKey),
        ("Institution", {"state": "suspended"}, UnknownKey),
    ],
)
def test_contract_key_and_admission_hold_in_the_transaction(
    log: DjangoLog, table: str, change: dict[str, Any], refusal: type[QuestionRefused]
) -> None:
    from puhui.records import models

    getattr(models, table).objects.update(**change)
    with sequencing(log) as sequencer:
        assert names(told(sequencer, question(line()))) == [refusal.__name__]


@pytest.mark.parametrize(("window", "seconds"), [("day", 46555), ("month", 737755), ("contract", None)])
def test_a_quota_counts_refusals_and_tells_when_to_come_again(log: DjangoLog, window: str, seconds: int | None) -> None:
    asked = [line(quotas={window: 3}) for _ in range(4)]
    with sequencing(log) as sequencer:
        outcomes = told(sequencer, *map(question, [*asked[:2], replace(line(code="no-basis")), *asked[2:]]))
    assert names(outcomes) == ["Receipt", "Receipt", "Receipt", "QuotaSpent", "QuotaSpent"]
    assert isinstance(outcomes[3], QuotaSpent) and outcomes[3].retry_after == seconds
    assert sum(row.price_fen for row in log.asked_in("bank-a", "2026-11")) == 300


def test_prices_follow_the_plan_across_batches(log: DjangoLog) -> None:
    plan = '{"kind":"tiers","tiers":[{"from":1,"fen":200},{"from":3,"fen":150}],"cap_fen":600}'
    with sequencing(log) as sequencer:
        for _ in range(3):
            told(sequencer, question(line(plan=plan)), question(line(plan=plan, product="other")))
    assert [row.price_fen for row in log.asked_in("bank-a", "2026-11")] == [200, 200, 150, 50, 0, 0]


def test_products_that_clash_are_not_both_answered(log: DjangoLog) -> None:
    other = {"product": "other", "clashes": frozenset({"tax_loan_basic"})}
    back = {"product": "tax_loan_basic", "clashes": frozenset({"other"})}
    with sequencing(log) as sequencer:
        first = told(sequencer, question(line()), question(line(**other)), question(line(**other, subject=BELA)))
        later = told(sequencer, question(line(**back, subject=BELA)), question(line(**back)), question(line(**other)))
    assert names(first) == ["Receipt", "BudgetSpent", "Receipt"]
    assert names(later) == ["BudgetSpent", "Receipt", "BudgetSpent"]
    assert isinstance(later[0], BudgetSpent)


def test_an_erased_subject_is_refused_and_the_refusal_lies_under_the_months_key(log: DjangoLog) -> None:
    keys = Keys()
    keys.erased.add(ANNA)
    with sequencing(log, keys) as sequencer:
        (outcome,) = told(sequencer, question(line()))
    assert isinstance(outcome, SubjectUnknown)
    row = log.entry(0)
    assert row is not None and (row.kind, row.key_id) == ("refusal", "log-2026-11/1")


def test_events_are_taken_over_in_order_and_once(log: DjangoLog) -> None:
    from puhui.adapters.register_django import DjangoRegister

    register = DjangoRegister()
    for number in range(300):
        register.event("letter-revoked", "anna", NOW, {"number": number}, ANNA)
    assert log.events_waiting()
    with sequencing(log) as sequencer:
        sequencer.append_blocking([plain()])
        sequencer.append_blocking([plain()])
    assert not log.events_waiting()
    kinds = [log.entry(index).kind for index in range(302)]  # type: ignore[union-attr]
    assert kinds == ["letter"] * 256 + ["officer"] + ["letter"] * 44 + ["officer"]


def test_a_write_that_is_lost_gives_nobody_an_answer(log: DjangoLog) -> None:
    faulty, asked = FaultyStore(log), line()
    with sequencing(faulty) as sequencer:  # type: ignore[arg-type]
        faulty.fault = "lost"
        assert names(told(sequencer, question(asked), plain())) == ["LogUnavailable", "LogUnavailable"]
        assert log.tree().size == 0 and list(log.asked_in("bank-a", "2026-11")) == []
        assert names(told(sequencer, question(asked))) == ["Receipt"]


def test_a_write_that_is_kept_although_its_reply_was_lost_is_answered(log: DjangoLog) -> None:
    faulty, asked = FaultyStore(log), line()
    with sequencing(faulty) as sequencer:  # type: ignore[arg-type]
        faulty.fault = "kept"
        (receipt,) = told(sequencer, question(asked))
        assert isinstance(receipt, Receipt) and proves(receipt)
    assert log.tree().size == 1


def test_a_write_of_which_nobody_knows_is_not_answered_and_found_by_its_key(log: DjangoLog) -> None:
    faulty, asked = FaultyStore(log), line()
    with sequencing(faulty) as sequencer:  # type: ignore[arg-type]
        faulty.fault = "unknown"
        (outcome,) = told(sequencer, question(asked))
        assert isinstance(outcome, LogUnavailable)
        again = replace(line(), idempotency_key=asked.idempotency_key, content=asked.content)
        (found,) = told(sequencer, question(again))
        assert isinstance(found, AlreadyAnswered) and found.index == 0


def test_a_tree_that_shrank_stops_the_log(log: DjangoLog) -> None:
    """A database that said it kept a write and did not: nothing more is signed over what was promised to others."""
    faulty = FaultyStore(log)
    with sequencing(faulty) as sequencer:  # type: ignore[arg-type]
        told(sequencer, plain())
        faulty.fault = "silent"
        told(sequencer, plain())
        assert names(told(sequencer, plain())) == ["LogUnavailable"]
        assert sequencer.broken is not None and sequencer.broken.code == "log-broken"
    assert log.tree().size == 1


def test_several_sequencers_append_to_one_tree(log: DjangoLog) -> None:
    async def ask(one: Sequencer, other: Sequencer) -> list[Receipt]:
        return list(await asyncio.gather(*(s.append(plain()) for _ in range(100) for s in (one, other))))

    with sequencing(log) as one, sequencing(log) as other:
        receipts = asyncio.run(ask(one, other))
    assert sorted(receipt.index for receipt in receipts) == list(range(200))
    assert all(proves(receipt) for receipt in receipts)


def test_a_tree_is_padded_to_a_size_that_may_be_published(log: DjangoLog) -> None:
    with sequencing(log) as sequencer:
        sequencer.append_blocking([plain() for _ in range(3)])
        assert sequencer.pad() == 64 == sequencer.pad()
        assert log.published() is None
        for _ in range(2):
            log.publish(64)
        published = log.published()
        assert published is not None and (published.size, published.published) == (64, True)
        assert log.published(quorum=1) is None
        for text in ("one\n", "other\n"):
            log.add_cosignature(64, "notary", text, NOW)
        found = log.published(quorum=1)
        assert found is not None and found.cosignatures == (("notary", "one\n"),)


def test_times_are_told_in_utc(log: DjangoLog) -> None:
    with sequencing(log, now=lambda: datetime(2026, 11, 30, 16, 0, 0, 999999, tzinfo=UTC)) as sequencer:
        told(sequencer, question(line()))
    (asked,) = log.asked_in("bank-a", "2026-12")  # midnight of December in the zone's time
    assert asked.at == datetime(2026, 11, 30, 16, 0, 0, 999000, tzinfo=UTC) == log.asked_at([0])[0].at
    entry = log.entry(0)
    assert entry is not None and entry.at == asked.at


def test_replays_and_conflicts_are_told_apart_from_refusals_of_their_kind(log: DjangoLog) -> None:
    """A refused question spends its nonce and its quota, and leaves the idempotency key to the next try."""
    asked = line(code="no-basis")
    with sequencing(log) as sequencer:
        assert names(told(sequencer, question(asked))) == ["Receipt"]
        late = replace(line(), idempotency_key=asked.idempotency_key)
        outcomes = told(sequencer, question(replace(line(), nonce=asked.nonce)), question(late))
    assert [type(outcome) for outcome in outcomes] == [Replayed, Receipt]
    assert IdempotencyConflict not in map(type, outcomes)
