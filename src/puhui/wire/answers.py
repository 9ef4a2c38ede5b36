"""The answer's body, the record that the log commits to, and the answer file that outlives both.

Promises: `encode_record` and `encode_answer` write RFC 8785 bytes; the record stands in the body exactly as it was
committed. An answer file is read only if it is its own canonical form, so nothing can hide in it. Forms:
docs/explanation/question-contract.md, "Messages".
"""

from __future__ import annotations

from base64 import b64encode
from binascii import Error, a2b_base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from puhui.model.question import Receipt
from puhui.model.refusal import Said
from puhui.model.refusals_question import NotVerified
from puhui.wire.canonical import BadDocument, Json, canonical, quick, read_canonical
from puhui.wire.http_signatures import Headers
from puhui.wire.short_names import short_name


class BasisForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the answer rests on. `digest`: base64 SHA-256 of the letter's document; empty where there is none."""

    digest: str
    id: str
    kind: str


class ItemForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One item as it left; what is UNSET is not written."""

    coverage: tuple[int, int] | UnsetType = UNSET
    definition: str
    flags: tuple[str, ...] | UnsetType = UNSET
    form: Literal["value", "band", "flag", "withheld"]
    known: bool
    name: str
    reason: str | UnsetType = UNSET
    unit: str
    value: str | int | bool | UnsetType = UNSET


Item = TypeVar("Item")


class RecordOf(msgspec.Struct, Generic[Item], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the log commits to for an answer, with items of any type that is encoded like ItemForm."""

    about: str  # this institution's pseudonym of the subject
    as_of: str
    at: str
    basis: BasisForm | None
    channel: str
    contract: str
    editions: tuple[tuple[str, int, str], ...]  # resource, number, hex digest
    end_user: str
    institution: str
    items: tuple[Item, ...]
    key_id: str
    kind: Literal["answer"]
    known_at: str
    pack_set: str
    product: str
    purpose: str
    question: str  # base64 SHA-256 of the question's signature base
    retention_days: int
    snapshot: int
    v: Literal[1]
    zone: str


RecordForm = RecordOf[ItemForm]  # as it is read


class ReceiptForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The entry's place in the log. `proof`: base64 hashes, leaf to root."""

    checkpoint: str
    index: int
    proof: tuple[str, ...]
    tree_size: int


class AnswerForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of an answer."""

    id: str
    receipt: ReceiptForm
    record: RecordForm
    salt: str  # base64, 32 bytes
    v: Literal[1]


@dataclass(frozen=True, slots=True)
class AnswerBody:
    """A body that was read: its form, and the exact bytes of the record that the log commits to."""

    form: AnswerForm
    record: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    proof: tuple[bytes, ...]


class RequestForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signed request as it was sent: the headers of the profile by lower-case name, the body as text."""

    authority: str
    body: str
    headers: dict[str, str]
    method: str
    path: str
    query: str


class ResponseForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signed response as it came."""

    body: str
    headers: dict[str, str]
    status: int


class AnswerFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """ANSWER.json: the question and its answer as they went over the wire, and what was added since.

    `earlier`: the request that the record names, where the answer was given again to another (`request`, whose
    signature it covers): a try whose reply was lost. `letter`: the canonical document of the letter. `position`: of the
    question in a batch, from 0. `proof`: a C2SP tlog-proof that was fetched later, with cosignatures.
    """

    earlier: RequestForm | UnsetType = UNSET
    letter: str | UnsetType = UNSET
    position: int | UnsetType = UNSET
    proof: str | UnsetType = UNSET
    request: RequestForm
    response: ResponseForm
    v: Literal[1]


_KEPT = frozenset({"content-type", "content-digest", "idempotency-key", "signature-input", "signature"})


def answer_id(question_digest: bytes) -> str:
    """`A-` and 26 characters: known before the log is written, found again after a lost reply."""
    return "A-" + short_name(sha256(question_digest).digest())


def moment(at: datetime) -> str:
    """`2026-11-22T03:04:05.123Z`: how every time of a document is written. ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("a time of a document has a zone")
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def encode_record(record: RecordOf[Any]) -> bytes:
    """The record's RFC 8785 bytes: what is salted, committed and embedded."""
    return quick(record)


def encode_answer(answer: str, receipt: Receipt) -> bytes:
    """The body of the answer of that id. `receipt.record` is embedded byte for byte."""
    placed = ReceiptForm(
        checkpoint=receipt.checkpoint,
        index=receipt.index,
        proof=tuple(b64encode(one).decode() for one in receipt.proof),
        tree_size=receipt.tree_size,
    )
    return b'{"id":"%b","receipt":%b,"record":%b,"salt":"%b","v":1}' % (
        answer.encode(),
        quick(placed),
        receipt.record,
        b64encode(receipt.salt),
    )


def read_answer(body: bytes) -> AnswerBody:
    """The body of an answer; it must be its own canonical form. Raises NotVerified."""
    document, form = _read(AnswerForm, body)
    return AnswerBody(
        form=form,
        record=canonical(document["record"]),
        salt=_bytes(form.salt, "salt"),
        proof=tuple(_bytes(one, "receipt.proof") for one in form.receipt.proof),
    )


def write_answer_file(file: AnswerFile) -> bytes:
    """The bytes of ANSWER.json, RFC 8785."""
    return canonical(msgspec.to_builtins(file))


def read_answer_file(raw: bytes) -> AnswerFile:
    """ANSWER.json. Raises NotVerified where it is not of the form or not its own canonical form."""
    _, file = _read(AnswerFile, raw)
    for message in (file.request, file.response, file.earlier or file.request):
        if not _KEPT.issuperset(message.headers):
            raise _not_of_the_form("headers")
    return file


def kept_headers(headers: Headers) -> dict[str, str]:
    """The headers of a message that an answer file holds: those that the signature covers, and the signature."""
    return {name: value for name, value in headers if name in _KEPT}


Form = TypeVar("Form", bound=msgspec.Struct)


def _read(form: type[Form], raw: bytes) -> tuple[Json, Form]:
    """A canonical document, and the form that it is of."""
    try:
        document = read_canonical(raw)
        return document, msgspec.convert(document, form)
    except BadDocument as error:
        raise NotVerified(error.said, todo=_AS_IT_CAME, where=error.where) from None
    except msgspec.ValidationError as error:
        raise _not_of_the_form(str(error).partition(" - at `")[2].rstrip("`")) from None


def _bytes(text: str, where: str) -> bytes:
    """32 bytes of base64 in its one form."""
    try:
        data = a2b_base64(text.encode())
    except Error:
        raise _not_of_the_form(where) from None
    if len(data) != 32 or b64encode(data).decode() != text:
        raise _not_of_the_form(where)
    return data


_AS_IT_CAME = Said(
    "用收到时的原文件，不要改动或重新排版", "give the file as it came, neither changed nor laid out anew"
)


def _not_of_the_form(where: str) -> NotVerified:
    said = Said("答复不符合接口规定的格式", "the answer is not of the interface's form")
    return NotVerified(said, todo=_AS_IT_CAME, where=where)
