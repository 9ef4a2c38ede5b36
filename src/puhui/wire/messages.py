"""The messages of the interface: their forms, limits and codes, and the strict way they are read.

Promises: a message is read only if it is exactly of its form: UTF-8 JSON, no unknown key, no key twice, every text NFC
and without control characters, at most MAX_BODY bytes. What is wrong is said with its place and without repeating what
was sent. The word Question is made here and nowhere else.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from puhui.model.question import BasisKind, BasisReference, Question
from puhui.model.refusal import Said
from puhui.model.refusals_question import BadRequest, TooLarge
from puhui.model.subject import Identifier
from puhui.wire.answers import ResponseForm
from puhui.wire.canonical import BadDocument, is_plain, parse
from puhui.wire.codes import CODES as CODES
from puhui.wire.codes import HIDDEN_SIZE as HIDDEN_SIZE
from puhui.wire.codes import RefusalForm as RefusalForm
from puhui.wire.codes import encode_refusal as encode_refusal
from puhui.wire.codes import outward_status as outward_status
from puhui.wire.http_signatures import MAX_BODY, SignedRequest

MAX_BATCH = 100  # questions in one batch

Product = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
Purpose = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]
InstitutionId = Annotated[str, Meta(pattern=r"^([a-z][a-z0-9-]*)?$", max_length=60)]  # empty: the caller itself
DocumentId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=60)]
IdentifierKind = Annotated[str, Meta(pattern=r"^(uscc|ric|reg_no|org_code|tax_no|local:[a-z][a-z0-9_]{0,50})$")]
IdentifierText = Annotated[str, Meta(min_length=1, max_length=64)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]


class AboutForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The identifier of whom the question is about, in its normal form."""

    kind: IdentifierKind
    value: IdentifierText


class BasisReferenceForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The basis that is named: its kind and its id in the zone."""

    kind: Literal["letter", "application", "duty", "order"]
    id: DocumentId


class QuestionForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/answers`. `basis` null or absent: a product about firms whose every item is public."""

    v: Literal[1]
    product: Product
    purpose: Purpose
    about: AboutForm
    basis: BasisReferenceForm | UnsetType | None = UNSET
    end_user: InstitutionId | UnsetType = UNSET


class BatchForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/answers:batch`."""

    v: Literal[1]
    questions: Annotated[tuple[QuestionForm, ...], Meta(min_length=1, max_length=MAX_BATCH)]


class BatchAnswerForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of the reply to a batch: what each question alone would have got, in order."""

    v: Literal[1]
    answers: tuple[ResponseForm, ...]


class LetterProposalForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/letters`: what an institution asks a subject to sign.

    What is ticked and stated is the subject's own choice, and the letter begins when it is signed.
    """

    v: Literal[1]
    about: AboutForm
    wording: Name  # name of the pack's letter
    purpose: Purpose
    mode: Literal["once", "periodic"]
    cap: Annotated[int, Meta(ge=1, le=100_000)]
    window: Literal["letter", "month", "year"]
    range_months: Annotated[int, Meta(ge=0, le=1_200)]
    retention_days: Annotated[int, Meta(ge=0, le=36_525)]
    life_days: Annotated[int, Meta(ge=1, le=36_525)]
    end_user: InstitutionId | UnsetType = UNSET


class LetterStateForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A letter as its institution sees it. One proposed to somebody unknown stays PROPOSED like any other."""

    v: Literal[1]
    id: str
    state: Literal["PROPOSED", "ACTIVE", "PAUSED", "REVOKED", "EXPIRED"]
    code: str | UnsetType = UNSET  # what the subject types to open it; in the reply to the proposal alone


class LimitForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When one item of the product is to be told of: it passes the value, or changes at all."""

    item: Product
    when: Literal["above", "below", "changed"]
    value: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET


class MonitorForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/monitors`: a standing question. `address`: of the webhook; empty: polling only."""

    v: Literal[1]
    product: Product
    purpose: Purpose
    about: AboutForm
    basis: BasisReferenceForm
    limits: Annotated[tuple[LimitForm, ...], Meta(min_length=1, max_length=50)]
    address: Annotated[str, Meta(max_length=500)] | UnsetType = UNSET
    end_user: InstitutionId | UnsetType = UNSET


class MonitorStateForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A monitor as its institution sees it. `last_snapshot`: the newest that it has looked at."""

    v: Literal[1]
    id: str
    state: Literal["active", "ended"]
    product: str
    last_snapshot: int


class NoticeForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a webhook: which limits of which monitor were crossed, and the signed answer."""

    v: Literal[1]
    monitor: str
    snapshot: int
    crossed: tuple[str, ...]
    answer: ResponseForm


class NumberedNoticeForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A notice as it is polled. `number`: of the institution's notices, from 1."""

    number: int
    at: str
    state: Literal["waiting", "delivered", "given_up", "acknowledged"]
    notice: NoticeForm


class NoticesForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of the reply to `GET /v1/notices?after=N`. `next`: where to go on from."""

    v: Literal[1]
    notices: tuple[NumberedNoticeForm, ...]
    next: int


class AcknowledgeForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/notices:acknowledge`: everything up to this number arrived and is told no more."""

    v: Literal[1]
    number: Annotated[int, Meta(ge=1, le=2**31 - 1)]


# --- reading ---

Form = TypeVar("Form", bound=msgspec.Struct)


def read(form: type[Form], body: bytes) -> Form:
    """A message of that form. Raises TooLarge, BadRequest with what is wrong and where."""
    _sized(body)
    try:
        plain = parse(body)
        message = msgspec.convert(plain, form)
    except BadDocument as error:
        raise _bad(error.said, "") from None  # its place may hold names that the sender chose
    except msgspec.ValidationError as error:
        raise _of_msgspec(error) from None
    _check_texts(plain)
    return message


def read_question(signed: SignedRequest, body: bytes) -> Question:
    """The question of a single request, whose body was held against its digest by `parse_request`.

    What goes into the Question of nonce and idempotency key is their SHA-256 (hex), and `content` is keyed by the
    idempotency key: whoever holds the zone's tables cannot try identifiers against them. Raises TooLarge, BadRequest.
    """
    _sized(body)
    try:
        asked = _QUESTION.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        asked = None  # the strict reader says what is wrong
    if asked is None or not (is_plain(asked.about.value) and _has_each_key_once(asked, body)):
        asked = read(QuestionForm, body)
    return _question(signed, asked, signed.nonce, signed.idempotency_key, signed.digest)


def read_batch(signed: SignedRequest, body: bytes) -> tuple[Question, ...]:
    """The questions of a batch, in order, each with a nonce, an idempotency key and a digest of its own.

    Raises TooLarge, BadRequest.
    """
    return tuple(
        _question(
            signed,
            asked,
            f"{signed.nonce}.{position}",
            f"{signed.idempotency_key}.{position}",
            digest_in_batch(signed.digest, position),
        )
        for position, asked in enumerate(read(BatchForm, body).questions)
    )


def digest_in_batch(digest: bytes, position: int) -> bytes:
    """The digest of the question at `position` (from 0) of the batch whose signature base has that digest."""
    return hashlib.sha256(b"%b.%d" % (digest, position)).digest()


_QUESTION = msgspec.json.Decoder(QuestionForm)


def _question(signed: SignedRequest, asked: QuestionForm, nonce: str, idempotency_key: str, digest: bytes) -> Question:
    basis = asked.basis or None
    return Question(
        key_id=signed.key_id,
        algorithm=signed.algorithm,
        signed=signed.signed,
        signature=signed.signature,
        digest=digest,
        content=_content(asked, idempotency_key),
        nonce=hashlib.sha256(nonce.encode()).hexdigest(),
        created=signed.created,
        expires=signed.expires,
        idempotency_key=hashlib.sha256(idempotency_key.encode()).hexdigest(),
        product=asked.product,
        purpose=asked.purpose,
        about=_identifier(asked.about),
        basis=BasisReference(BasisKind(basis.kind), basis.id) if basis else None,
        end_user=asked.end_user or "",
    )


