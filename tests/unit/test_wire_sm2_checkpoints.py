"""A checkpoint with a signature by SM2 beside that of Ed25519: its line, who passes over it, and what verify says."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.model.refusals_question import KeyRefused
from puhui.wire.canonical import canonical
from puhui.wire.keys import SM2_SM3, of_seed
from puhui.wire.notes import (
    COSIGNATURE_V1,
    ED25519,
    SM2,
    AddCheckpoint,
    Checkpoint,
    Note,
    NoteSignature,
    NoteSigner,
    NoteVerifier,
    TlogProof,
    cosigned_at,
    holds,
    read_cosignatures,
    sign_checkpoint,
)
from puhui.wire.tlog import Frontier
from puhui.wire.trust import LogKey, Trust, read_trust, write_trust
from puhui.wire.verify import Outcome, verify_answer
from puhui.witness.server import open_witness

from ..answered import (
    AT,
    LOG_SIGNER,
    ORIGIN,
    SECONDS,
    Answered,
    key,
    letter_document,
    letter_file,
    log_key,
    trust_of,
    zone_of,
)
from ..witnessed import LEAVES, LOG

if find_spec("gmssl_pyx") is None:
    pytest.skip("the extra `sm2` is not installed", allow_module_level=True)

BY_SM2, NEXT, STRANGE = (
    NoteSigner(ORIGIN, of_seed(f"log-signer-sm2/{n}", SM2_SM3, bytes([n]) * 32), SM2) for n in (1, 2, 3)
)
HEAD = Answered(others=(BY_SM2,))
LATER = HEAD.but(later=40)
SWITCHED = "2026-11-22T03:04:05Z"  # the second of the answer
HOUR = "2026-11-22T04:00:00Z"


def trusting(*by_sm2: LogKey) -> Trust:
    return trust_of(zones=(zone_of(log_keys=(log_key(LOG_SIGNER), *by_sm2)),))


def found(answered: Answered, trust: Trust) -> tuple[Outcome, bool]:
    """What becomes of the check, and whether the answer is valid."""
    report = verify_answer(answered.file(), read_trust(write_trust(trust)), AT)
    return next(check.outcome for check in report.checks if check.name == "checkpoint-sm2"), report.valid


def signed() -> Note:
    return Note.parse(sign_checkpoint(Checkpoint(ORIGIN, 7, b"r" * 32), LOG_SIGNER, BY_SM2))


def test_a_key_of_sm2_is_a_verifier_key_of_the_type_without_a_byte() -> None:
    verifier = BY_SM2.verifier
    name, key_id, encoded = verifier.vkey.split("+", 2)
    assert NoteVerifier.parse(verifier.vkey) == verifier
    assert (name, verifier.algorithm) == (ORIGIN, "sm2-sm3")
    typed = b"\xffpuhui/signed-note/sm2-sm3/v1\n" + verifier.public
    assert key_id == sha256(ORIGIN.encode() + b"\n" + typed).hexdigest()[:8]
    assert encoded.startswith("/3B1aHVp")


@pytest.mark.parametrize("raw", [b"\xff", b"\xff" + bytes(64), b"\xffpuhui/signed-note/sm2-sm3/v2\n" + bytes(64)])
def test_another_long_name_is_no_key_of_ours(raw: bytes) -> None:
    key_id = sha256(b"log\n" + raw).hexdigest()[:8]
    with pytest.raises(ValueError, match="key"):
        NoteVerifier.parse(f"log+{key_id}+{base64.b64encode(raw).decode()}")


def test_each_reader_looks_at_its_own_line() -> None:
    note = signed()
    assert Note.parse(note.message) == note
    assert holds(note, LOG_SIGNER.verifier) and holds(note, BY_SM2.verifier)
    assert not holds(note, NEXT.verifier)
    changed = Note(note.text.replace("7", "8"), note.signatures)
    assert not holds(changed, LOG_SIGNER.verifier) and not holds(changed, BY_SM2.verifier)
    assert len({one.key_id for one in note.signatures}) == 2


def test_a_key_signs_by_its_own_algorithm_alone() -> None:
    for other, kind in ((key("log/1"), SM2), (BY_SM2.key, ED25519), (BY_SM2.key, COSIGNATURE_V1), (BY_SM2.key, 9)):
        with pytest.raises(ValueError, match="algorithm"):
            NoteSigner(ORIGIN, other, kind)
    with pytest.raises(ValueError, match="kind"):
        BY_SM2.cosign(signed().text, 1)
    with pytest.raises(ValueError, match="kind"):
        NoteVerifier(ORIGIN, b"p" * 32, SM2)


def test_a_point_off_the_curve_verifies_nothing() -> None:
    off = NoteVerifier(ORIGIN, b"p" * 64, SM2)
    line = Note(signed().text, (NoteSignature(ORIGIN, off.key_id, bytes(64)),))
    with pytest.raises(KeyRefused):
        holds(line, off)
    assert found(HEAD, trusting(log_key(BY_SM2), LogKey(vkey=off.vkey, algorithm=SM2_SM3, start=SWITCHED, end="")))[1]


@pytest.mark.parametrize(
    ("answered", "by_sm2", "outcome"),
    [
        (Answered(), (), "absent"),
        (HEAD, (log_key(BY_SM2),), "holds"),
        (LATER, (log_key(BY_SM2),), "holds"),
        (HEAD, (log_key(BY_SM2, end=HOUR), log_key(NEXT, start=SWITCHED)), "holds"),  # renewed, with an overlap
        (LATER.but(others_later=(NEXT,)), (log_key(BY_SM2, end=HOUR), log_key(NEXT, start=SWITCHED)), "holds"),
        (Answered(), (log_key(BY_SM2, start="2026-11-22T03:04:06Z"),), "absent"),  # it was not asked for yet
        (Answered(), (log_key(BY_SM2, end=SWITCHED),), "absent"),  # nor any more
        (HEAD, (log_key(BY_SM2, end=SWITCHED),), "absent"),  # a process that had not heard of it
        (LATER.but(others_later=()), (log_key(BY_SM2, end=HOUR),), "holds"),  # that one may be from after the end
        (Answered(), (log_key(BY_SM2),), "fails"),
        (Answered(), (log_key(BY_SM2, start=SWITCHED),), "fails"),
        (LATER.but(others_later=()), (log_key(BY_SM2),), "fails"),
        (Answered(later=40, others_later=(BY_SM2,)), (log_key(BY_SM2),), "fails"),
        (HEAD, (log_key(BY_SM2, end=SWITCHED), log_key(NEXT, start=SWITCHED)), "fails"),  # by the key of before
        (HEAD.but(others=(NEXT,)), (log_key(BY_SM2), log_key(NEXT, start=HOUR)), "fails"),  # by that of after
    ],
)
def test_whether_it_is_there_and_had_to_be(answered: Answered, by_sm2: tuple[LogKey, ...], outcome: str) -> None:
    assert found(answered, trusting(*by_sm2)) == (Outcome(outcome), outcome != "fails")


def test_a_line_of_a_key_that_is_not_listed_fails_the_checkpoint() -> None:
    for others in ((STRANGE,), (BY_SM2, STRANGE)):
        report = verify_answer(HEAD.but(others=others).file(), trusting(log_key(BY_SM2)), AT)
        failed = [check.name for check in report.checks if check.outcome is Outcome.FAILS]
        assert (failed, report.valid) == (["checkpoint"], False)


class Forger(NoteSigner):
    """Signs by a key of its own under the id of the log's."""

    def sign(self, text: str) -> NoteSignature:
        return NoteSignature(ORIGIN, BY_SM2.verifier.key_id, STRANGE.key.sign(text.encode()))


