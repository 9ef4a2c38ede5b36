"""One request and its tries: what is sent, what a reply means, when to try again. No network here.

Promises: every try has a fresh nonce and the same idempotency key, so that however many of them arrive, one answer is
made and counted; a reply is taken only if the zone's key signed it for the try that it came to, and an answer only if
it was made for one of the tries.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from puhui.model.refusal import Said
from puhui.model.refusals_question import NotVerified, QuestionRefused
from puhui.wire.answers import (
    AnswerBody,
    AnswerFile,
    RequestForm,
    ResponseForm,
    kept_headers,
    read_answer,
)
from puhui.wire.canonical import canonical
from puhui.wire.http_signatures import (
    Headers,
    HttpRequest,
    check_signature,
    new_nonce,
    parse_answer,
    parse_request,
    raw,
    sign_request,
)
from puhui.wire.keys import Signing, Verifying
from puhui.wire.messages import BatchAnswerForm, RefusalForm, digest_in_batch

AGAIN = frozenset({500, 502, 503, 504})  # the zone or something before it is away: the same may be asked again
ANSWERS, BATCH = "/v1/answers", "/v1/answers:batch"
RawHeaders = list[tuple[bytes, bytes]]
Keep = Callable[[RequestForm], None]


class Refused(Exception):
    """The zone's proper "no", as it said it. `signed`: by the zone's key; strangers are told no unsigned."""

    def __init__(self, status: int, form: RefusalForm, *, signed: bool = False) -> None:
        super().__init__(f"{form.refused}: {form.message.en}")
        self.status = status
        self.form = form
        self.signed = signed

    @property
    def code(self) -> str:
        return self.form.refused

    @property
    def retry_after(self) -> int | None:
        return self.form.retry_after


class Unanswered(Exception):
    """No try brought a reply in time. The answer may be in the zone's log: ask again with the same idempotency key.

    `last`: what the zone said to the last try, where it said that it cannot answer now.
    """

    def __init__(self, idempotency_key: str, last: RefusalForm | None = None) -> None:
        super().__init__("no reply; the same idempotency key is safe to ask again")
        self.idempotency_key = idempotency_key
        self.last = last


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and the file that proves it to anybody. `checked`: the zone's signature was held against its key."""

    body: AnswerBody
    file: AnswerFile
    checked: bool = True

    def value(self, name: str) -> str | int | bool | None:
        """The value of an item by name; None where it is unknown, undefined or withheld. KeyError: it was not asked."""
        for item in self.body.form.record.items:
            if item.name == name:
                return None if item.value is msgspec.UNSET else item.value
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked, before it is signed. `document`: the body; None: a GET."""

    path: str
    query: str = ""
    document: Mapping[str, object] | None = field(default=None, repr=False)

    @property
    def method(self) -> str:
        return "GET" if self.document is None else "POST"

    @property
    def body(self) -> bytes:
        """What is sent: the document's canonical form; empty for a GET."""
        return b"" if self.document is None else canonical(dict(self.document))