def standing_question(
    monitor: MonitorForm, *, monitor_id: str, secret: str, snapshot: int, key_id: str, nonce: str, now: int
) -> Question:
    """What a monitor asks after a snapshot: made by the zone, so nobody signed it; once per monitor and snapshot.

    `key_id`: of the key that signed the monitor; `nonce`: fresh for every try; `secret`: random, of the monitor, kept
    where the tables do not show it: the idempotency key is made of it. The answer is to no request, whose signature is
    therefore empty.
    """
    one = f"{secret}.{snapshot}"
    signed = SignedRequest(
        key_id=key_id,
        algorithm="",
        signed=b"",
        signature=b"",
        digest=hashlib.sha256(f"puhui-monitor-1\n{monitor_id}.{snapshot}".encode()).digest(),
        nonce=nonce,
        created=now,
        expires=now,
        idempotency_key=one,
    )
    asked = QuestionForm(
        v=1,
        product=monitor.product,
        purpose=monitor.purpose,
        about=monitor.about,
        basis=monitor.basis,
        end_user=monitor.end_user,
    )
    return _question(signed, asked, nonce, one, signed.digest)


def _content(asked: QuestionForm, idempotency_key: str) -> bytes:
    """The same for two tries of one question. No text of a message holds the character that parts them."""
    basis = asked.basis or None
    said = (
        asked.product,
        asked.purpose,
        asked.about.kind,
        asked.about.value,
        basis.kind if basis else "",
        basis.id if basis else "",
        asked.end_user or "",
    )
    return hmac.digest(idempotency_key.encode(), "\0".join(said).encode(), "sha256")


# --- what a quick decoder does not see ---


def _has_each_key_once(asked: QuestionForm, body: bytes) -> bool:
    """Counts the quotation marks: each key and each text has two, and the form says how many of them there are.

    False where there are escapes as well: then the strict reader decides.
    """
    expected = 20
    if asked.basis is not UNSET:
        expected += 2 if asked.basis is None else 10
    if asked.end_user is not UNSET:
        expected += 4
    return b"\\" not in body and body.count(b'"') == expected


def _all_plain(value: Any) -> bool:
    match value:
        case dict():
            return all(is_plain(key) and _all_plain(one) for key, one in value.items())
        case list():
            return all(map(_all_plain, value))
        case str():
            return is_plain(value)
        case _:
            return True


def _check_texts(plain: dict[str, Any]) -> None:
    for key, value in plain.items():
        if not _all_plain(value):
            raise _bad(Said("文本含控制字符或不是 NFC", "a text has control characters or is not NFC"), key)


_LENGTHS = {"uscc": (18,), "ric": (18,), "org_code": (9,), "reg_no": (15,), "tax_no": (15, 18, 20)}


def _identifier(about: AboutForm) -> Identifier:
    """The identifier, where it is spelled in its normal form; whether there is such a subject is another matter."""
    kind, value = about.kind, about.value
    lengths = _LENGTHS.get(kind)
    plain = value.isascii() and value.isalnum() and value == value.upper()
    if lengths and not (plain and len(value) in lengths):
        raise _bad(
            Said("标识不是规范写法：长度不符，或含小写字母、空格、连字符", "the identifier is not in its normal form"),
            "about.value",
        )
    return Identifier(kind, value)


# --- what is said of a message that is not of its form ---

_MEND = Said("按接口文档改正报文", "mend the message by the interface's documentation")
_WRONG = {  # how msgspec begins its messages → what we say; its own may repeat what was sent
    "Object contains unknown field": Said(
        "报文有接口没有的字段", "the message has a field that the interface does not have"
    ),
    "Object missing required field": Said("报文缺少必填字段", "the message lacks a field"),
    "Expected": Said("字段的类型、长度或格式不符", "a field is of another type, length or form"),
    "Invalid enum value": Said("字段的值不在允许范围内", "a field has a value that is not one of those allowed"),
}


def _of_msgspec(error: msgspec.ValidationError) -> BadRequest:
    text, _, place = str(error).partition(" - at `$")
    said = next((said for start, said in _WRONG.items() if text.startswith(start)), _WRONG["Expected"])
    missing = text.split("`")[1] if text.startswith("Object missing") else ""
    return _bad(said, ".".join(part for part in (place.strip("`."), missing) if part))


def _bad(said: Said, where: str) -> BadRequest:
    return BadRequest(said, todo=_MEND, where=where)


def _sized(body: bytes) -> None:
    if len(body) > MAX_BODY:
        raise TooLarge(
            Said(f"报文超过 {MAX_BODY} 字节", f"the body has more than {MAX_BODY} bytes"),
            todo=Said("拆成较小的请求", "split it into smaller requests"),
        )
