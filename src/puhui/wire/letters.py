"""A letter of authorisation as it is signed, kept and shown to whoever checks it: form, digest, evidence by a key.

Promises: a letter has one byte form (RFC 8785) and one digest (SHA-256 of it); the reader takes no other form. Every
byte of a letter file is covered: the document by its digest, the evidence by being what the signature fits. What is
signed is separated by purpose: the signature under a letter is none under its revocation, enrolment or authority.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from puhui.model.refusal import Said
from puhui.model.refusals_question import KeyRefused, NotVerified
from puhui.wire.canonical import BadDocument, canonical, read_canonical
from puhui.wire.keys import SIGNATURE_SIZE, verifying
from puhui.wire.short_names import short_name

LETTER, ACT, ENROL, AUTHORITY = "puhui-letter-1", "puhui-letter-act-1", "puhui-enrol-1", "puhui-authority-1"
Mode = Literal["once", "periodic"]
Window = Literal["letter", "month", "year"]
_ATTENDED = b"attended "
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class _Form(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Root of the parts: no unknown key, every key is written."""


class Named(_Form, frozen=True):
    """A name in the two languages that people see."""

    zh: str
    en: str


class Grantor(_Form, frozen=True):
    """Who authorises: the kind and the normal form of an identifier (`uscc`, `ric`)."""

    kind: Literal["uscc", "ric"]
    value: str

    def __repr__(self) -> str:
        return f"Grantor({self.kind!r}, '…')"


class Grantee(_Form, frozen=True):
    """Who may ask, with the name of its admission record."""

    id: str
    name: Named


class Wording(_Form, frozen=True):
    """The pack's letter, the language it was shown in, and SHA-256 (base64) of the text that was shown."""

    letter: str
    language: Literal["zh", "en"]
    digest: str


class Use(_Form, frozen=True):
    """`once` (cap 1 in the letter's life) or `periodic`: at most `cap` answers in each window."""

    mode: Mode
    cap: int
    window: Window


class Proof(_Form, frozen=True):
    """How the signer's identity was proved: the city's eID, an electronic business licence, two officers. No names."""

    kind: Literal["eid", "licence", "attended"]
    reference: str


class SignedBy(_Form, frozen=True):
    """The signer's id (empty where two officers attended), in which capacity, and how the identity was proved."""

    id: str
    capacity: Literal["self", "representative", "agent", "guardian"]
    proof: Proof


class LetterDocument(_Form, frozen=True):
    """The letter. `items`: item of the catalogue → gate that the ticks open. Times are UTC to the second."""

    v: Literal[1]
    id: str
    zone: str
    grantor: Grantor
    institution: Grantee
    end_user: str
    purpose: str
    wording: Wording
    ticks: tuple[str, ...]
    items: dict[str, str]
    range_months: int
    use: Use
    retention_days: int
    start: str
    end: str
    stated: dict[str, str]  # name of a yes/no check → the value that the subject states
    signer: SignedBy


class KeyEvidence(_Form, frozen=True, tag="key", tag_field="way"):
    """A signature by an enrolled key over the domain and the digest. Texts are base64."""

    v: Literal[1]
    algorithm: str
    public: str
    signature: str


class PasskeyEvidence(_Form, frozen=True, tag="passkey", tag_field="way"):
    """A WebAuthn assertion whose challenge is the digest. `public`: the COSE key. Texts are base64."""

    v: Literal[1]
    public: str
    rp_id: str
    origin: str
    client_data: str
    authenticator_data: str
    signature: str


class OfficerSignature(_Form, frozen=True):
    """One officer who attended: name, Ed25519 key and signature (base64)."""

    name: str
    public: str
    signature: str


class AttendedEvidence(_Form, frozen=True, tag="attended", tag_field="way"):
    """Two officers saw the grantor sign the paper that `reference` names."""

    v: Literal[1]
    reference: str
    officers: tuple[OfficerSignature, OfficerSignature]


class LetterAct(_Form, frozen=True):
    """A subject's word about a letter: what is signed to decline, pause, resume or revoke it, in that very state."""

    v: Literal[1]
    zone: str
    letter: str
    digest: str
    act: Literal["declined", "paused", "resumed", "revoked"]
    version: int


class EnrolStatement(_Form, frozen=True):
    """What a new key signs: that its holder has it, and for whom it is enrolled."""

    v: Literal[1]
    zone: str
    subject: Grantor
    algorithm: str
    public: str


class AuthorityDocument(_Form, frozen=True):
    """A firm's representative lets an agent's key sign its letters. `agent`: the id of the agent's signer."""

    v: Literal[1]
    zone: str
    firm: Grantor
    agent: str
    purposes: tuple[str, ...]
    start: str
    end: str


Evidence = KeyEvidence | PasskeyEvidence | AttendedEvidence


class LetterFile(_Form, frozen=True):
    """What a grantor or a court keeps: the document and its evidence."""

    v: Literal[1]
    document: LetterDocument
    evidence: Evidence


T = TypeVar("T", bound=Struct)


def document_bytes(document: Struct) -> bytes:
    """The canonical bytes of a letter, an act, an enrolment or an evidence."""
    return canonical(msgspec.to_builtins(document))


