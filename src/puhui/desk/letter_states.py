"""What becomes of a signed letter: paused, resumed, revoked, declined, ended by law, expired; and who looks at it.

Promises: a change that was acknowledged is seen by every answer committed after it; to revoke takes no more than to
sign; a staff member's look at a letter is in the log before it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from puhui.consent.book import SUBJECT_KEY
from puhui.consent.evidence import WEBAUTHN
from puhui.consent.letter import Act, Letter, moved
from puhui.consent.sealing import open_sealed
from puhui.consent.signers import Signer, check_capacity
from puhui.desk.endings import end_open
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.letter_signing import check_holds, not_enrolled
from puhui.desk.letters import identifier_of, open_proposal, stored_letter, unknown_letter
from puhui.desk.refused import GUARDED_LETTERS, by_officer, refusals_noted, token_of
from puhui.desk.refused import LETTER as REFUSED
from puhui.desk.roles import check_may_propose
from puhui.model.question import BasisKind
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed
from puhui.model.subject import Identifier
from puhui.wire.letters import (
    ACT,
    AttendedEvidence,
    Evidence,
    KeyEvidence,
    LetterAct,
    bytes_of,
    digest_of,
    document_bytes,
    signer_id,
)

Word = Literal["declined", "paused", "resumed", "revoked"]
LEAST_REASON = 4
ACTS: Mapping[Word, str] = {
    "declined": "decline-letter",
    "paused": "pause-letter",
    "resumed": "resume-letter",
    "revoked": "revoke-letter",
}


def act_document(rooms: LetterRooms, letter_id: str, word: Word) -> bytes:
    """What is signed to decline, pause, resume or revoke a letter in its present state."""
    letter = stored_letter(rooms, letter_id).letter
    act = LetterAct(
        v=1, zone=rooms.zone, letter=letter.id, digest=letter.digest.hex(), act=word, version=letter.version
    )
    return document_bytes(act)


def change_letter(rooms: LetterRooms, letter_id: str, word: Word, evidence: Evidence) -> Letter:
    """Pause, resume or revoke by a signer of the subject, or by two officers who attended."""
    with refusals_noted(rooms, REFUSED, ACTS[word], about=lambda: _whose(rooms, letter_id), guarded=GUARDED_LETTERS):
        letter = stored_letter(rooms, letter_id).letter
        if word == "declined" or not letter.subject:
            raise unknown_letter()
        signer = _speaker(rooms, evidence, letter.subject)
        if signer is not None and word == "resumed":  # to open again asks as much as to sign
            check_capacity(signer, rooms.signers, rooms.register, rooms.now())
        check_holds(rooms, evidence, ACT, digest_of(act_document(rooms, letter_id, word)), signer)
        return _moved(rooms, letter, Act(word), signer, evidence)


def decline_letter(rooms: LetterRooms, letter_id: str, grantor: Identifier, evidence: Evidence) -> Letter:
    """The subject's "no" to a proposal for its own identifier. The proposer sees nothing of it."""
    about = token_of(rooms.find, grantor)
    with refusals_noted(rooms, REFUSED, ACTS["declined"], about=about, guarded=GUARDED_LETTERS):
        open_proposal(rooms, grantor, letter_id=letter_id)
        signer = _speaker(rooms, evidence, rooms.find(identifier_of(rooms, grantor)).token)
        check_holds(rooms, evidence, ACT, digest_of(act_document(rooms, letter_id, "declined")), signer)
        return _moved(rooms, stored_letter(rooms, letter_id).letter, Act.DECLINE, signer, evidence)


def _whose(rooms: LetterRooms, letter_id: str) -> str:
    """Of whom a refused change may be told: a letter's subject. Other bases may be hidden from theirs."""
    found = rooms.book.stored(letter_id)
    return found.letter.subject if found is not None and found.letter.basis is BasisKind.LETTER else ""


def _speaker(rooms: LetterRooms, evidence: Evidence, token: str) -> Signer | None:
    """The subject's enrolled signer whose evidence this is; None: two officers say that they attended."""
    if isinstance(evidence, AttendedEvidence):
        return None
    algorithm = evidence.algorithm if isinstance(evidence, KeyEvidence) else WEBAUTHN
    signer = rooms.signers.signer(signer_id(algorithm, bytes_of(evidence.public)))
    if signer is None or signer.state != "enrolled" or signer.subject != token:
        raise not_enrolled()
    return signer


def _moved(rooms: LetterRooms, letter: Letter, act: Act, signer: Signer | None, evidence: Evidence) -> Letter:
    detail = {"evidence": digest_of(document_bytes(evidence)).hex()}
    by = signer.id if signer else "attended"
    return rooms.book.move(moved(letter, act, by=by, at=rooms.now(), detail=detail))


@by_officer("end-letters")
def end_letters(rooms: LetterRooms, identifier: Identifier, *, reason: str, by: str) -> list[Letter]:
    """End all letters of a subject: death, deregistration, or another reason of REASONS."""
    check_may_propose(rooms.officers, "end-letters", by=by)
    token = rooms.find(identifier_of(rooms, identifier)).token
    return end_letters_of(rooms, rooms.book.of_subject(token), reason=reason, by=by)


def end_letters_of(rooms: LetterRooms, letters: Sequence[Letter], *, reason: str, by: str) -> list[Letter]:
    """End those of the letters that are in force or paused."""
    return end_open(rooms.book, letters, reason=reason, by=by, at=rooms.now())


def expire_letters(rooms: LetterRooms) -> list[Letter]:
    """Write down what time has done. Nobody waits for it: an answer looks at the dates themselves. Repeatable."""
    now = rooms.now()
    return [rooms.book.move(moved(one, Act.EXPIRE, by="upkeep", at=now)) for one in rooms.book.due(now)]


def letter_facts(letter: Letter) -> dict[str, Any]:
    """What a row says, without token and identifier."""
    return {
        "letter": letter.id,
        "basis": letter.basis.value,
        "state": letter.state.value,
        "version": letter.version,
        "institution": letter.institution,
        "end_user": letter.end_user,
        "wording": letter.wording,
        "purpose": letter.purpose,
        "items": dict(letter.items),
        "use": {"mode": letter.mode, "cap": letter.cap, "window": letter.window, "used": letter.uses},
        "range_months": letter.range_months,
        "retention_days": letter.retention_days,
        "start": letter.start,
        "end": letter.end,
        "digest": letter.digest.hex(),
        "signer": letter.signer,
    }


@by_officer("look-at-letter")
def letter_file(rooms: LetterRooms, letter_id: str, *, by: str, reason: str) -> bytes:
    """The letter file for its subject or a court: document and evidence. The look is logged first."""
    stored = stored_letter(rooms, letter_id)
    if not by.strip() or len(reason.strip()) < LEAST_REASON:
        raise NotAllowed(
            Said("导出授权书须写明经办人和事由", "an officer and a reason are needed to hand a letter out"),
            todo=Said("用 --by 和 --reason 写明", "give --by and --reason"),
        )
    if stored.sealed.key_id != SUBJECT_KEY or not stored.letter.subject:
        raise unknown_letter()
    rooms.book.access(stored.letter, by=by, at=rooms.now(), reason=reason)
    return open_sealed(rooms.records.record_key(stored.letter.subject), stored.sealed.body, letter_id)