@dataclass(frozen=True, slots=True)
class Try:
    """One signed request."""

    headers: Headers
    signature: bytes = field(repr=False)
    digest: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with status 200 to one try."""

    headers: RawHeaders
    body: bytes = field(repr=False)
    sent: Try


@dataclass(frozen=True, slots=True)
class Later:
    """Ask again, after so many seconds at least. `form`: what the zone said, if it said anything."""

    seconds: float
    form: RefusalForm | None = None


@dataclass(slots=True)
class Exchange:
    """A request on its way. `zone_keys`: id → the zone's key for answers; None: signatures are not checked.

    `keep` is told of each try before it is sent; `earlier` are tries of the same question that were kept before a stop.
    """

    authority: str
    ask: Ask
    key: Signing
    zone_keys: Mapping[str, Verifying] | None
    clock: Callable[[], float]
    idempotency_key: str
    keep: Keep | None = None
    earlier: Sequence[RequestForm] = ()
    tries: list[Try] = field(default_factory=list)
    body: bytes = field(init=False, repr=False)
    open: bool = field(init=False)  # whether a try may have been answered without our knowing

    def __post_init__(self) -> None:
        self.body = self.ask.body
        self.tries += [self._parsed(tuple(one.headers.items())) for one in self.earlier]
        self.open = bool(self.tries)

    def next_try(self) -> Try:
        """A freshly signed request, kept before it is sent."""
        is_get = self.ask.document is None
        headers = sign_request(
            self.ask.method,
            self.authority,
            self.ask.path,
            self.ask.query,
            None if is_get else self.body,
            key=self.key,
            created=int(self.clock()),
            nonce=new_nonce(),
            idempotency_key="" if is_get else self.idempotency_key,
        )
        self.tries.append(self._parsed(headers))
        if self.keep is not None:
            self.keep(self._request(self.tries[-1]))
        return self.tries[-1]

    def lost(self) -> None:
        """The last try brought no reply."""
        self.open = True

    def judge(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Reply | Later:
        """What the reply to the last try means. Raises Refused, NotVerified."""
        last, given = self.tries[-1], list(headers)
        signed = _value(given, b"signature") is not None
        if status == 200 or signed:
            self.check(status, given, body, last)
        if status == 200:
            return Reply(given, body, last)
        self.open |= status in AGAIN
        if not signed and (status in AGAIN or status == 429):
            return Later(_seconds(_value(given, b"retry-after")))
        form = _refusal(body)
        if status in AGAIN or form.refused == "too-fast":
            return Later(float(form.retry_after or 0), form)
        raise Refused(status, form, signed=signed and self.zone_keys is not None)

    def check(self, status: int, headers: RawHeaders, body: bytes, sent: Try) -> None:
        """The zone signed this for that try. NotVerified where it did not."""
        try:
            answer = parse_answer(status, headers, body, sent.signature)
            if self.zone_keys is None:
                return
            if answer.key_id not in self.zone_keys:
                raise unverified("答复由未知密钥签名", "the reply is signed by a key that is not the zone's")
            check_signature(answer, self.zone_keys[answer.key_id])
        except QuestionRefused as refusal:
            raise unverified(refusal.said.zh, refusal.said.en) from None

    def answered(self, reply: Reply) -> Answered:
        """The reply to a question, as an answer to one of its tries. Raises NotVerified."""
        read = read_answer(reply.body)
        asked = self._try_of(read)
        file = AnswerFile(
            earlier=msgspec.UNSET if asked is reply.sent else self._request(asked),
            request=self._request(reply.sent),
            response=_response(200, reply.headers, reply.body),
            v=1,
        )
        return Answered(read, file, self.zone_keys is not None)

    def answered_batch(self, reply: Reply) -> list[Answered | Refused]:
        """What each question of a batch got, in order. Raises NotVerified."""
        try:
            each = msgspec.json.decode(reply.body, type=BatchAnswerForm).answers
        except msgspec.DecodeError:
            raise _not_of_the_form() from None
        return [self._of_batch(reply.sent, one, position) for position, one in enumerate(each)]

    def _of_batch(self, sent: Try, one: ResponseForm, position: int) -> Answered | Refused:
        body = one.body.encode()
        self.check(one.status, list(raw(tuple(one.headers.items()))), body, sent)
        if one.status != 200:
            return Refused(one.status, _refusal(body), signed=self.zone_keys is not None)
        read = read_answer(body)
        asked = self._try_of(read, position)
        file = AnswerFile(
            earlier=msgspec.UNSET if asked is sent else self._request(asked),
            position=position,
            request=self._request(sent),
            response=one,
            v=1,
        )
        return Answered(read, file, self.zone_keys is not None)

    def _try_of(self, read: AnswerBody, position: int | None = None) -> Try:
        """The try that the answer was made for; after a lost reply it may be an earlier one."""
        for one in self.tries:
            digest = one.digest if position is None else digest_in_batch(one.digest, position)
            if read.form.record.question == b64encode(digest).decode():
                return one
        raise unverified("答复不是对本次提问的", "the answer is to another question")

    def _parsed(self, headers: Headers) -> Try:
        sent = parse_request(
            HttpRequest(self.ask.method, self.authority, self.ask.path, self.ask.query, raw(headers), self.body)
        )
        return Try(headers, sent.signature, sent.digest)

    def _request(self, one: Try) -> RequestForm:
        return RequestForm(
            authority=self.authority,
            body=self.body.decode(),
            headers=kept_headers(one.headers),
            method=self.ask.method,
            path=self.ask.path,
            query=self.ask.query,
        )


def fresh_key() -> str:
    """An idempotency key that nobody guesses."""
    return secrets.token_urlsafe(18)


def _response(status: int, headers: RawHeaders, body: bytes) -> ResponseForm:
    lower = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers)
    return ResponseForm(body=body.decode(), headers=kept_headers(lower), status=status)


def _value(headers: RawHeaders, wanted: bytes) -> bytes | None:
    return next((value for name, value in headers if name.lower() == wanted), None)


def _seconds(stated: bytes | None) -> float:
    """`Retry-After` in seconds; a date, or nothing, is no time that is asked for."""
    return float(stated) if stated is not None and stated.isdigit() and len(stated) < 7 else 0.0


def _refusal(body: bytes) -> RefusalForm:
    try:
        return msgspec.json.decode(body, type=RefusalForm)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _not_of_the_form() from None


def _not_of_the_form() -> NotVerified:
    return unverified("答复不是约定的格式", "the reply is not of the form that the interface states")


def unverified(zh: str, en: str) -> NotVerified:
    """What came must not be used."""
    return NotVerified(Said(zh, en), todo=Said("不要使用该答复；核对专区公钥", "do not use it; check the zone's keys"))
