"""Signers: a key or passkey bound to one subject after a real-name proof; and who may sign in whose name.

Promises: one key is one signer of one subject (its id is the key's own); an institution's or an officer's key never
becomes a subject's; a firm's signer is a person whom the register names as its representative, or an agent whose dated
authority a representative signed; nobody under 18 signs for credit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

from puhui.consent.caps import CREDIT, is_minor
from puhui.consent.evidence import WEBAUTHN, EnrolledKey
from puhui.model.refusal import Said
from puhui.model.refusals_question import SignerRefused
from puhui.model.subject import KIND_OF_LETTER, TOKEN_KIND_AT, Identifier, Subject, SubjectKind
from puhui.wire.letters import Proof, signer_id

Capacity = Literal["self", "representative", "agent", "guardian"]
ORGANISATIONS = (SubjectKind.ENTERPRISE, SubjectKind.PUBLIC_INSTITUTION, SubjectKind.SOCIAL_ORGANISATION)
GUARDED_BELOW = 18  # guardians sign for who is younger (民法典 art. 17-20), never for credit
CIVIL_170 = "民法典 第一百七十条 (Civil Code art. 170)"
CIVIL_13 = "民法典 第十三条、第五十九条 (Civil Code art. 13, 59)"
CIVIL_23 = "民法典 第二十三条 (Civil Code art. 23)"


@dataclass(frozen=True, slots=True)
class Authority:
    """An agent's power: for which purposes, from when until when, signed by which representative's signer."""

    digest: str  # base64, of the signed authority
    by: str
    purposes: tuple[str, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Signer:
    """An enrolled key or passkey. `person`: token of who signs where the subject is a firm, or of a guardian."""

    id: str
    subject: str
    person: str
    capacity: Capacity
    algorithm: str  # ed25519 | sm2-sm3 | webauthn
    public: bytes = field(repr=False)
    proof: Proof
    enrolled_at: datetime
    state: Literal["enrolled", "revoked"] = "enrolled"
    authority: Authority | None = None
    credential: bytes = field(default=b"", repr=False)  # a passkey's id
    sign_count: int = 0

    @property
    def key(self) -> EnrolledKey:
        return EnrolledKey(self.algorithm, self.public, self.sign_count)

    @property
    def method(self) -> str:
        return "passkey" if self.algorithm == WEBAUTHN else "key"


class SignerBook(Protocol):
    """The enrolled signers. Each writing method is one transaction with its event."""

    def signer(self, signer: str) -> Signer | None: ...

    def signers_of(self, token: str) -> Sequence[Signer]:
        """Of a subject, revoked ones too."""

    def signers_held_by(self, person: str) -> Sequence[Signer]:
        """That a person (token) holds for a firm or a ward, revoked ones too."""

    def subjects(self) -> Sequence[str]:
        """Whose signers are enrolled, and the persons who hold them, each once."""

    def enrol(self, signer: Signer, *, by: str, at: datetime) -> None:
        """Raises SignerRefused where the key is a signer already. Event `signer-enrolled`."""

    def revoke_signer(self, signer: Signer, *, by: str, at: datetime, reason: str) -> None:
        """Event `signer-revoked`. Repeatable."""

    def institution_holds(self, algorithm: str, public: bytes) -> bool:
        """Whether any institution has or had this key."""


class Register(Protocol):
    """What the register says of people and firms, as known now."""

    def represents(self, person: str, firm: str) -> bool:
        """Whether a person (token) is a firm's (token) legal representative, or operates it."""

    def ended(self, *tokens: str) -> str:
        """Why one of the subjects is no more (`death`, `deregistered`, `licence-revoked`); empty: all are."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is enrolled: whose key, in which capacity, proved how. `person`: who holds it, where not the subject."""

    subject: Subject
    person: Subject | None
    capacity: Capacity
    algorithm: str
    public: bytes = field(repr=False)
    proof: Proof
    authority: Authority | None = None
    credential: bytes = field(default=b"", repr=False)
    sign_count: int = 0


def enrolled(
    enrolment: Enrolment, book: SignerBook, register: Register, officers: Sequence[bytes], at: datetime
) -> Signer:
    """The signer that an enrolment makes. `officers`: raw keys of the zone's own people. Raises SignerRefused."""
    _check_key(enrolment, book, officers)
    _check_capacity(enrolment, book, register, at)
    return Signer(
        id=signer_id(enrolment.algorithm, enrolment.public),
        subject=enrolment.subject.token,
        person=enrolment.person.token if enrolment.person else "",
        capacity=enrolment.capacity,
        algorithm=enrolment.algorithm,
        public=enrolment.public,
        proof=enrolment.proof,
        enrolled_at=at,
        authority=enrolment.authority,
        credential=enrolment.credential,
        sign_count=enrolment.sign_count,
    )


