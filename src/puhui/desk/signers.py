"""The stories of signers: enrol a key or a passkey after a real-name proof, let an agent sign, revoke.

Promises: whoever enrols shows to hold the key; a proof in attendance takes two officers; every enrolment and revocation
is in the log; with an agent's signer the letters that it signed end.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from puhui.consent.drafting import refused
from puhui.consent.evidence import WEBAUTHN, check_evidence, check_registration, registration_options
from puhui.consent.signers import Authority, Capacity, Enrolment, Signer, check_capacity, enrolled
from puhui.desk.endings import revoke_with_agents
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.refused import SIGNER, by_officer, refusals_noted, token_of
from puhui.desk.roles import check_may_propose
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed
from puhui.model.refusals_question import SignerRefused
from puhui.model.subject import Identifier, Subject
from puhui.wire.letters import (
    AUTHORITY,
    ENROL,
    AuthorityDocument,
    EnrolStatement,
    Evidence,
    Grantor,
    KeyEvidence,
    Proof,
    bytes_of,
    digest_of,
    document_bytes,
    key_evidence_holds,
    read_form,
    signer_id,
    text_of,
    time_of,
)

EnrolledBy = Sequence[str]  # officers, each proved by a key


@dataclass(frozen=True, slots=True)
class SignedAuthority:
    """An agent's authority as the representative signed it."""

    document: bytes = field(repr=False)
    evidence: Evidence = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """Who is to be enrolled. `person`: who holds the key, where the subject is a firm or a ward."""

    subject: Identifier
    capacity: Capacity
    proof: Proof
    person: Identifier | None = None
    authority: SignedAuthority | None = None


def enrol_statement(rooms: LetterRooms, subject: Identifier, algorithm: str, public: bytes) -> bytes:
    """What the new key signs, under the domain ENROL, or whose digest is a passkey's challenge (without the key)."""
    grantor = Grantor(kind="ric" if subject.kind == "ric" else "uscc", value=subject.value)
    statement = EnrolStatement(v=1, zone=rooms.zone, subject=grantor, algorithm=algorithm, public=text_of(public))
    return document_bytes(statement)


def passkey_challenge(rooms: LetterRooms, subject: Identifier) -> bytes:
    """What a new passkey of a subject answers: the statement's digest, so that no other subject's answer is taken for
    it. One that was taken is a signer already, so an answer is good once."""
    return digest_of(enrol_statement(rooms, subject, WEBAUTHN, b""))


def passkey_options(rooms: LetterRooms, subject: Identifier) -> dict[str, Any]:
    """The options of the WebAuthn API under which a browser makes a passkey, in their JSON form; no identifier."""
    return registration_options(passkey_challenge(rooms, subject), rooms.party)


def enrol_key(rooms: LetterRooms, request: Request, possession: KeyEvidence, *, by: EnrolledBy) -> Signer:
    """Enrol a key whose holder signed the statement. Raises SignerRefused, EvidenceRefused, NotAllowed, NoSubject."""
    with _noting(rooms, request, by):
        public = bytes_of(possession.public)
        statement = enrol_statement(rooms, request.subject, possession.algorithm, public)
        if not key_evidence_holds(possession, ENROL, digest_of(statement)):
            raise _refused("未能证明持有该密钥", "the holder did not show to have the key", "possession")
        return _enrol(rooms, request, possession.algorithm, public, by=by)


def enrol_passkey(
    rooms: LetterRooms, request: Request, credential: dict[str, object], challenge: bytes, *, by: EnrolledBy
) -> Signer:
    """Enrol the passkey that answered a challenge of ours, with its user verified, on the zone's own origin."""
    with _noting(rooms, request, by):
        public, credential_id, count = check_registration(credential, challenge, rooms.party)
        return _enrol(rooms, request, WEBAUTHN, public, by=by, credential=credential_id, sign_count=count)


def _noting(rooms: LetterRooms, request: Request, by: EnrolledBy) -> AbstractContextManager[None]:
    about = token_of(rooms.find, request.subject)
    return refusals_noted(rooms, SIGNER, "enrol-signer", by=by, about=about)


