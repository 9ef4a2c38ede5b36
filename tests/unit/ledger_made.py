"""A log to test with: keys in memory, a bank with a contract and letters, questions as the gateway would log them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from puhui.ledger.batch import Tools
from puhui.ledger.entries import AskedLine, Intent
from puhui.ledger.records import SUBJECT, ZoneKeys
from puhui.ledger.sequencer import Sequencer
from puhui.ledger.store import LogStore, LogTransaction, StoreFault
from puhui.metering.prices import price_of
from puhui.model.keys import Key
from puhui.model.refusals_question import QuestionRefused
from puhui.wire.answers import moment
from puhui.wire.keys import Ed25519Signing
from puhui.wire.notes import NoteSigner

NOW = datetime(2026, 11, 22, 3, 4, 5, 123000, tzinfo=UTC)
ORIGIN = "puhui/360500/a1"
SIGNER = NoteSigner(ORIGIN, Ed25519Signing.of_seed("zone/1", b"z" * 32))
ANNA, BELA = "360500a1P" + "0" * 19 + "a", "360500a1P" + "0" * 19 + "b"
PLAN = '{"kind":"per_call","fen":150}'
_numbers = count(1)


class Keys:
    """Record keys of subjects; an erased one has none."""

    def __init__(self) -> None:
        self.erased: set[str] = set()

    def key_for(self, subject: str) -> tuple[str, bytes] | None:
        key = self.open(SUBJECT, subject)
        return (SUBJECT, key) if key else None

    def open(self, key_id: str, subject: str) -> bytes | None:
        return None if subject in self.erased else hashlib.sha256(subject.encode()).digest()


class KeysInMemory:
    """A KeyStore of fixed keys."""

    def current(self, name: str) -> Key:
        return self.by_id(f"{name}/1")

    def by_id(self, key_id: str) -> Key:
        return Key(key_id, hashlib.sha256(key_id.encode()).digest())

    def renew(self, name: str) -> Key:
        return self.current(name)

    def destroy(self, key_id: str) -> None:
        raise NotImplementedError


def tools(keys: Keys | None = None) -> Tools:
    return Tools(ORIGIN, SIGNER, keys or Keys(), ZoneKeys(KeysInMemory()), price_of)


@contextmanager
def sequencing(
    store: LogStore, keys: Keys | None = None, now: Callable[[], datetime] = lambda: NOW
) -> Iterator[Sequencer]:
    with Sequencer(store, tools(keys), now) as sequencer:
        yield sequencer


def line(**changed: Any) -> AskedLine:
    """A question of bank-a about Anna with a nonce of its own."""
    number = next(_numbers)
    plain = AskedLine(
        institution="bank-a",
        nonce=f"nonce-{number}",
        content=hashlib.sha256(b"content %d" % number).digest(),
        answer_id=f"A-{number}",
        product="tax_loan_basic",
        idempotency_key=f"key-{number}",
        key_id="bank-a/1",
        contract="C-1",
        contract_digest=b"d" * 32,
        subject=ANNA,
        snapshot=3,
        plan=PLAN,
    )
    return replace(plain, **changed)


def record(kind: str, asked: AskedLine | None, at: datetime, **more: Any) -> bytes:
    said = {"v": 1, "kind": kind, "at": moment(at), "id": asked.answer_id if asked else "", **more}
    return json.dumps(said, separators=(",", ":"), sort_keys=True).encode()


def question(asked: AskedLine) -> Intent:
    """An answer to the question, and the refusal that stands in its place where a re-check fails."""

    def refused(refusal: QuestionRefused, at: datetime) -> Intent:
        refused_line = replace(asked, code=refusal.code)
        return Intent(
            "refusal",
            lambda when: record("refusal", refused_line, when, refused=refusal.code),
            asked.subject,
            asked.institution,
            refused_line,
        )

    kind = "refusal" if asked.code else "answer"
    return Intent(kind, lambda at: record(kind, asked, at), asked.subject, asked.institution, asked, refused)


def plain(kind: str = "officer", text: str = "x", subject: str = "") -> Intent:
    """An entry that nobody asked for."""
    return Intent(kind, lambda at: record(kind, None, at, text=text), subject)


def bank_with_contract() -> None:
    """Rows of an admitted bank, its key, its contract, and a letter of Anna's."""
    from puhui.records import models

    bank = models.Institution.objects.create(id="bank-a", name={}, kind="bank", state="admitted", pseudonym_key="p/1")
    models.InstitutionKey.objects.create(
        id="bank-a/1",
        institution=bank,
        algorithm="ed25519",
        public=b"p" * 32,
        not_before=NOW - timedelta(days=1),
        not_after=NOW + timedelta(days=900),
    )
    models.Contract.objects.create(
        id="C-1",
        institution=bank,
        document=b"{}",
        digest=b"d" * 32,
        state="in_force",
        valid_from=NOW - timedelta(days=1),
        valid_until=NOW + timedelta(days=900),
    )
    letter("L-1")


def letter(name: str, **changed: Any) -> None:
    """An active letter of Anna's to bank-a: 12 uses a month."""
    from puhui.records import models

    values: dict[str, Any] = {
        "subject": ANNA,
        "institution": "bank-a",
        "wording": "w",
        "purpose": "lending",
        "mode": "periodic",
        "cap": 12,
        "window": "month",
        "range_months": 36,
        "retention_days": 365,
        "start": NOW - timedelta(days=1),
        "end": NOW + timedelta(days=365),
        "state": "ACTIVE",
        "version": 2,
        "proposed_at": NOW - timedelta(days=2),
    }
    models.Letter.objects.create(id=name, **{**values, **changed})


class FaultyStore:
    """A store that fails as it is told, once: before anything is kept, or after all of it was."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self.fault: str = ""  # lost | kept | silent | unknown
        self._mute = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def entry(self, index: int) -> Any:
        if self._mute:
            self._mute = False
            raise StoreFault("no reply")
        return self._store.entry(index)

    def transact(self, work: Callable[[LogTransaction], Any]) -> Any:
        fault, self.fault = self.fault, ""
        if fault in ("lost", "silent"):
            return self._rolled_back(work, fault)
        done = self._store.transact(work)
        if fault in ("kept", "unknown"):
            self._mute = fault == "unknown"
            raise StoreFault("the reply was lost")
        return done

    def _rolled_back(self, work: Callable[[LogTransaction], Any], fault: str) -> Any:
        done: list[Any] = []

        def undone(transaction: LogTransaction) -> None:
            done.append(work(transaction))
            raise StoreFault("the disk is full")

        try:
            self._store.transact(undone)
        except StoreFault:
            if fault == "lost":
                raise
        return done[0]
