"""Letters signed by a passkey, or with two officers attending, are verified offline against the trust file."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.cli.verify import evidence_checkers
from puhui.consent.evidence import RelyingParty
from puhui.wire.letters import (
    LETTER,
    AttendedEvidence,
    LetterDocument,
    OfficerSignature,
    Proof,
    SignedBy,
    attended_message,
    digest_of,
    document_bytes,
    signer_id,
    text_of,
    write_letter_file,
)
from puhui.wire.trust import Letters, Officer, Trust
from puhui.wire.verify import Outcome, verify_answer

from ..answered import AT, Answered, key, letter_document, trust_of, zone_of
from ..unit.authenticator import Authenticator

PARTY = RelyingParty("zone.example", ("https://zone.example",))
OFFICERS = (key("officer-1"), key("officer-2"))


def trust(**other: Any) -> Trust:
    known = tuple(Officer(name=one.id, public=text_of(one.verifying().public)) for one in OFFICERS)
    said: dict[str, Any] = {"rp_id": PARTY.rp_id, "origins": PARTY.origins, "officers": known, **other}
    return trust_of(zones=(zone_of(letters=Letters(**said)),))


def by_passkey() -> tuple[LetterDocument, bytes]:
    authenticator = Authenticator(PARTY)
    proof = Proof(kind="eid", reference="E-1")
    signer = SignedBy(id=signer_id("webauthn", authenticator.public), capacity="self", proof=proof)
    letter = letter_document(signer=signer)
    bare = document_bytes(letter)
    return letter, write_letter_file(bare, authenticator.assert_(digest_of(bare)))


def attended() -> tuple[LetterDocument, bytes]:
    signer = SignedBy(id="", capacity="self", proof=Proof(kind="attended", reference="paper-7"))
    letter = letter_document(signer=signer)
    bare = document_bytes(letter)
    signed = [
        OfficerSignature(
            name=one.id,
            public=text_of(one.verifying().public),
            signature=text_of(one.sign(attended_message(LETTER, digest_of(bare), one.id, "paper-7"))),
        )
        for one in OFFICERS
    ]
    return letter, write_letter_file(bare, AttendedEvidence(v=1, reference="paper-7", officers=(signed[0], signed[1])))


LETTERS = [by_passkey(), attended()]
FILES = [(Answered(letter=letter).file(), raw) for letter, raw in LETTERS]


def outcome(file: bytes, letter: bytes, known: Trust) -> tuple[bool, Outcome]:
    report = verify_answer(file, known, AT, letter, evidence_checkers())
    return report.valid, next(check.outcome for check in report.checks if check.name == "letter-evidence")


@pytest.mark.parametrize(("file", "letter"), FILES, ids=["passkey", "attended"])
def test_the_evidence_holds_against_what_the_trust_file_says(file: bytes, letter: bytes) -> None:
    assert outcome(file, letter, trust()) == (True, Outcome.HOLDS)


def test_another_domain_or_origin_is_not_the_zones() -> None:
    file, letter = FILES[0]
    for other in ({"rp_id": "evil.example"}, {"origins": ("https://evil.example",)}, {"origins": ()}):
        assert outcome(file, letter, trust(**other)) == (False, Outcome.FAILS)


def test_whoever_attended_must_be_an_officer() -> None:
    file, letter = FILES[1]
    assert outcome(file, letter, trust(officers=trust().zones[0].letters.officers[:1])) == (False, Outcome.FAILS)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(FILES), st.floats(0, 1, exclude_max=True), st.integers(0, 255))
def test_no_byte_of_such_a_letter_can_be_changed(pair: tuple[bytes, bytes], place: float, value: int) -> None:
    file, letter = pair
    at = int(place * len(letter))
    changed = letter[:at] + bytes([value]) + letter[at + 1 :]
    assert outcome(file, changed, trust())[0] == (changed == letter)
