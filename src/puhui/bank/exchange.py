"""One question and its tries: what is sent, what a reply means, when to try again. No network here.

Promises: every try has a fresh nonce and the same idempotency key, so that however many of them arrive, one answer is
made and counted; an answer is taken only if the zone's key signed it for one of the tries that were made.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from puhui.model.refusal import Said
from puhui.model.refusals_question import NotVerified
from puhui.wire.answers import AnswerBody, AnswerFile, RequestForm, ResponseForm, kept_headers, read_answer
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
from puhui.wire.messages import RefusalForm

AGAIN = frozenset({502, 503, 504})  # the zone or something before it is away: the same question may be asked again
PATH = "/v1/answers"


class Refused(Exception):
    """The zone's proper "no", as it said it."""

    def __init__(self, status: int, form: RefusalForm) -> None:
        super().__init__(f"{form.refused}: {form.message.en}")
        self.status = status
        self.form = form

    @property
    def code(self) -> str:
        return self.form.refused

    @property
    def retry_after(self) -> int | None:
        return self.form.retry_after


class Unanswered(Exception):
    """No try brought a reply. The answer may be in the zone's log: ask again with the same idempotency key."""

    def __init__(self, idempotency_key: str) -> None:
        super().__init__("no reply; the same idempotency key is safe to ask again")
        self.idempotency_key = idempotency_key


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer whose signature held, and the file that proves it to anybody."""

    body: AnswerBody
    file: AnswerFile

    def value(self, name: str) -> str | int | bool | None:
        """The value of an item by name; None where it is unknown, undefined or withheld. KeyError: it was not asked."""
        for item in self.body.form.record.items:
            if item.name == name:
                return None if item.value is msgspec.UNSET else item.value
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Try:
    """One signed request."""

    headers: Headers
    signature: bytes = field(repr=False)
    digest: bytes


@dataclass(slots=True)
class Exchange:
    """A question on its way. `zone_keys`: id → the zone's key for answers."""

    authority: str
    question: Mapping[str, object]
    key: Signing
    zone_keys: Mapping[str, Verifying]
    clock: Callable[[], float]
    idempotency_key: str
    path: str = PATH
    tries: list[Try] = field(default_factory=list)
    body: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.body = canonical(dict(self.question))

    def next_try(self) -> Try:
        """A freshly signed request."""
        headers = sign_request(
            "POST",
            self.authority,
            self.path,
            body=self.body,
            key=self.key,
            created=int(self.clock()),
            nonce=new_nonce(),
            idempotency_key=self.idempotency_key,
        )
        sent = parse_request(HttpRequest("POST", self.authority, self.path, "", raw(headers), self.body))
        self.tries.append(Try(headers, sent.signature, sent.digest))
        return self.tries[-1]

    def judge(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Answered | float:
        """What the reply to the last try means: an answer, or the seconds to wait before the next try.

        Raises Refused, NotVerified.
        """
        if status in AGAIN and not _is_signed(headers):
            return 0.0
        last, headers = self.tries[-1], list(headers)
        if status == 200:
            self._checked(status, headers, body, last)
            return self._answered(status, headers, body, last)
        form = _refusal(body)
        if _is_signed(headers):
            self._checked(status, headers, body, last)
        if status in AGAIN or form.refused == "too-fast":
            return float(form.retry_after or 0)
        raise Refused(status, form)

    def _checked(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes, last: Try) -> None:
        answer = parse_answer(status, headers, body, last.signature)
        key = self.zone_keys.get(answer.key_id)
        if key is None:
            raise _unverified("答复由未知密钥签名", "the answer is signed by a key that is not the zone's")
        check_signature(answer, key)

    def _answered(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes, last: Try) -> Answered:
        read = read_answer(body)
        asked = self._try_of(read)
        lower = tuple((name.decode().lower(), value.decode()) for name, value in headers)
        earlier = self._request(asked) if asked is not last else msgspec.UNSET
        file = AnswerFile(
            earlier=earlier,
            request=self._request(last),
            response=ResponseForm(body=body.decode(), headers=kept_headers(lower), status=status),
            v=1,
        )
        return Answered(read, file)

    def _try_of(self, read: AnswerBody) -> Try:
        """The try that the answer was made for; after a lost reply it may be an earlier one."""
        for one in self.tries:
            if read.form.record.question == b64encode(one.digest).decode():
                return one
        raise _unverified("答复不是对本次提问的", "the answer is to another question")

    def _request(self, one: Try) -> RequestForm:
        return RequestForm(
            authority=self.authority,
            body=self.body.decode(),
            headers=kept_headers(one.headers),
            method="POST",
            path=self.path,
            query="",
        )


def fresh_key() -> str:
    """An idempotency key that nobody guesses."""
    return secrets.token_urlsafe(18)


def _is_signed(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name.lower() == b"signature" for name, _ in headers)


def _refusal(body: bytes) -> RefusalForm:
    try:
        return msgspec.json.decode(body, type=RefusalForm)
    except msgspec.DecodeError:
        raise _unverified("答复不是约定的格式", "the reply is not of the form that the interface states") from None


def _unverified(zh: str, en: str) -> NotVerified:
    return NotVerified(Said(zh, en), todo=Said("不要使用该答复；核对专区公钥", "do not use it; check the zone's keys"))
