"""What the demo's people do, each by the story that their own command calls: officers, banks, a firm and a resident.

Every private key lies in the demo's folder, which no real zone would do: each would be with its holder alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from puhui.bank.keys import new_key, read_key
from puhui.bootstrap import Zone, add_officer, now
from puhui.cli.output import language
from puhui.consent.drafting import Choices
from puhui.consent.letter import Letter, Terms
from puhui.contracts.contract import sign_contract
from puhui.desk.acts import approve_act, propose_act
from puhui.desk.admissions import ADMIT
from puhui.desk.agreements import SIGN, draft
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.letter_signing import signed_by
from puhui.desk.letter_states import act_document, change_letter
from puhui.desk.letters import draft_letter, sign_letter
from puhui.desk.roles import Role
from puhui.desk.signers import Request, enrol_key, enrol_statement
from puhui.institutions.admission import NewKey
from puhui.model.subject import Identifier
from puhui.wire.keys import Signing, generate, write_private
from puhui.wire.letters import (
    ACT,
    ENROL,
    LETTER,
    KeyEvidence,
    Proof,
    digest_of,
    message_of,
    text_of,
)

OFFICERS = {"chen": Role.SECURITY, "liu": Role.SECURITY, "wang": Role.SYSTEM, "zhao": Role.AUDIT}
FIRST, SECOND = "chen", "liu"  # security: one proposes, the other approves
BUREAU = "bureau-q"  # holds the licences of the channels through which both banks ask
INSTITUTIONS = {
    "bank-a": ("bank", "甲银行", "Bank A"),
    "bank-b": ("bank", "乙银行", "Bank B"),
    BUREAU: ("bureau", "丙征信公司", "Credit Bureau Q"),
}
CHANNELS = ("filed_enterprise_bureau", "licensed_personal_bureau")
KEPT_DAYS = 365


@dataclass(frozen=True, slots=True)
class People:
    """Whoever acts, with the folder of all keys."""

    zone: Zone
    keys: Path

    def register_officers(self) -> None:
        """Officers of the three roles, each with a key."""
        for name, role in OFFICERS.items():
            add_officer(self.zone, name, self.keys / f"{name}.pem", role=role, by=FIRST)

    def admit(self) -> None:
        """Propose and approve both banks and the bureau."""
        begin = now().replace(second=0, microsecond=0)
        for name, (kind, zh, en) in INSTITUTIONS.items():
            public = new_key(name, self.keys / f"{name}.pem")[0].verifying()
            key = NewKey(public.algorithm, public.public, begin, begin + timedelta(days=700))
            held = CHANNELS if name == BUREAU else ()
            day = (begin - timedelta(days=30)).date().isoformat()
            given = {
                "id": name, "kind": kind, "name": {"zh": zh, "en": en}, "scopes": ["answers", "letters"],
                "licences": [{"channel": one, "record": "DEMO-1", "from": day} for one in held],
                "keys": [key.as_dict()],
            }  # fmt: skip
            self._two(ADMIT, given, f"admission of {name}")

    def contract(self, name: str, product: str, items: Sequence[str] = ()) -> str:
        """A contract of one product, through the bureau, signed by both sides. Raises ProhibitedItem."""
        given = {
            "institution": name, "products": [{"product": product, "quotas": {"day": 1000}}], "holder": BUREAU,
            "plan": {"kind": "per_call", "fen": 100}, "items": list(items),
            "valid_from": now(), "valid_until": now() + timedelta(days=365),
        }  # fmt: skip
        document = draft(self.zone.desk, given).document
        signature = sign_contract(document, read_key(self.keys / f"{name}.pem")).as_dict()
        arguments = {"document": document.decode(), "signature": json.dumps(signature)}
        return str(self._two(SIGN, arguments, f"contract with {name}")["contract"])

    def _two(self, act: str, given: Mapping[str, Any], reason: str) -> Mapping[str, Any]:
        desk = self.zone.desk
        return approve_act(desk, propose_act(desk, act, given, by=FIRST, reason=reason), by=SECOND)


@dataclass(frozen=True, slots=True)
class Grantor:
    """A subject that signs: itself, or `person` for it, with a key of its own."""

    rooms: LetterRooms
    about: Identifier
    key: Signing
    person: Identifier | None = None

    def enrol(self) -> None:
        """Both officers attend, see the identity card, and the holder shows to have the key."""
        request = Request(
            self.about,
            "representative" if self.person else "self",
            Proof(kind="attended", reference="DEMO"),
            self.person,
        )
        public = self.key.verifying()
        statement = enrol_statement(self.rooms, self.about, public.algorithm, public.public)
        enrol_key(self.rooms, request, self._evidence(ENROL, statement), by=(FIRST, SECOND))

    def sign(self, institution: str, wording: str) -> Letter:
        """A letter with every tick, for a year's use at most twice a month."""
        form = self.rooms.packs.letters[wording]
        terms = Terms(
            institution=institution, end_user="", wording=wording, purpose=form.purpose, range_months=36,
            mode="periodic", cap=2, window="month", retention_days=KEPT_DAYS, life_days=90,
        )  # fmt: skip
        signer = self.rooms.signers.signers_of(self.rooms.find(self.about).token)[0]
        choices = Choices(
            tuple(tick.id for tick in form.ticks), {}, "en" if language() == "en" else "zh", signed_by(signer)
        )
        document = draft_letter(self.rooms, terms, self.about, choices).document
        return sign_letter(self.rooms, document, self._evidence(LETTER, document))

    def revoke(self, letter: str) -> None:
        """Take the letter back: it acts on the next question."""
        document = act_document(self.rooms, letter, "revoked")
        change_letter(self.rooms, letter, "revoked", self._evidence(ACT, document))

    def _evidence(self, domain: str, document: bytes) -> KeyEvidence:
        public = self.key.verifying()
        signature = self.key.sign(message_of(domain, digest_of(document)))
        return KeyEvidence(v=1, algorithm=public.algorithm, public=text_of(public.public), signature=text_of(signature))


def grantor(rooms: LetterRooms, keys: Path, name: str, about: Identifier, person: Identifier | None = None) -> Grantor:
    """A subject with a new key, enrolled."""
    key = generate(name)
    write_private(key, keys / f"{name}.pem")
    made = Grantor(rooms, about, key, person)
    made.enrol()
    return made