def _check_key(enrolment: Enrolment, book: SignerBook, officers: Sequence[bytes]) -> None:
    if book.institution_holds(enrolment.algorithm, enrolment.public):
        raise _refused("该密钥属于机构，不能登记为主体的签署密钥", "the key is an institution's", "key")
    if enrolment.public in officers:
        raise _refused("该密钥属于经办人，不能登记为主体的签署密钥", "the key is an officer's", "key")
    if book.signer(signer_id(enrolment.algorithm, enrolment.public)) is not None:
        raise _refused("该密钥已登记", "the key is a signer already: each subject has keys of its own", "key")
    if not enrolment.proof.reference.strip():
        raise _refused("缺少实名核验的编号", "the real-name proof has no reference", "proof")
    if enrolment.proof.kind == "licence" and enrolment.subject.kind is SubjectKind.PERSON:
        raise _refused("电子营业执照不能证明自然人", "a business licence proves no natural person", "proof")


def _check_capacity(enrolment: Enrolment, book: SignerBook, register: Register, at: datetime) -> None:
    subject, person = enrolment.subject, enrolment.person
    check_stands(subject.token, person.token if person else "", register)
    if enrolment.capacity == "self":
        if subject.kind in ORGANISATIONS or (person and person != subject):
            raise _refused("单位须由有权代表的人签署", "a firm signs by a person who may", "capacity", CIVIL_170)
        if subject.kind is SubjectKind.SOLE_TRADER and enrolment.proof.kind == "eid":
            raise _refused("电子身份证明的是自然人，不是其经营", "an eID proves a person, not a business", "proof")
        return
    if person is None or person.kind is not SubjectKind.PERSON or person == subject:
        raise _refused("须写明签署的自然人", "the person who signs is to be named", "person")
    signer = Signer(
        "", subject.token, person.token, enrolment.capacity, enrolment.algorithm, enrolment.public, enrolment.proof, at,
        authority=enrolment.authority,
    )  # fmt: skip
    check_capacity(signer, book, register, at)


def check_capacity(signer: Signer, book: SignerBook, register: Register, at: datetime) -> None:
    """Whether the signer may still act for the subject: looked at when enrolled and at every signature."""
    a_person = KIND_OF_LETTER[signer.subject[TOKEN_KIND_AT]] is SubjectKind.PERSON
    match signer.capacity:
        case "representative":
            if a_person or not register.represents(signer.person, signer.subject):
                raise _refused("登记信息中该人不是法定代表人", "the register does not name them", "register", CIVIL_170)
        case "agent":
            if a_person:
                raise _refused("自然人不由代理人签署", "a person signs in person", "capacity")
            _check_authority(signer, book, register, at)
        case "guardian":
            if not a_person or signer.proof.kind != "attended":
                raise _refused(
                    "监护关系须由两名经办人当面核验", "two officers see the paper of guardianship", "proof", CIVIL_23
                )


def _check_authority(signer: Signer, book: SignerBook, register: Register, at: datetime) -> None:
    authority = signer.authority
    if authority is None or not authority.start <= at < authority.end:
        raise _refused("代理授权不在有效期内", "the agent's authority is not in force", "authority", CIVIL_170)
    giver = book.signer(authority.by)
    told = (giver.subject, giver.capacity, giver.state) if giver else None
    if giver is None or told != (signer.subject, "representative", "enrolled"):
        raise _refused("代理授权不是由法定代表人签署", "no representative signed the authority", "authority", CIVIL_170)
    check_capacity(giver, book, register, at)


def check_may_sign(
    signer: Signer,
    subject: Subject,
    grantor: Identifier,
    purpose: str,
    book: SignerBook,
    register: Register,
    at: datetime,
    day: date,
) -> None:
    """Whether a signer may sign a letter of this purpose for this subject now. Raises SignerRefused."""
    if signer.state != "enrolled" or signer.subject != subject.token:
        raise _refused("该签署人未为此主体登记", "the signer is not enrolled for this subject", "signer")
    check_age(grantor, signer.capacity, purpose, day)
    check_stands(subject.token, signer.person, register)
    check_capacity(signer, book, register, at)
    if signer.capacity == "agent" and (signer.authority is None or purpose not in signer.authority.purposes):
        raise _refused("代理授权不含该用途", "the agent's authority is not for this purpose", "authority", CIVIL_170)


def check_stands(token: str, person: str, register: Register) -> None:
    """Nobody who has ended signs, and nobody signs for them. Raises SignerRefused."""
    if register.ended(*(one for one in (token, person) if one)):
        raise _refused(
            "登记信息显示该主体已死亡、注销或吊销", "the register says that they are no more", "register", CIVIL_13
        )


def check_age(grantor: Identifier, capacity: str, purpose: str, day: date) -> None:
    """No letter for credit under 18, by nobody; a minor's other letters are the guardian's. Raises SignerRefused."""
    if grantor.kind != "ric":
        return
    minor = is_minor(grantor.value, day)
    if minor and purpose in CREDIT:
        raise _refused("未满十八周岁不得签署贷款授权书", "nobody under 18 signs for credit", "age")
    if minor and capacity != "guardian":
        raise _refused(
            "未成年人的授权书由监护人签署", "a guardian signs for a minor", "age", "个人信息保护法 第三十一条"
        )
    if not minor and capacity == "guardian":
        raise _refused("成年人应本人签署", "who is 18 signs in person", "age")


def _refused(zh: str, en: str, where: str, article: str = "") -> SignerRefused:
    return SignerRefused(
        Said(zh, en),
        todo=Said("按实名登记的规则办理", "enrol a signer by the rules of the real-name proof"),
        article=article,
        where=where,
    )