def read_form(raw: bytes, form: type[T]) -> T:
    """The document of these bytes. Raises NotVerified unless they are its canonical form and no key is unknown."""
    try:
        read = msgspec.convert(read_canonical(raw), form, strict=True)
    except (BadDocument, msgspec.ValidationError):
        raise _not_a_letter() from None
    if document_bytes(read) != raw:  # a key that was left out stands for its default: two forms of one document
        raise _not_a_letter()
    return read


def read_letter(raw: bytes) -> LetterDocument:
    """The letter of these bytes. Raises NotVerified."""
    letter = read_form(raw, LetterDocument)
    if not time_of(letter.start) < time_of(letter.end):
        raise _not_a_letter()
    return letter


def digest_of(raw: bytes) -> bytes:
    """SHA-256 of a canonical document."""
    return sha256(raw).digest()


def message_of(domain: str, digest: bytes) -> bytes:
    """What a key signs: the domain, a line end, the digest."""
    return domain.encode() + b"\n" + digest


def attended_message(domain: str, digest: bytes, name: str, reference: str) -> bytes:
    """What an attending officer signs: domain, digest, and the digest of the own name and the paper's reference."""
    told = sha256(canonical({"name": name, "reference": reference})).digest()
    return _ATTENDED + message_of(domain, digest) + told


def signer_id(algorithm: str, public: bytes) -> str:
    """The id of a signer: its key's own, so that one key cannot be two signers."""
    fingerprint = sha256(algorithm.encode() + b"\0" + public).digest()
    return "G-" + short_name(fingerprint)


def key_evidence_holds(evidence: KeyEvidence, domain: str, digest: bytes) -> bool:
    """Whether the signature is that key's over the digest, and every text is base64 in its one form."""
    try:
        public, signature = bytes_of(evidence.public), bytes_of(evidence.signature)
        key = verifying("signer", evidence.algorithm, public)
    except (NotVerified, KeyRefused):
        return False
    return len(signature) == SIGNATURE_SIZE and key.verify(message_of(domain, digest), signature)


def write_letter_file(document: bytes, evidence: Evidence) -> bytes:
    """The letter file: canonical, of a document that is."""
    return document_bytes(LetterFile(v=1, document=read_letter(document), evidence=evidence))


@dataclass(frozen=True, slots=True)
class LetterChecked:
    """What a look at a letter file told. `evidence`: None where this way cannot be checked with what was given."""

    id: str
    digest: bytes
    way: str
    signer: bool  # the evidence is by the signer whom the document names
    evidence: bool | None


Passkey = Callable[[PasskeyEvidence, bytes], bool]
Attended = Callable[[AttendedEvidence, str, bytes], bool]


def check_letter_file(raw: bytes, *, passkey: Passkey | None = None, attended: Attended | None = None) -> LetterChecked:
    """Digest and evidence of a letter file. A key's evidence is checked here; the other ways need a checker.

    Raises NotVerified where the bytes are no letter file in canonical form.
    """
    file = read_form(raw, LetterFile)
    document = document_bytes(file.document)
    read_letter(document)
    digest, evidence = digest_of(document), file.evidence
    holds: bool | None = None
    if isinstance(evidence, KeyEvidence):
        holds = key_evidence_holds(evidence, LETTER, digest)
    elif isinstance(evidence, PasskeyEvidence) and passkey is not None:
        holds = passkey(evidence, digest)
    elif isinstance(evidence, AttendedEvidence) and attended is not None:
        holds = attended(evidence, LETTER, digest)
    way = type(evidence).__struct_config__.tag
    return LetterChecked(file.document.id, digest, str(way), names_signer(file.document.signer, evidence), holds)


def names_signer(signer: SignedBy, evidence: Evidence) -> bool:
    """Whether the evidence is by the signer whom a document names: its key's id, or none and the paper's reference."""
    if isinstance(evidence, AttendedEvidence):
        return signer.id == "" and (signer.proof.kind, signer.proof.reference) == ("attended", evidence.reference)
    algorithm = evidence.algorithm if isinstance(evidence, KeyEvidence) else "webauthn"
    try:
        return signer.id == signer_id(algorithm, bytes_of(evidence.public))
    except NotVerified:
        return False


def bytes_of(text: str) -> bytes:
    """The bytes of base64 in its one form. Raises NotVerified."""
    try:
        raw = b64decode(text, validate=True)
    except (BadBase64, ValueError):
        raise _not_a_letter() from None
    if text_of(raw) != text:
        raise _not_a_letter()
    return raw


def text_of(raw: bytes) -> str:
    """Base64 with padding."""
    return b64encode(raw).decode()


def time_of(text: str) -> datetime:
    """The moment of `2026-11-22T03:04:05Z`. Raises NotVerified."""
    if not _TIME.fullmatch(text):
        raise _not_a_letter()
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise _not_a_letter() from None


def time_text(moment: datetime) -> str:
    """`2026-11-22T03:04:05Z`: UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _not_a_letter() -> NotVerified:
    return NotVerified(
        Said("不是规范格式的授权书或凭证", "this is no letter or evidence in its canonical form"),
        todo=Said("使用专区导出的原文件，不要改动任何字节", "take the file as the zone gave it, no byte changed"),
    )
