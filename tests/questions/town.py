"""A small town whose banks ask: firms and people with figures, letters signed, contracts in force; made once, copied.

`made(home)` builds the home by the stories that officers' commands call. `office(home)` opens a copy of it in this
process, with a clock that a test turns, and answers through the ASGI application; `asking.Asker` sends to it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

from puhui.api.app import App
from puhui.api.routes import Routes
from puhui.bootstrap import Zone, add_officer, now, open_letters, open_zone
from puhui.bootstrap.questions import Questions, open_questions
from puhui.consent.drafting import Choices
from puhui.consent.letter import Letter, Terms
from puhui.contracts.contract import sign_contract
from puhui.desk.acts import ERASE, LIFT, approve_act, propose_act
from puhui.desk.admissions import ADMIT
from puhui.desk.agreements import SIGN, draft
from puhui.desk.holds import PROVISION
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.letter_signing import signed_by
from puhui.desk.letter_states import Word, act_document, change_letter
from puhui.desk.letters import draft_letter, sign_letter
from puhui.desk.rooms import DeskRooms
from puhui.desk.signers import Request, enrol_key, enrol_statement
from puhui.ledger.store import AskedRow
from puhui.model.subject import Identifier
from puhui.subjects.lookup import find
from puhui.wire.keys import Ed25519Signing
from puhui.wire.letters import (
    ACT,
    ENROL,
    LETTER,
    KeyEvidence,
    Proof,
    digest_of,
    message_of,
    signer_id,
    text_of,
)

from ..journeys.town import INSURED, SMALL, Town, firm, ric, uscc

LENDER = Path(__file__).parent / "lender"
FIRM, QUIET, ERASED = (Identifier("uscc", uscc(serial)) for serial in (1, 2, 3))  # QUIET signed nothing
STRANGER = Identifier("uscc", uscc(9))  # of a right form, and nobody here
ANNA, BEN = Identifier("ric", ric(1)), Identifier("ric", ric(2))  # ANNA represents FIRM
CHILD = Identifier("ric", ric(3, "20120101"))
AUTHORITY = "zone.example"
BANKS = ("bank-a", "bank-b", "bureau-c", "bank-d")  # bank-d asks through bureau-c
LICENSED = ("filed_enterprise_bureau", "licensed_personal_bureau")
LICENCE_DAYS, LETTER_DAYS = 20, 9
EVERYTHING = {
    "bank-a": [("firm_loan", {}), ("firm_capital_loan", {"day": 3}), ("person_loan", {}), ("clinic_history", {})],
    "bank-b": [("paid_band", {})],
    "bureau-c": [("firm_loan", {})],
}


def key(name: str) -> Ed25519Signing:
    """A key that is always the same for a name; `bank-a/1` is the bank's as the zone knows it."""
    return Ed25519Signing.of_seed(name, sha256(name.encode()).digest())


# --- making it ---


def made(home: Path, database: str = "") -> None:
    """The home of the town, in a folder that does not exist yet. `database`: of the tables, if not SQLite."""
    town = Town(home)
    packs = [part for folder in (SMALL, SMALL.parent / "market", LENDER) for part in ("--pack", folder)]
    town.run("init", home, *packs, "--buckets", "4", *(("--database", database) if database else ()))
    _deliver(town)
    town.snapshot()
    zone = open_zone(home)
    for name in ("anna", "bela"):
        add_officer(zone, name, home.parent / f"{name}.key", by="anna")
    for name in BANKS:
        _admit(zone, name)
    for name, products in EVERYTHING.items():
        contract(zone.desk, name, products, end_users=["bank-d"] if name == "bureau-c" else [])
    letters, _ = open_letters(home)
    signed = {name: letter.id for name, letter in _signed(letters).items()}
    finished(home, signed)


def finished(home: Path, letters: Mapping[str, str]) -> None:
    """The town is as tests find it. Offices open at whole seconds, and nothing of the town is later than that."""
    (home.parent / "letters.json").write_text(json.dumps(letters), "utf-8")
    time.sleep(1 - now().microsecond / 1e6)


def _deliver(town: Town) -> None:
    town.firms(*(firm(serial) for serial in (1, 2, 3)))
    town.paid("2026-06", *((serial, "vat", "2026-06-15", 5000) for serial in (1, 2, 3)))
    rows = [(who.value, "甲", "2026-06", uscc(1), 5000) for who in (ANNA, BEN, CHILD)]
    town.deliver("insured", INSURED, rows, "--period", "2026-06")
    named = [(who.value, ANNA.value, "法定代表人") for who in (FIRM, QUIET, ERASED)]
    town.deliver("personnel", ("统一社会信用代码", "公民身份号码", "职务"), named)


