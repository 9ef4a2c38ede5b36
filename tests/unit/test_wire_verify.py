"""Which check fails, by name, for each way an answer can be wrong; and what a valid one reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from puhui.wire.letters import Grantee, Grantor, SignedBy, document_bytes
from puhui.wire.notes import COSIGNATURE_V1, NoteSigner
from puhui.wire.trust import Institution, Trust
from puhui.wire.verify import EvidenceCheckers, Outcome, Report, verify_answer

from ..answered import (
    AT,
    GRANTOR,
    HEX,
    LOG_SIGNER,
    ORIGIN,
    SECONDS,
    WITNESSES,
    Answered,
    attended_file,
    key,
    letter_document,
    letter_file,
    log_key,
    trust_of,
    trusted,
    zone_of,
)

LETTER = letter_file(letter_document())
EVIL = key("zone/1", "another")
STRANGER = NoteSigner("stranger", key("stranger"), COSIGNATURE_V1)
OTHER_LOG = NoteSigner(ORIGIN, key("log/2"))
ENDED = trusted(key("bank-a/1"), end="2026-06-01T00:00:00Z")
NAMES = (
    "file-form", "question-signature", "question-binding", "answer-signature", "letter-digest", "letter-evidence",
    "definitions", "editions", "commitment", "checkpoint", "checkpoint-sm2", "inclusion", "cosignatures", "validity",
)  # fmt: skip


def failed(report: Report) -> list[str]:
    return [check.name for check in report.checks if check.outcome is Outcome.FAILS]


def test_a_valid_answer_names_every_check_and_what_it_is_about() -> None:
    file = Answered(with_letter=LETTER, cosigned_by=WITNESSES[1:]).file()
    report = verify_answer(file, trust_of(quorum=2), AT)
    assert tuple(check.name for check in report.checks) == NAMES
    assert [check.name for check in report.checks if check.outcome is not Outcome.HOLDS] == ["checkpoint-sm2"]
    assert report.valid
    said = report.as_dict()
    assert (said["zone"], said["institution"], said["index"], said["tree_size"]) == (ORIGIN, "bank-a", 37, 64)
    assert said["witnesses"] == ["witness-2", "witness-3"]


def test_without_its_letter_an_answer_is_valid_and_says_so() -> None:
    report = verify_answer(Answered().file(), trust_of(), AT)
    assert report.valid
    absent = [check.name for check in report.checks if check.outcome is Outcome.ABSENT]
    assert absent == ["letter-digest", "letter-evidence", "checkpoint-sm2"]


def test_an_answer_without_a_basis_needs_no_letter() -> None:
    answered = Answered(record_changes={"basis": None}, asked_changes={"basis": None})
    assert verify_answer(answered.file(), trust_of(), AT).valid
    assert failed(verify_answer(answered.file(), trust_of(), AT, LETTER)) == ["letter-digest"]


def test_a_bare_document_of_a_letter_is_taken_without_its_evidence() -> None:
    report = verify_answer(Answered().file(), trust_of(), AT, document_bytes(letter_document()))
    assert report.valid
    assert [check.name for check in report.checks if check.outcome is Outcome.ABSENT] == [
        "letter-evidence",
        "checkpoint-sm2",
    ]


def test_a_proof_that_was_fetched_later_brings_the_cosignatures() -> None:
    assert verify_answer(Answered(later=100).file(), trust_of(quorum=3), AT).valid
    assert failed(verify_answer(Answered().file(), trust_of(quorum=1), AT)) == ["cosignatures"]


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        (Answered(bank=key("bank-a/1", "another")), "question-signature"),
        (Answered(bank=key("bank-b/1")), "question-signature"),
        (Answered(zone=EVIL), "answer-signature"),
        (Answered(zone=key("zone/9")), "answer-signature"),
        (Answered(record_changes={"zone": "puhui/360500/a2"}), "answer-signature"),
        (Answered(record_changes={"question": HEX}), "question-binding"),
        (Answered(record_changes={"product": "another"}), "question-binding"),
        (Answered(record_changes={"purpose": "guarantee"}), "question-binding"),
        (Answered(record_changes={"institution": "bank-b"}), "question-binding"),
        (Answered(record_changes={"key_id": "bank-a/2"}), "question-binding"),
        (Answered(record_changes={"end_user": "bank-b"}), "question-binding"),
        (Answered(record_changes={"basis": None}), "question-binding"),
        (Answered(asked_changes={"basis": {"kind": "letter", "id": "L-2"}}), "question-binding"),
        (Answered(with_letter=letter_file(letter_document(id="L-2"))), "letter-digest"),
        (Answered(with_letter=letter_file(letter_document(retention_days=3650))), "letter-digest"),
        (Answered(with_letter=LETTER[:-1]), "letter-digest"),
        (Answered(with_letter=letter_file(letter_document(), by=key("thief"))), "letter-evidence"),
        (Answered(record_changes={"pack_set": "0" * 63}), "definitions"),
        (Answered(record_changes={"items": ()}), "definitions"),
        (Answered(record_changes={"editions": ()}), "editions"),
        (Answered(record_changes={"editions": (("SWJ-06", 4, "x"),)}), "editions"),
        (Answered(record_changes={"editions": (("SWJ-06", 0, HEX),)}), "editions"),
        (Answered(record_changes={"editions": (("SWJ-06", 4, HEX), ("SWJ-06", 5, HEX))}), "editions"),
        (Answered(origin="puhui/360500/a2"), "checkpoint"),
        (Answered(log=OTHER_LOG), "checkpoint"),
        (Answered(cosigned_by=(STRANGER,)), "checkpoint"),
        (Answered(cosigned_by=(replace(WITNESSES[0], key=EVIL),)), "checkpoint"),
        (Answered(cosigned_by=WITNESSES, cosigned_at=SECONDS - 3600), "cosignatures"),
        (Answered(cosigned_by=WITNESSES, cosigned_at=SECONDS + 3600), "cosignatures"),
        (Answered(signed_at=SECONDS + 1), "validity"),
        (Answered(created=SECONDS - 3600), "validity"),
        (Answered(created=SECONDS + 3600), "validity"),
        (Answered(record_changes={"at": "2026-11-22 03:04:05"}), "validity"),
    ],
)
def test_what_is_wrong_is_told_by_its_name(wrong: Answered, name: str) -> None:
    report = verify_answer(wrong.file(), trust_of(), AT)
    assert name in failed(report)
    assert not report.valid


@pytest.mark.parametrize(
    "changes",
    [
        {"grantor": Grantor(kind="uscc", value="91360500MA35000001")},
        {"institution": Grantee(id="bank-b", name=letter_document().institution.name)},
        {"purpose": "guarantee"},
        {"end_user": "bank-b"},
        {"end": "2026-11-20T00:00:00Z"},
        {"start": "2026-11-23T00:00:00Z"},
    ],
)
def test_a_letter_that_the_answer_names_must_cover_it(changes: dict[str, object]) -> None:
    letter = letter_document(**changes)
    report = verify_answer(Answered(letter=letter, with_letter=letter_file(letter)).file(), trust_of(), AT)
    assert failed(report) == ["letter-digest"]


@pytest.mark.parametrize(
    ("trust", "name"),
    [
        (trust_of(zones=()), "answer-signature"),
        (trust_of(institutions=()), "question-signature"),
        (trust_of(zones=(zone_of(answer_keys=()),)), "answer-signature"),
        (trust_of(zones=(zone_of(log_keys=()),)), "checkpoint"),
        (trust_of(zones=(zone_of(log_keys=(log_key(LOG_SIGNER, end="2026-11-22T03:04:05Z"),)),)), "checkpoint"),
        (trust_of(zones=(zone_of(answer_keys=(trusted(key("zone/1"), end="2026-11-22T03:04:05Z"),)),)), "validity"),
        (trust_of(zones=(zone_of(answer_keys=(trusted(key("zone/1"), start="2026-11-23T00:00:00Z"),)),)), "validity"),
        (trust_of(institutions=(Institution(id="bank-a", keys=(ENDED,)),)), "validity"),
        (trust_of(quorum=3), "cosignatures"),
    ],
)
def test_keys_that_are_unknown_or_were_not_in_force_prove_nothing(trust: Trust, name: str) -> None:
    assert name in failed(verify_answer(Answered(cosigned_by=()).file(), trust, AT))


def test_a_log_whose_key_was_renewed_still_verifies_both_ways() -> None:
    renewed = log_key(OTHER_LOG, start="2026-12-01T00:00:00Z")
    old = log_key(LOG_SIGNER, end="2026-12-01T00:00:00Z")
    trust = trust_of(zones=(zone_of(log_keys=(old, renewed)),))
    assert verify_answer(Answered(later=5).file(), trust, AT).valid


def test_an_answer_from_the_future_is_refused_where_the_moment_is_known() -> None:
    file = Answered(cosigned_by=WITNESSES).file()
    assert failed(verify_answer(file, trust_of(), AT - timedelta(hours=1))) == ["cosignatures", "validity"]
    assert verify_answer(file, trust_of(), None).valid


def test_the_last_of_a_batch_is_bound_to_its_own_place() -> None:
    first = Answered(positions=1).file()
    moved = first.replace(b'"position":0', b'"position":1')
    assert failed(verify_answer(moved, trust_of(), AT)) == ["question-binding"]
    second = Answered(positions=3).file().replace(b'"position":2', b'"position":1')
    assert failed(verify_answer(second, trust_of(), AT)) == ["question-binding"]


def test_two_keys_of_one_witness_count_as_one() -> None:
    renewed = NoteSigner("witness-1", key("witness-1", "renewed"), COSIGNATURE_V1)
    vkeys = tuple(one.verifier.vkey for one in (*WITNESSES, renewed))
    file = Answered(cosigned_by=(WITNESSES[0], renewed)).file()
    report = verify_answer(file, trust_of(witnesses=vkeys, quorum=1), AT)
    assert (report.valid, report.witnesses) == (True, ("witness-1",))
    assert failed(verify_answer(file, trust_of(witnesses=vkeys, quorum=2), AT)) == ["cosignatures"]


def test_an_answer_that_was_given_again_is_bound_to_both_tries() -> None:
    day = 24 * 3600
    assert verify_answer(Answered(again=SECONDS + day).file(), trust_of(), AT).valid
    stranger = Answered(again=SECONDS + day, bank_again=key("bank-b/1"))
    assert failed(verify_answer(stranger.file(), trust_of(), AT)) == ["question-signature"]
    other = Institution(id="bank-b", keys=(trusted(key("bank-b/1")),))
    both = trust_of(institutions=(*trust_of().institutions, other))
    assert failed(verify_answer(stranger.file(), both, AT)) == ["question-binding"]


def test_an_answer_that_was_given_again_is_signed_by_the_key_of_then() -> None:
    ends, day = "2026-11-22T12:00:00Z", 24 * 3600
    keys = (trusted(key("zone/1"), end=ends), trusted(key("zone/2"), start=ends))
    trust = trust_of(zones=(zone_of(answer_keys=keys),))
    assert verify_answer(Answered(again=SECONDS + day, zone=key("zone/2")).file(), trust, AT).valid
    assert failed(verify_answer(Answered(again=SECONDS + day).file(), trust, AT)) == ["validity"]
    assert failed(verify_answer(Answered(zone=key("zone/2")).file(), trust, AT)) == ["validity"]


def test_an_unreached_check_is_told_and_is_not_valid() -> None:
    report = verify_answer(b"{}", trust_of(), AT)
    assert [check.outcome for check in report.checks] == [Outcome.FAILS, *[Outcome.UNREACHED] * 13]
    assert not report.valid


def test_evidence_that_nobody_can_check_here_does_not_hold() -> None:
    """A passkey and attending officers need checkers; with them it is the checker that says."""
    letter, bare = attended_file()
    file = Answered(letter=letter, with_letter=bare).file()
    assert failed(verify_answer(file, trust_of(), AT)) == ["letter-evidence"]
    for verdict in (True, False):
        checkers = EvidenceCheckers(lambda *given: False, lambda *given, said=verdict: said)
        assert verify_answer(file, trust_of(), AT, None, checkers).valid is verdict


def test_the_grantors_own_key_is_asked_for() -> None:
    signer = SignedBy(id="G-another", capacity="self", proof=letter_document().signer.proof)
    other = letter_document(signer=signer)
    file = Answered(letter=other, with_letter=letter_file(other, GRANTOR)).file()
    assert failed(verify_answer(file, trust_of(), AT)) == ["letter-evidence"]
