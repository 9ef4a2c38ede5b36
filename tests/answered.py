"""An answer as a bank keeps it, made with the wire's own functions: two messages, a letter, a log, three witnesses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec

from puhui.model.question import Receipt
from puhui.wire.answers import (
    AnswerFile,
    BasisForm,
    ItemForm,
    RecordForm,
    RequestForm,
    ResponseForm,
    answer_id,
    encode_answer,
    encode_record,
    kept_headers,
    moment,
    write_answer_file,
)
from puhui.wire.canonical import canonical
from puhui.wire.http_signatures import HttpRequest, SignedRequest, parse_request, raw, sign_answer, sign_request
from puhui.wire.keys import Ed25519Signing
from puhui.wire.letters import (
    LETTER,
    AttendedEvidence,
    Grantee,
    Grantor,
    KeyEvidence,
    LetterDocument,
    Named,
    OfficerSignature,
    Proof,
    SignedBy,
    Use,
    Wording,
    digest_of,
    document_bytes,
    message_of,
    signer_id,
    text_of,
    write_letter_file,
)
from puhui.wire.messages import digest_in_batch
from puhui.wire.notes import COSIGNATURE_V1, Checkpoint, Note, NoteSigner, TlogProof, encode_base64, sign_checkpoint
from puhui.wire.tlog import Frontier, grow, leaf_hash
from puhui.wire.trust import Institution, Letters, LogKey, Trust, TrustedKey, Zone

ORIGIN = "puhui/360500/a1"
AT = datetime(2026, 11, 22, 3, 4, 5, 123000, UTC)
SECONDS = int(AT.timestamp())
HEX = sha256(b"definition").hexdigest()


def key(key_id: str, name: str = "") -> Ed25519Signing:
    """A key made of its own name."""
    return Ed25519Signing.of_seed(key_id, sha256((name or key_id).encode()).digest())


BANK, ZONE, LOG, GRANTOR = key("bank-a/1"), key("zone/1"), key("log/1"), key("grantor")
WITNESSES = tuple(NoteSigner(f"witness-{n}", key(f"witness-{n}"), COSIGNATURE_V1) for n in (1, 2, 3))
LOG_SIGNER = NoteSigner(ORIGIN, LOG)


def trusted(made: Ed25519Signing, start: str = "2026-01-01T00:00:00Z", end: str = "") -> TrustedKey:
    public = text_of(made.verifying().public)
    return TrustedKey(id=made.id, algorithm="ed25519", public=public, start=start, end=end)


def log_key(signer: NoteSigner, start: str = "2026-01-01T00:00:00Z", end: str = "") -> LogKey:
    key = signer.verifier
    return LogKey(vkey=key.vkey, algorithm=key.algorithm, start=start, end=end)


def zone_of(**other: Any) -> Zone:
    said = {
        "origin": ORIGIN,
        "answer_keys": (trusted(ZONE),),
        "log_keys": (log_key(LOG_SIGNER),),
        "letters": Letters(rp_id="zone.example", origins=("https://zone.example",), officers=()),
    }
    return Zone(**{**said, **other})


def trust_of(**other: Any) -> Trust:
    said = {
        "v": 1,
        "zones": (zone_of(),),
        "institutions": (Institution(id="bank-a", keys=(trusted(BANK),)),),
        "witnesses": tuple(signer.verifier.vkey for signer in WITNESSES),
        "quorum": 0,
    }
    return Trust(**{**said, **other})


def letter_document(**other: Any) -> LetterDocument:
    said = {
        "v": 1,
        "id": "L-1",
        "zone": ORIGIN,
        "grantor": Grantor(kind="uscc", value="91360500MA35000000"),
        "institution": Grantee(id="bank-a", name=Named(zh="甲银行", en="Bank A")),
        "end_user": "bank-a",
        "purpose": "lending",
        "wording": Wording(letter="tax-loan", language="zh", digest=encode_base64(sha256(b"wording").digest())),
        "ticks": ("tax",),
        "items": {"SWJ-01": "consent"},
        "range_months": 24,
        "use": Use(mode="periodic", cap=5, window="month"),
        "retention_days": 365,
        "start": "2026-11-01T00:00:00Z",
        "end": "2027-11-01T00:00:00Z",
        "stated": {},
        "signer": SignedBy(
            id=signer_id("ed25519", GRANTOR.verifying().public),
            capacity="representative",
            proof=Proof(kind="licence", reference="R-1"),
        ),
    }
    return LetterDocument(**{**said, **other})


def letter_file(document: LetterDocument, by: Ed25519Signing = GRANTOR) -> bytes:
    bare = document_bytes(document)
    evidence = KeyEvidence(
        v=1,
        algorithm="ed25519",
        public=text_of(by.verifying().public),
        signature=text_of(by.sign(message_of(LETTER, digest_of(bare)))),
    )
    return write_letter_file(bare, evidence)


def attended_file() -> tuple[LetterDocument, bytes]:
    """A letter that two officers attended, with signatures that nobody looks at here."""
    proof = Proof(kind="attended", reference="paper-7")
    letter = letter_document(signer=SignedBy(id="", capacity="self", proof=proof))
    officers = tuple(OfficerSignature(name=name, public="AA==", signature="AA==") for name in ("one", "two"))
    evidence = AttendedEvidence(v=1, reference="paper-7", officers=(officers[0], officers[1]))
    return letter, write_letter_file(document_bytes(letter), evidence)


@dataclass(frozen=True)
class Answered:
    """What goes into one answer; every part can be replaced before `file` is asked for."""

    letter: LetterDocument = field(default_factory=letter_document)
    bank: Ed25519Signing = BANK
    zone: Ed25519Signing = ZONE
    log: NoteSigner = LOG_SIGNER
    others: tuple[NoteSigner, ...] = ()  # who sign checkpoints too
    origin: str = ORIGIN
    before: int = 37  # leaves of the log before the answer's batch
    after: int = 26
    cosigned_by: tuple[NoteSigner, ...] = ()
    cosigned_at: int = SECONDS + 20
    created: int = SECONDS - 1
    signed_at: int = SECONDS
    record_changes: dict[str, Any] = field(default_factory=dict)
    asked_changes: dict[str, Any] = field(default_factory=dict)
    positions: int = 0  # questions of a batch; the last one is answered
    with_letter: bytes | None = None
    again: int = 0  # when the question was asked again and this answer given, Unix seconds
    bank_again: Ed25519Signing = BANK
    later: int = 0  # leaves after which a proof with every witness's cosignature was fetched
    others_later: tuple[NoteSigner, ...] | None = None  # who sign that one; None: the same

    def file(self) -> bytes:
        """ANSWER.json."""
        first, request = self.sent(self.created, "n", self.bank)
        last, answered = self.sent(self.again, "m", self.bank_again) if self.again else (first, request)
        digest = digest_in_batch(request.digest, self.positions - 1) if self.positions else request.digest
        receipt, proof = self.logged(self.record(digest))
        answer = encode_answer(answer_id(digest), receipt)
        headers = sign_answer(200, answer, answered.signature, key=self.zone, created=self.signed_at)
        more: dict[str, Any] = {} if self.with_letter is None else {"letter": self.with_letter.decode()}
        more |= {"position": self.positions - 1} if self.positions else {}
        more |= {"proof": proof} if proof else {}
        more |= {"earlier": first} if self.again else {}
        response = ResponseForm(body=answer.decode(), headers=kept_headers(headers), status=200)
        return write_answer_file(AnswerFile(request=last, response=response, v=1, **more))

    def sent(self, created: int, nonce: str, by: Ed25519Signing) -> tuple[RequestForm, SignedRequest]:
        """A signed request, as it is kept and as it is parsed."""
        body, path = canonical(self.asked()), "/v1/answers:batch" if self.positions else "/v1/answers"
        headers = sign_request(
            "POST", "zone.example", path, body=body, key=by, created=created, nonce=nonce * 21 + "A",
            idempotency_key="key-0123456789abcdef",
        )  # fmt: skip
        form = RequestForm(
            authority="zone.example",
            body=body.decode(),
            headers=kept_headers(headers),
            method="POST",
            path=path,
            query="",
        )
        return form, parse_request(HttpRequest("POST", "zone.example", path, "", raw(headers), body))

    def asked(self) -> dict[str, Any]:
        """The body of the request."""
        question = {
            "v": 1, "product": "tax_loan_basic", "purpose": "lending",
            "about": {"kind": "uscc", "value": "91360500MA35000000"}, "basis": {"kind": "letter", "id": "L-1"},
            "end_user": "", **self.asked_changes,
        }  # fmt: skip
        return {"v": 1, "questions": [question] * self.positions} if self.positions else question

    def record(self, digest: bytes) -> bytes:
        """The committed record."""
        item = ItemForm(
            coverage=(12, 12), definition=HEX, form="value", known=True, name="tax_paid_12m", unit="CNY", value="1.00"
        )
        digested = encode_base64(digest_of(document_bytes(self.letter)))
        basis = BasisForm(digest=digested, id=self.letter.id, kind="letter")
        record = RecordForm(
            about="S-1", as_of="2026-10-31", at=moment(AT), basis=basis, channel="platform", contract="C-1",
            editions=(("SWJ-06", 4, HEX),), end_user="bank-a", institution="bank-a", items=(item,), key_id="bank-a/1",
            kind="answer", known_at=moment(AT), pack_set=HEX, product="tax_loan_basic", purpose="lending",
            question=encode_base64(digest), retention_days=365, snapshot=3, v=1, zone=ORIGIN,
        )  # fmt: skip
        return encode_record(msgspec.structs.replace(record, **self.record_changes))

    def logged(self, record: bytes) -> tuple[Receipt, str]:
        """The receipt, and the tlog-proof that was fetched later (or nothing)."""
        salt = sha256(b"salt").digest()
        own = leaf_hash(sha256(salt + record).digest())
        old = Frontier().append_many([leaf_hash(b"old %d" % n) for n in range(self.before)])[0]
        later = [leaf_hash(b"new %d" % n) for n in range(self.after + self.later)]
        grown = grow(old, [own, *later[: self.after]])
        checkpoint = self.cosigned(grown.frontier, self.cosigned_by)
        proof = ""
        if self.later:
            whole = grow(old, [own, *later])
            later_on = self if self.others_later is None else self.but(others=self.others_later)
            proof = TlogProof(self.before, whole.proofs()[0], later_on.cosigned(whole.frontier, WITNESSES)).text
        return Receipt(self.before, grown.frontier.size, grown.proofs()[0], checkpoint, record, salt, AT), proof

    def cosigned(self, frontier: Frontier, by: tuple[NoteSigner, ...]) -> str:
        head = Checkpoint(self.origin, frontier.size, frontier.root)
        signed = Note.parse(sign_checkpoint(head, self.log, *self.others))
        return signed.with_signatures(one.cosign(signed.text, self.cosigned_at) for one in by).message

    def but(self, **other: Any) -> Answered:
        return replace(self, **other)
