"""Evidence in three ways, and everything that looks like it."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import msgspec
import pytest

from puhui.consent.evidence import (
    WEBAUTHN,
    EnrolledKey,
    RelyingParty,
    check_evidence,
    check_registration,
    passkey_holds,
)
from puhui.model.refusals_question import EvidenceRefused
from puhui.wire.keys import generate
from puhui.wire.letters import ACT, AUTHORITY, ENROL, LETTER, Evidence, bytes_of, key_evidence_holds, text_of

from .authenticator import Authenticator
from .consent_made import PARTY, People, attended, evidence, key

DOCUMENT = b'{"letter":1}'
DIGEST = sha256(DOCUMENT).digest()
ANNA = EnrolledKey("ed25519", key("anna").verifying().public)


def check(given: Evidence, enrolled: EnrolledKey | None, domain: str = LETTER, digest: bytes = DIGEST) -> int:
    return check_evidence(given, domain, digest, enrolled=enrolled, officers=People().keys(), party=PARTY)


def refused(given: Evidence, enrolled: EnrolledKey | None, **other: object) -> str:
    with pytest.raises(EvidenceRefused) as told:
        check(given, enrolled, **other)  # type: ignore[arg-type]
    return told.value.where


def test_a_key_signs_one_digest_for_one_purpose() -> None:
    given = evidence(key("anna"), LETTER, DOCUMENT)
    assert check(given, ANNA) == 0
    assert refused(given, ANNA, digest=sha256(b"other").digest()) == "key"
    for domain in (ACT, ENROL, AUTHORITY):
        assert refused(given, ANNA, domain=domain) == "key"
    assert refused(given, EnrolledKey("ed25519", key("ben").verifying().public)) == "key"
    assert refused(given, EnrolledKey("sm2-sm3", ANNA.public)) == "key"
    assert refused(given, None) == "way"


def test_sm2_signs_as_ed25519_does() -> None:
    pytest.importorskip("gmssl_pyx", reason="the extra `sm2` is not installed")
    signing = generate("anna", "sm2-sm3")
    given = evidence(signing, LETTER, DOCUMENT)
    assert check(given, EnrolledKey("sm2-sm3", signing.verifying().public)) == 0
    other = msgspec.structs.replace(given, algorithm="ed25519")
    assert not key_evidence_holds(other, LETTER, DIGEST)


def test_base64_has_one_form() -> None:
    given = evidence(key("anna"), LETTER, DOCUMENT)
    loose = given.signature[:-3] + chr(ord(given.signature[-3]) + 1) + "=="  # other bits that decode alike
    assert refused(msgspec.structs.replace(given, public=given.public.rstrip("=")), ANNA) == "base64"
    assert not key_evidence_holds(msgspec.structs.replace(given, signature=loose), LETTER, DIGEST)


def test_a_passkey_signs_the_digest_as_its_challenge() -> None:
    passkey = Authenticator(PARTY)
    enrolled = EnrolledKey(WEBAUTHN, passkey.public)
    given = passkey.assert_(DIGEST)
    assert check(given, enrolled) == 1 and passkey_holds(given, DIGEST, PARTY)
    assert refused(given, enrolled, digest=sha256(b"other").digest()) == "challenge"
    assert refused(given, EnrolledKey(WEBAUTHN, Authenticator(PARTY).public)) == "passkey"
    assert refused(given, EnrolledKey("ed25519", passkey.public)) == "passkey"


def test_a_passkey_counts_only_with_its_user_verified() -> None:
    passkey = Authenticator(PARTY, verifies=False)
    assert refused(passkey.assert_(DIGEST), EnrolledKey(WEBAUTHN, passkey.public)) == "user_verified"


def test_a_passkey_counts_only_on_the_zones_own_origin() -> None:
    passkey = Authenticator(PARTY)
    enrolled = EnrolledKey(WEBAUTHN, passkey.public)
    assert refused(passkey.assert_(DIGEST, origin="https://letters.example.evil"), enrolled) == "origin"
    elsewhere = Authenticator(RelyingParty("evil.example", PARTY.origins), private=passkey.private)
    assert refused(elsewhere.assert_(DIGEST), enrolled) == "origin"
    given = msgspec.structs.replace(elsewhere.assert_(DIGEST), rp_id=PARTY.rp_id)
    assert refused(given, enrolled) == "rp_id"  # the authenticator itself says for whom it signed
    assert refused(passkey.assert_(DIGEST, kind="webauthn.create"), enrolled) == "passkey"
    assert refused(passkey.assert_(DIGEST, framed=True), enrolled) == "cross_origin"


def test_a_copied_passkey_shows_by_its_count() -> None:
    passkey = Authenticator(PARTY, count=7)
    enrolled = replace(EnrolledKey(WEBAUTHN, passkey.public), sign_count=8)
    assert refused(passkey.assert_(DIGEST), enrolled) == "sign_count"  # 8 again
    assert check(passkey.assert_(DIGEST), enrolled) == 9


def test_any_byte_of_a_passkeys_evidence_counts() -> None:
    given = Authenticator(PARTY).assert_(DIGEST)
    for name in ("client_data", "authenticator_data", "signature", "public"):
        raw = bytearray(bytes_of(getattr(given, name)))
        for at in range(0, len(raw), 7):
            raw[at] ^= 1
            changed = msgspec.structs.replace(given, **{name: text_of(bytes(raw))})
            assert not passkey_holds(changed, DIGEST, PARTY), (name, at)
            raw[at] ^= 1


def test_a_new_passkey_answers_our_challenge_with_its_user_verified() -> None:
    passkey = Authenticator(PARTY)
    public, credential, count = check_registration(passkey.create(b"c" * 32), b"c" * 32, PARTY)
    assert (public, credential, count) == (passkey.public, passkey.credential, 0)
    for wrong, challenge in (
        (passkey.create(b"c" * 32), b"d" * 32),
        (passkey.create(b"c" * 32, origin="https://evil.example"), b"c" * 32),
        (Authenticator(PARTY, verifies=False).create(b"c" * 32), b"c" * 32),
        ({"id": "x"}, b"c" * 32),
    ):
        with pytest.raises(EvidenceRefused):
            check_registration(wrong, challenge, PARTY)


def test_two_officers_are_two() -> None:
    assert check(attended(LETTER, DOCUMENT), None) == 0
    assert refused(attended(LETTER, DOCUMENT, "olga", "olga"), None) == "attended"
    assert refused(attended(LETTER, DOCUMENT, "olga", "nobody"), None) == "attended"
    assert refused(attended(ACT, DOCUMENT), None) == "attended"
    assert refused(attended(LETTER, DOCUMENT, reference=" "), None) == "attended"
    assert refused(attended(LETTER, DOCUMENT), ANNA) == "way"
    other_paper = msgspec.structs.replace(attended(LETTER, DOCUMENT), reference="PAPER-8")
    assert refused(other_paper, None) == "attended"
    first, _ = attended(LETTER, DOCUMENT).officers
    same_key = (first, msgspec.structs.replace(first, name="piet"))
    assert refused(msgspec.structs.replace(attended(LETTER, DOCUMENT), officers=same_key), None) == "attended"