def _admit(zone: Zone, name: str) -> None:
    today = now().date()
    until = (today + timedelta(days=LICENCE_DAYS)).isoformat()
    begin = now().replace(second=0, microsecond=0)
    public = {
        "algorithm": "ed25519",
        "public": text_of(key(f"{name}/1").verifying().public),
        "not_before": begin.isoformat(),
        "not_after": (begin + timedelta(days=700)).isoformat(),
    }
    given = {
        "id": name,
        "kind": "bureau" if name == "bureau-c" else "bank",
        "name": {"zh": name, "en": name},
        "scopes": ["answers", "letters"],
        "licences": [
            {"channel": channel, "record": "R-1", "from": "2026-01-01", "until": until} for channel in LICENSED
        ],
        "networks": ["203.0.113.0/24"] if name == "bank-b" else [],
        "keys": [public],
    }
    two_officers(zone.desk, ADMIT, given)


def two_officers(desk: DeskRooms, act: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """An act that one proposes and the other approves."""
    return approve_act(desk, propose_act(desk, act, given, by="anna", reason="for the test"), by="bela")


def erase(desk: DeskRooms, uscc: str) -> None:
    """Two officers erase a subject; where answers about it are to be kept still, they lift that duty first."""
    token = find(desk.vault, "uscc", uscc, today=desk.now().date()).token
    answered = desk.register.last_answered(token)
    if answered is not None:  # the log's clock may be ahead of the officers'
        later = replace(desk, now=lambda: answered + timedelta(seconds=1))
        two_officers(later, LIFT, {"uscc": uscc, "article": PROVISION})
    two_officers(desk, ERASE, {"uscc": uscc})


def contract(
    desk: DeskRooms,
    name: str,
    products: Sequence[tuple[str, Mapping[str, int]]],
    end_users: Sequence[str] = (),
    days: int = 365,
) -> str:
    """A contract of these products and quotas, signed by both sides; its id."""
    given = {
        "institution": name,
        "products": [{"product": product, "quotas": quotas} for product, quotas in products],
        "plan": {"kind": "per_call", "fen": 100},
        "valid_from": desk.now(),
        "valid_until": desk.now() + timedelta(days=days),
        "end_users": list(end_users),
    }
    document = draft(desk, given).document
    signature = sign_contract(document, key(f"{name}/1")).as_dict()
    done = two_officers(desk, SIGN, {"document": document.decode(), "signature": json.dumps(signature)})
    return str(done["contract"])


# --- letters ---


def _signed(rooms: LetterRooms) -> dict[str, Letter]:
    """The letters of the town, by the names that tests call them."""
    for name, about, person in (("firm", FIRM, ANNA), ("erased", ERASED, ANNA), ("ben", BEN, None)):
        enrol(rooms, name, about, person)
    return {
        "firm": sign(rooms, "firm", FIRM),
        "no-tax": sign(rooms, "firm", FIRM, ticks=("register",)),
        "once": sign(rooms, "firm", FIRM, mode="once", cap=1, window="letter"),
        "short": sign(rooms, "firm", FIRM, range_months=0),
        "of-b": sign(rooms, "firm", FIRM, institution="bank-b"),
        "through-c": sign(rooms, "firm", FIRM, institution="bureau-c", end_user="bank-d"),
        "erased": sign(rooms, "erased", ERASED),
        "ben": sign(rooms, "ben", BEN, wording="person_letter", ticks=("insured",), range_months=0),
    }


def evidence(signing: Ed25519Signing, domain: str, document: bytes) -> KeyEvidence:
    """A key's signature over a document."""
    public = signing.verifying().public
    signature = signing.sign(message_of(domain, digest_of(document)))
    return KeyEvidence(v=1, algorithm="ed25519", public=text_of(public), signature=text_of(signature))


def enrol(rooms: LetterRooms, name: str, about: Identifier, person: Identifier | None = None) -> None:
    """Enrol the key of that name for a subject, in the presence of both officers."""
    capacity = "representative" if person else "self"
    request = Request(about, capacity, Proof(kind="attended", reference="R-1"), person)
    statement = enrol_statement(rooms, about, "ed25519", key(name).verifying().public)
    enrol_key(rooms, request, evidence(key(name), ENROL, statement), by=("anna", "bela"))


def sign(
    rooms: LetterRooms,
    name: str,
    about: Identifier,
    *,
    ticks: Sequence[str] = ("tax", "register"),
    stated: Mapping[str, str] | None = None,
    **changed: Any,
) -> Letter:
    """A letter of a subject, signed by the key of that name."""
    said: dict[str, Any] = {
        "institution": "bank-a", "end_user": "", "wording": "firm_letter", "purpose": "lending", "range_months": 24,
        "mode": "periodic", "cap": 1000, "window": "letter", "retention_days": 365, "life_days": LETTER_DAYS,
    }  # fmt: skip
    signer = rooms.signers.signer(signer_id("ed25519", key(name).verifying().public))
    assert signer is not None, f"{name} is not enrolled"
    choices = Choices(tuple(ticks), dict(stated or {}), "zh", signed_by(signer))
    document = draft_letter(rooms, Terms(**(said | changed)), about, choices).document
    return sign_letter(rooms, document, evidence(key(name), LETTER, document))


# --- opening it ---


@dataclass
class Clock:
    """The time of the opened zone: that of its opening, and what a test adds."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)

    @property
    def seconds(self) -> int:
        return int(self.now.timestamp())


@dataclass
class Office:
    """An opened zone that answers in this process. `letters`: name → id."""

    home: Path
    clock: Clock
    questions: Questions
    desk: DeskRooms
    letter_rooms: LetterRooms
    letters: dict[str, str]
    app: App = field(init=False)

    def __post_init__(self) -> None:
        own = self.questions
        self.app = App(Routes(own.rooms, own.files, own.letters, own.monitors), AUTHORITY)

    def change(self, letter: str, word: Word, signer: str = "firm") -> None:
        """Pause, resume or revoke a letter, by its name, with its signer's key."""
        document = act_document(self.letter_rooms, self.letters[letter], word)
        change_letter(self.letter_rooms, self.letters[letter], word, evidence(key(signer), ACT, document))

    def copy_letters(self, number: int) -> list[str]:
        """Copies of the firm's letter under ids of their own, `copy-0` and on; nothing read here is bound to the id."""
        from puhui.records import models  # settings come first

        row = models.Letter.objects.get(pk=self.letters["firm"])
        names = [f"copy-{n}" for n in range(number)]
        for n, name in enumerate(names):
            row.pk = self.letters[name] = f"L-copy{n:020d}"
            row.save(force_insert=True)
        return names

    def asked(self, institution: str) -> list[AskedRow]:
        """What stands in the log of an institution's questions, in order."""
        month = self.clock.now.astimezone(UTC).strftime("%Y-%m")
        return list(self.questions.log.store.asked_in(institution, month))

    def codes(self, institution: str = "bank-a") -> list[str]:
        """The true codes of its questions; empty: answered."""
        return [row.code for row in self.asked(institution)]

    def check(self) -> Sequence[object]:
        """The findings of `puhui ledger check`, with every record opened, once all tiles are there."""
        self.questions.publisher.publish()
        return self.questions.log.check(records=True).findings


_open: list[Path] = []


@contextmanager
def office(home: Path) -> Iterator[Office]:
    """The town of this home, open; its clock stands still unless a test turns it.

    One home at a time: a process has one database, and threads that open it later would find another's.
    """
    assert not _open or _open[-1] == home, "close the other town first"
    _open.append(home)
    try:
        yield from _opened(home)
    finally:
        _open.pop()


def _opened(home: Path) -> Iterator[Office]:
    clock = Clock(now().replace(microsecond=0))
    with patch("puhui.bootstrap.now", clock), patch("puhui.bootstrap.questions.now", clock):
        zone = open_zone(home)
        letters, _ = open_letters(home)
        with open_questions(zone) as questions:
            desk = _sharing(zone.desk, questions)
            named = json.loads((home.parent / "letters.json").read_text("utf-8"))
            yield Office(home, clock, questions, desk, letters, named)


def _sharing(desk: DeskRooms, questions: Questions) -> DeskRooms:
    """The desk with the gateway's own directory and book, so that what it changes is seen at once."""
    rooms: Any = questions.rooms
    shared = replace(desk.partners, admissions=rooms.directory, directory=rooms.directory, contracts=rooms.book)
    return replace(desk, partners=shared)
