"""A zone that is none, for tests of whoever asks it: it answers, stumbles and lies as the test says, one by one.

It keeps the promise of the real one: one idempotency key has one answer, which is given again to every later try.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from puhui.bank.client import AsyncClient, Client, Patience
from puhui.bank.exchange import Answered
from puhui.model.refusal import Said
from puhui.model.refusals_question import QuestionRefused
from puhui.wire.answers import answer_id, encode_answer, encode_record
from puhui.wire.canonical import canonical
from puhui.wire.http_signatures import HttpRequest, SignedRequest, parse_request, sign_answer, unsigned
from puhui.wire.keys import Ed25519Signing
from puhui.wire.messages import encode_refusal, outward_status

from .answers_made import BANK, NOW, ZONE, receipt, record

URL, AUTHORITY = "https://zone.example", "zone.example"
STRANGER = Ed25519Signing.of_seed("zone/1", bytes([9]) * 32)  # says that it is the zone
QUESTION = {"v": 1, "product": "tax_loan_basic", "purpose": "lending", "about": {"kind": "uscc", "value": "9" * 18}}


@dataclass
class FakeZone:
    """`acts`: what it does with each request, in order; with any further one it answers. `asked`: what came."""

    acts: list[Callable[[FakeZone, SignedRequest], httpx.Response]] = field(default_factory=list)
    asked: list[SignedRequest] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    given: dict[str, bytes] = field(default_factory=dict)  # idempotency key → body

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        seen = parse_request(
            HttpRequest(
                request.method, AUTHORITY, request.url.raw_path.decode().partition("?")[0],
                request.url.query.decode(), [(n.lower(), v) for n, v in request.headers.raw], body,
            )
        )  # fmt: skip
        self.asked.append(seen)
        self.bodies.append(body)
        act = self.acts[len(self.asked) - 1] if len(self.asked) <= len(self.acts) else answer
        return act(self, seen)

    def log(self, seen: SignedRequest) -> bytes:
        """The answer of that idempotency key, made for the first try that came."""
        if seen.idempotency_key not in self.given:
            made = encode_record(record(b64encode(seen.digest).decode()))
            self.given[seen.idempotency_key] = encode_answer(answer_id(seen.digest), receipt(made))
        return self.given[seen.idempotency_key]


def replied(status: int, body: bytes, seen: SignedRequest, key: Ed25519Signing = ZONE) -> httpx.Response:
    """A signed reply."""
    return httpx.Response(
        status, content=body, headers=dict(sign_answer(status, body, seen.signature, key=key, created=NOW))
    )


def answer(zone: FakeZone, seen: SignedRequest) -> httpx.Response:
    return replied(200, zone.log(seen), seen)


def reply_lost(zone: FakeZone, seen: SignedRequest) -> httpx.Response:
    """The answer is in the log, the reply never comes."""
    zone.log(seen)
    raise httpx.ReadError("gone")


def unreachable(zone: FakeZone, seen: SignedRequest) -> httpx.Response:
    raise httpx.ConnectError("nobody there")


def signed_by_a_stranger(zone: FakeZone, seen: SignedRequest) -> httpx.Response:
    return replied(200, zone.log(seen), seen, STRANGER)


def for_another_request(zone: FakeZone, seen: SignedRequest) -> httpx.Response:
    """Signed by the zone, for a request that somebody else made."""
    body = zone.log(seen)
    return httpx.Response(200, content=body, headers=dict(sign_answer(200, body, bytes(64), key=ZONE, created=NOW)))


def answer_to_another_question(zone: FakeZone, seen: SignedRequest) -> httpx.Response:
    other = encode_record(record(b64encode(bytes(32)).decode()))
    return replied(200, encode_answer(answer_id(bytes(32)), receipt(other)), seen)


def unsigned_answer(zone: FakeZone, seen: SignedRequest) -> httpx.Response:
    body = zone.log(seen)
    return httpx.Response(200, content=body, headers=dict(unsigned(body)))


def changed_on_the_way(zone: FakeZone, seen: SignedRequest) -> httpx.Response:
    whole = answer(zone, seen)
    return httpx.Response(200, content=whole.content.replace(b"120000.00", b"920000.00"), headers=whole.headers)


def page(status: int, **headers: str) -> Callable[[FakeZone, SignedRequest], httpx.Response]:
    """What something between bank and zone says: no JSON, no signature."""
    return lambda zone, seen: httpx.Response(
        status, content=b"<html>", headers={**headers, "content-type": "text/html"}
    )


def refuse(
    kind: type[QuestionRefused], retry_after: int | None = None, *, key: Ed25519Signing | None = ZONE
) -> Callable[[FakeZone, SignedRequest], httpx.Response]:
    """A refusal as the zone makes it; without `key` unsigned, as for strangers."""

    def act(zone: FakeZone, seen: SignedRequest) -> httpx.Response:
        refusal = kind(kind.meaning, todo=Said("改", "mend it"), article="")
        refusal.retry_after = retry_after
        body, status = encode_refusal(answer_id(seen.digest), refusal), outward_status(refusal)
        if key is None:
            return httpx.Response(status, content=body, headers=dict(unsigned(body)))
        return replied(status, body, seen, key)

    return act


def say(document: Mapping[str, Any]) -> Callable[[FakeZone, SignedRequest], httpx.Response]:
    """A signed document."""
    return lambda zone, seen: replied(200, canonical(dict(document)), seen)


@dataclass
class Time:
    """A clock that only waiting moves."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.waits.append(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


PATIENCE = Patience(tries=4, first=1.0, longest=8.0, within=60.0)


@dataclass
class Asker:
    """One bank, sync or async, before a zone that is none. `call` runs a method of the client to its end."""

    zone: FakeZone
    is_async: bool
    time: Time = field(default_factory=Time)
    patience: Patience = PATIENCE
    trusts: bool = True

    def call(self, method: str, *arguments: Any, **more: Any) -> Any:
        common: dict[str, Any] = {"patience": self.patience, "clock": lambda: float(NOW), "timer": self.time}
        keys = {"zone/1": ZONE.verifying()} if self.trusts else None
        transport = httpx.MockTransport(self.zone)
        if self.is_async:
            return asyncio.run(self._call_async(method, arguments, more, keys, transport, common))
        with Client(URL, BANK, keys, transport=transport, sleep=self.time.sleep, **common) as client:
            return getattr(client, method)(*arguments, **more)

    async def _call_async(self, method: str, arguments: Any, more: Any, keys: Any, transport: Any, common: Any) -> Any:
        async with AsyncClient(URL, BANK, keys, transport=transport, sleep=self.time.sleep_async, **common) as client:
            return await getattr(client, method)(*arguments, **more)

    def ask(self, **more: Any) -> Answered:
        found: Answered = self.call("ask", QUESTION, **more)
        return found