def _enrol(
    rooms: LetterRooms,
    request: Request,
    algorithm: str,
    public: bytes,
    *,
    by: EnrolledBy,
    credential: bytes = b"",
    sign_count: int = 0,
) -> Signer:
    _check_officers(rooms, request.proof, by)
    at = rooms.now()
    subject = rooms.find(request.subject)
    person = rooms.find(request.person) if request.person else None
    enrolment = Enrolment(
        subject,
        person,
        request.capacity,
        algorithm,
        public,
        request.proof,
        _authority(rooms, request, subject, signer_id(algorithm, public), at),
        credential,
        sign_count,
    )
    signer = enrolled(enrolment, rooms.signers, rooms.register, list(rooms.officers.keys().values()), at)
    rooms.signers.enrol(signer, by=", ".join(by), at=at)
    return signer


def _check_officers(rooms: LetterRooms, proof: Proof, by: EnrolledBy) -> None:
    for name in by:
        check_may_propose(rooms.officers, "enrol-signer", by=name)
    needed = 2 if proof.kind == "attended" else 1
    if len({name for name in by if name.strip()}) < needed:
        raise NotAllowed(
            Said("当面核验须由两名不同的经办人办理", "a proof in attendance takes two different officers"),
            todo=Said("请另一位经办人一同办理", "a second officer takes part with the own key"),
        )


def _authority(rooms: LetterRooms, request: Request, firm: Subject, agent: str, at: datetime) -> Authority | None:
    """The authority of an agent, checked: this firm, this agent's key, dated, signed by a representative's signer."""
    if request.capacity != "agent" or request.authority is None:
        return None
    signed = request.authority
    document = read_form(signed.document, AuthorityDocument)
    said = (document.zone, document.firm.kind, document.firm.value, document.agent)
    if said != (rooms.zone, request.subject.kind, request.subject.value, agent):
        raise _refused("代理授权不是为该单位和该密钥签署", "the authority is not for this firm and key", "authority")
    giver = signer_of(rooms, signed.evidence, firm)
    if giver is None or giver.capacity != "representative":
        raise _refused("代理授权须由法定代表人签署", "a representative signs an authority", "authority")
    check_capacity(giver, rooms.signers, rooms.register, at)
    count = check_evidence(
        signed.evidence,
        AUTHORITY,
        digest_of(signed.document),
        enrolled=giver.key,
        officers=rooms.officers.keys(),
        party=rooms.party,
    )
    rooms.book.used(giver.id, count)
    digest = text_of(digest_of(signed.document))
    return Authority(digest, giver.id, document.purposes, time_of(document.start), time_of(document.end))


def signer_of(rooms: LetterRooms, evidence: Evidence, subject: Subject) -> Signer | None:
    """The subject's enrolled signer whose key an evidence names; None where it names none (attended)."""
    if not hasattr(evidence, "public"):
        return None
    algorithm = evidence.algorithm if isinstance(evidence, KeyEvidence) else WEBAUTHN
    signer = rooms.signers.signer(signer_id(algorithm, bytes_of(evidence.public)))
    if signer is None or signer.state != "enrolled" or signer.subject != subject.token:
        raise _refused("该签署人未为此主体登记", "the signer is not enrolled for this subject", "signer")
    return signer


@by_officer("revoke-signer")
def revoke_signer(rooms: LetterRooms, signer_id: str, *, by: str, reason: str) -> Signer:
    """A key that is lost, or an agent's authority that is withdrawn. An agent's letters end with it."""
    signer = rooms.signers.signer(signer_id)
    if signer is None:
        raise refused("没有该编号的签署人", "there is no signer of this id", "signer")
    check_may_propose(rooms.officers, "revoke-signer", by=by)
    revoke_with_agents(rooms.book, rooms.signers, signer, reason=reason, by=by, at=rooms.now())
    return replace(signer, state="revoked")


def _refused(zh: str, en: str, where: str) -> SignerRefused:
    return SignerRefused(
        Said(zh, en), todo=Said("按实名登记的规则办理", "enrol by the rules of the real-name proof"), where=where
    )