@pytest.mark.parametrize("listed", [log_key(BY_SM2), log_key(BY_SM2, end=SWITCHED)])
def test_a_false_signature_fails_whether_or_not_it_had_to_be(listed: LogKey) -> None:
    forger = Forger(ORIGIN, STRANGE.key, SM2)
    for forged in (HEAD.but(others=(forger,)), LATER.but(others_later=(forger,)), HEAD.but(others=(BY_SM2, forger))):
        assert found(forged, trusting(listed)) == (Outcome.FAILS, False)


def test_the_trust_file_names_the_algorithm_and_is_held_to_it() -> None:
    raw = write_trust(trusting(log_key(BY_SM2)))
    assert read_trust(raw).zones[0].log_keys_of(SM2_SM3) == (log_key(BY_SM2),)
    assert raw.count(b'"algorithm":"sm2-sm3"') == 1
    for wrong in (log_key(LOG_SIGNER, start=SWITCHED), log_key(BY_SM2)):
        other = "ed25519" if wrong.algorithm == SM2_SM3 else SM2_SM3
        with pytest.raises(KeyRefused):
            write_trust(trusting(LogKey(vkey=wrong.vkey, algorithm=other, start=wrong.start, end="")))
    with pytest.raises(KeyRefused):
        write_trust(trust_of(witnesses=(BY_SM2.verifier.vkey,)))


FILES = [HEAD.file(), LATER.file(), LATER.but(with_letter=letter_file(letter_document()), again=SECONDS + 5).file()]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(FILES), st.floats(0, 1, exclude_max=True), st.integers(0, 255))
def test_no_byte_of_an_answer_can_be_changed(file: bytes, place: float, value: int) -> None:
    at = int(place * len(file))
    changed = file[:at] + bytes([value]) + file[at + 1 :]
    assert verify_answer(changed, trusting(log_key(BY_SM2)), AT).valid == (changed == file)


@settings(max_examples=400, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.characters(codec="utf-8"))
def test_no_character_of_the_later_checkpoint_can_be_changed(place: float, value: str) -> None:
    file = json.loads(LATER.file())
    text: str = file["proof"]
    at = int(place * len(text))
    file["proof"] = text[:at] + value + text[at + 1 :]
    report = verify_answer(canonical(file), trusting(log_key(BY_SM2)), AT)
    assert report.valid == (file["proof"] == text)


def test_nor_the_line_be_left_out() -> None:
    file = json.loads(LATER.file())
    proof = TlogProof.parse(file["proof"])
    note = Note.parse(proof.checkpoint)
    left = Note(note.text, tuple(one for one in note.signatures if one.key_id != BY_SM2.verifier.key_id))
    file["proof"] = replace(proof, checkpoint=left.message).text
    report = verify_answer(canonical(file), trusting(log_key(BY_SM2)), AT)
    assert [check.name for check in report.checks if check.outcome is Outcome.FAILS] == ["checkpoint-sm2"]


def test_a_witness_passes_over_the_line(tmp_path: Path) -> None:
    witness = open_witness(tmp_path / "w", "w", clock=lambda: 1)
    witness.state.add_log(ORIGIN, LOG.verifier)
    head = Checkpoint(ORIGIN, 5, Frontier().append_many(LEAVES[:5])[0].root)
    assert witness.add_checkpoint(AddCheckpoint(0, (), sign_checkpoint(head, BY_SM2)).body).status == 403
    both = sign_checkpoint(head, LOG, BY_SM2)
    reply = witness.add_checkpoint(AddCheckpoint(0, (), both).body)
    cosigned = Note.parse(both).with_signatures(read_cosignatures(reply.body))
    assert (reply.status, cosigned_at(cosigned, witness.signer.verifier)) == (200, 1)
    assert holds(cosigned, BY_SM2.verifier)
