"""Who signs a letter: the signer whom its document names, enrolled for the subject, or two officers who attended.

Promises: the evidence is that very signer's and of those very bytes; whether the signer may still act for the subject
is looked at when it signs, not when it was enrolled.
"""

from __future__ import annotations

from typing import Literal

from puhui.consent.caps import zone_day
from puhui.consent.evidence import check_evidence
from puhui.consent.signers import Signer, check_age, check_may_sign, check_stands
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.refused import LETTER, refusals_noted, token_of
from puhui.model.refusal import Said
from puhui.model.refusals_question import EvidenceRefused, SignerRefused
from puhui.model.subject import Identifier, Subject, SubjectKind
from puhui.wire.keys import Verifying
from puhui.wire.letters import Evidence, LetterDocument, Proof, SignedBy, names_signer, signer_id


def signer_with(rooms: LetterRooms, key: Verifying, about: Identifier) -> Signer:
    """The enrolled signer who holds a key, to sign for that subject. Raises SignerRefused: the key is nobody's here."""
    with refusals_noted(rooms, LETTER, "sign-letter", about=token_of(rooms.find, about)):
        signer = rooms.signers.signer(signer_id(key.algorithm, key.public))
        if signer is None:
            raise not_enrolled()
        return signer


def check_signed(
    rooms: LetterRooms,
    document: LetterDocument,
    evidence: Evidence,
    subject: Subject,
    grantor: Identifier,
    person: Identifier | None,
) -> None:
    """Whether the evidence is by the signer whom the document names, and whether that one may sign it."""
    named, now = document.signer, rooms.now()
    if not names_signer(named, evidence):
        raise _not_the_signer()
    signer = signer_named(rooms, named)
    if signer is None:
        _check_attended(rooms, named, subject, grantor, document.purpose, person)
        return
    check_may_sign(signer, subject, grantor, document.purpose, rooms.signers, rooms.register, now, zone_day(now))
    if (signer.capacity, signer.proof) != (named.capacity, named.proof):
        raise _not_the_signer()


def signer_named(rooms: LetterRooms, named: SignedBy) -> Signer | None:
    """The enrolled signer whom a document names; None where it names none (attended). Raises SignerRefused."""
    if not named.id:
        return None
    signer = rooms.signers.signer(named.id)
    if signer is None:
        raise not_enrolled()
    return signer


def _check_attended(
    rooms: LetterRooms,
    named: SignedBy,
    subject: Subject,
    grantor: Identifier,
    purpose: str,
    person: Identifier | None,
) -> None:
    """Two officers saw it: a person, a ward's guardian with the papers, or a firm's representative by the register."""
    check_age(grantor, named.capacity, purpose, zone_day(rooms.now()))
    check_stands(subject.token, rooms.find(person).token if person else "", rooms.register)
    if subject.kind in (SubjectKind.PERSON, SubjectKind.SOLE_TRADER):
        if named.capacity == "representative":
            raise _not_the_signer()
    elif (
        named.capacity != "representative"
        or person is None
        or not rooms.register.represents(rooms.find(person).token, subject.token)
    ):
        raise not_enrolled()


def signed_by(signer: Signer) -> SignedBy:
    """An enrolled signer as a document names it."""
    return SignedBy(id=signer.id, capacity=signer.capacity, proof=signer.proof)


def attended_by(capacity: Literal["self", "representative", "guardian"], reference: str) -> SignedBy:
    """A signature in attendance as a document names it."""
    return SignedBy(id="", capacity=capacity, proof=Proof(kind="attended", reference=reference))


def check_holds(rooms: LetterRooms, evidence: Evidence, domain: str, digest: bytes, signer: Signer | None) -> None:
    """Whether the evidence is this signer's (None: two officers'), and of this digest; a passkey's count moves on."""
    key = signer.key if signer else None
    count = check_evidence(evidence, domain, digest, enrolled=key, officers=rooms.officers.keys(), party=rooms.party)
    if signer is not None:
        rooms.book.used(signer.id, count)


def _not_the_signer() -> EvidenceRefused:
    return EvidenceRefused(
        Said("凭证不是授权书所写的签署人作出的", "the evidence is not by the signer whom the letter names"),
        todo=Said("由授权书写明的签署人签署", "the signer named in the letter signs"),
        where="signer",
    )


def not_enrolled() -> SignerRefused:
    """The key is nobody's signer, or not this subject's."""
    return SignerRefused(
        Said("该签署人未为此主体登记", "the signer is not enrolled for this subject"),
        todo=Said("先完成实名登记", "enrol the signer after a real-name proof first"),
        where="signer",
    )
