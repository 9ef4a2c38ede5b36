"""A bank's client of a zone, sync and async: ask, keep what proves it, try again safely.

Both send what `exchange.Exchange` says and wait as `conversation` says; nothing else is here.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from puhui.bank.exchange import (
    ANSWERS,
    BATCH,
    Answered,
    Ask,
    Exchange,
    Keep,
    Later,
    Refused,
    Reply,
    Try,
    Unanswered,
    fresh_key,
    unverified,
)
from puhui.wire.answers import RequestForm, read_answer
from puhui.wire.keys import Signing, Verifying

__all__ = ["Answered", "AsyncClient", "Client", "Patience", "Refused", "Unanswered", "letter_proposal", "question"]

Document = dict[str, Any]
RawReply = tuple[int, list[tuple[bytes, bytes]], bytes]
Conversation = Generator["Try | float", "RawReply | None", Reply]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try: `tries` times, waiting about `first` seconds, twice as long each time, never over `longest`.

    `timeout`: seconds of one request; `within`: seconds after which no other try begins, and for which no wait goes on.
    """

    tries: int = 5
    first: float = 0.2
    longest: float = 10.0
    timeout: float = 30.0
    within: float = 60.0

    def wait(self, nth: int, asked: float) -> float:
        """Seconds before the try after the `nth` (from 1): what the zone asked, or a growing time with chance in it."""
        grown = min(self.longest, self.first * 2.0 ** (nth - 1))
        return max(asked, grown * (0.5 + random.random() / 2))


def question(
    product: str, purpose: str, about: tuple[str, str], *, basis: tuple[str, str] | None = None, end_user: str = ""
) -> dict[str, object]:
    """The body of a question. `about`: kind and value of the identifier; `basis`: kind and id (`("letter", "L-…")`)."""
    asked: dict[str, object] = {"v": 1, "product": product, "purpose": purpose, "about": _about(about)}
    if basis:
        asked["basis"] = {"kind": basis[0], "id": basis[1]}
    if end_user:
        asked["end_user"] = end_user
    return asked


def letter_proposal(
    wording: str,
    purpose: str,
    about: tuple[str, str],
    *,
    uses: int = 0,
    window: str = "month",
    range_months: int = 36,
    retention_days: int = 1096,
    life_days: int = 90,
    end_user: str = "",
) -> dict[str, object]:
    """The body of a letter's proposal. `uses`: most in a `window` (letter, month, year); 0: once."""
    proposed: dict[str, object] = {
        "v": 1,
        "about": _about(about),
        "wording": wording,
        "purpose": purpose,
        "mode": "periodic" if uses else "once",
        "cap": uses or 1,
        "window": window if uses else "letter",
        "range_months": range_months,
        "retention_days": retention_days,
        "life_days": life_days,
    }
    return proposed | ({"end_user": end_user} if end_user else {})


def _about(about: tuple[str, str]) -> dict[str, str]:
    return {"kind": about[0], "value": about[1]}


def conversation(exchange: Exchange, patience: Patience, timer: Callable[[], float]) -> Conversation:
    """The tries and waits of one request: yields a Try to be sent (and is sent its reply, None if there was none), or
    the seconds to wait. Returns the reply. Raises Refused, Unanswered, NotVerified.
    """
    ends = timer() + patience.within
    last = Later(0.0)
    for nth in range(1, patience.tries + 1):
        raw = yield exchange.next_try()
        if raw is None:
            exchange.lost()
            last = Later(0.0)
        else:
            found = exchange.judge(*raw)
            if isinstance(found, Reply):
                return found
            last = found
        pause = patience.wait(nth, last.seconds)
        if nth == patience.tries or timer() + pause >= ends:
            break
        yield pause
    raise Unanswered(exchange.idempotency_key, last.form)


class _Asking:
    """What both clients share: whom to ask, as whom, and how patiently."""

    def __init__(
        self,
        zone: str,
        key: Signing,
        zone_keys: Mapping[str, Verifying] | None,
        *,
        authority: str = "",
        patience: Patience = Patience(),
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """`zone`: its URL; `zone_keys`: id → key, out of the trust file; None: signatures are not checked, which every
        answer then says (`checked`). `authority`: the name that the zone goes by, where it is not the URL's.
        """
        self.zone = zone.rstrip("/")
        self.authority = authority or urlsplit(zone).netloc.lower()
        self.patience = patience
        self._key, self._zone_keys, self._clock, self._timer = key, zone_keys, clock, timer

    def exchange(
        self, ask: Ask, idempotency_key: str = "", keep: Keep | None = None, earlier: Sequence[RequestForm] = ()
    ) -> Exchange:
        """A request to be sent. `idempotency_key`: of an earlier one that got no reply."""
        key = idempotency_key or fresh_key()
        return Exchange(self.authority, ask, self._key, self._zone_keys, self._clock, key, keep, earlier)

    def conversation(self, exchange: Exchange) -> Conversation:
        """Its tries and waits."""
        return conversation(exchange, self.patience, self._timer)

    def url(self, ask: Ask) -> str:
        return self.zone + ask.path + (f"?{ask.query}" if ask.query else "")


class Client(_Asking):
    """Asks one zone. A context manager; one for each thread."""

    def __init__(
        self,
        zone: str,
        key: Signing,
        zone_keys: Mapping[str, Verifying] | None,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        **more: Any,
    ) -> None:
        """As `_Asking`. `transport`, `sleep`: for tests, or to go another way."""
        super().__init__(zone, key, zone_keys, **more)
        self._http = httpx.Client(timeout=self.patience.timeout, transport=transport)
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def ask(self, asked: Mapping[str, object], *, idempotency_key: str = "") -> Answered:
        """The answer to a question (see `question`). Raises Refused, Unanswered, NotVerified."""
        exchange = self.exchange(Ask(ANSWERS, document=asked), idempotency_key)
        return exchange.answered(self.carry(exchange))

    def ask_batch(
        self, asked: Sequence[Mapping[str, object]], *, idempotency_key: str = ""
    ) -> list[Answered | Refused]:
        """What each of up to 100 questions got, in order. Raises Refused, Unanswered, NotVerified for the whole."""
        exchange = self.exchange(Ask(BATCH, document={"v": 1, "questions": list(asked)}), idempotency_key)
        return exchange.answered_batch(self.carry(exchange))

    def answer(self, answer_id: str) -> bytes:
        """The body of an answer that was given to this institution, for `read_answer`. Raises as `ask`."""
        return _again(answer_id, self.carry(self.exchange(Ask(f"{ANSWERS}/{answer_id}"))))

    def proof(self, answer_id: str) -> str:
        """The tlog-proof of an answer, with the cosignatures that came since: for `proof` of its file."""
        return str(self.get(f"{ANSWERS}/{answer_id}/proof")["proof"])

    def products(self) -> list[Document]:
        """What the contracts let this institution ask, item by item."""
        return list(self.get("/v1/products")["products"])

    def mandates(self) -> list[Document]:
        """The lines of the contracts in force."""
        return list(self.get("/v1/mandates")["mandates"])

    def trace(self, month: str) -> list[Document]:
        """What this institution asked in a month (`2026-11`)."""
        return list(self.get("/v1/trace", f"month={month}")["questions"])

    def propose_letter(self, proposed: Mapping[str, object], *, idempotency_key: str = "") -> Document:
        """Propose a letter (see `letter_proposal`) for its subject to sign: id, state, and the code that opens it."""
        exchange = self.exchange(Ask("/v1/letters", document=proposed), idempotency_key)
        return _document(self.carry(exchange))

    def letter(self, letter_id: str) -> Document:
        """The state of one of this institution's letters."""
        return self.get(f"/v1/letters/{letter_id}")

    def get(self, path: str, query: str = "") -> Document:
        """The document of a signed GET. Raises Refused, Unanswered, NotVerified."""
        return _document(self.carry(self.exchange(Ask(path, query))))

    def carry(self, exchange: Exchange) -> Reply:
        """Send what the conversation says, wait as it says. Raises Refused, Unanswered, NotVerified."""
        steps = self.conversation(exchange)
        given: RawReply | None = None
        while True:
            try:
                step = steps.send(given)
            except StopIteration as end:
                reply: Reply = end.value
                return reply
            if isinstance(step, Try):
                given = self._sent(exchange, step)
            else:
                self._sleep(step)
                given = None

    def _sent(self, exchange: Exchange, one: Try) -> RawReply | None:
        ask = exchange.ask
        try:
            reply = self._http.request(
                ask.method, self.url(ask), content=exchange.body or None, headers=dict(one.headers)
            )
        except httpx.RequestError:
            return None
        return reply.status_code, list(reply.headers.raw), reply.content


class AsyncClient(_Asking):
    """Asks one zone from an event loop. An async context manager; as many questions at once as the caller starts."""

    def __init__(
        self,
        zone: str,
        key: Signing,
        zone_keys: Mapping[str, Verifying] | None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        **more: Any,
    ) -> None:
        """As `_Asking`. `transport`, `sleep`: for tests, or to go another way."""
        super().__init__(zone, key, zone_keys, **more)
        self._http = httpx.AsyncClient(timeout=self.patience.timeout, transport=transport)
        self._sleep = sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def ask(self, asked: Mapping[str, object], *, idempotency_key: str = "") -> Answered:
        """The answer to a question (see `question`). Raises Refused, Unanswered, NotVerified."""
        exchange = self.exchange(Ask(ANSWERS, document=asked), idempotency_key)
        return exchange.answered(await self.carry(exchange))

    async def ask_batch(
        self, asked: Sequence[Mapping[str, object]], *, idempotency_key: str = ""
    ) -> list[Answered | Refused]:
        """What each of up to 100 questions got, in order. Raises Refused, Unanswered, NotVerified for the whole."""
        exchange = self.exchange(Ask(BATCH, document={"v": 1, "questions": list(asked)}), idempotency_key)
        return exchange.answered_batch(await self.carry(exchange))

    async def answer(self, answer_id: str) -> bytes:
        """The body of an answer that was given to this institution, for `read_answer`. Raises as `ask`."""
        return _again(answer_id, await self.carry(self.exchange(Ask(f"{ANSWERS}/{answer_id}"))))

    async def proof(self, answer_id: str) -> str:
        """The tlog-proof of an answer, with the cosignatures that came since: for `proof` of its file."""
        return str((await self.get(f"{ANSWERS}/{answer_id}/proof"))["proof"])

    async def products(self) -> list[Document]:
        """What the contracts let this institution ask, item by item."""
        return list((await self.get("/v1/products"))["products"])

    async def mandates(self) -> list[Document]:
        """The lines of the contracts in force."""
        return list((await self.get("/v1/mandates"))["mandates"])

    async def trace(self, month: str) -> list[Document]:
        """What this institution asked in a month (`2026-11`)."""
        return list((await self.get("/v1/trace", f"month={month}"))["questions"])

    async def propose_letter(self, proposed: Mapping[str, object], *, idempotency_key: str = "") -> Document:
        """Propose a letter (see `letter_proposal`) for its subject to sign: id, state, and the code that opens it."""
        exchange = self.exchange(Ask("/v1/letters", document=proposed), idempotency_key)
        return _document(await self.carry(exchange))

    async def letter(self, letter_id: str) -> Document:
        """The state of one of this institution's letters."""
        return await self.get(f"/v1/letters/{letter_id}")

    async def get(self, path: str, query: str = "") -> Document:
        """The document of a signed GET. Raises Refused, Unanswered, NotVerified."""
        return _document(await self.carry(self.exchange(Ask(path, query))))

    async def carry(self, exchange: Exchange) -> Reply:
        """Send what the conversation says, wait as it says. Raises Refused, Unanswered, NotVerified."""
        steps = self.conversation(exchange)
        given: RawReply | None = None
        while True:
            try:
                step = steps.send(given)
            except StopIteration as end:
                reply: Reply = end.value
                return reply
            if isinstance(step, Try):
                given = await self._sent(exchange, step)
            else:
                await self._sleep(step)
                given = None

    async def _sent(self, exchange: Exchange, one: Try) -> RawReply | None:
        ask = exchange.ask
        try:
            reply = await self._http.request(
                ask.method, self.url(ask), content=exchange.body or None, headers=dict(one.headers)
            )
        except httpx.RequestError:
            return None
        return reply.status_code, list(reply.headers.raw), reply.content


def _document(reply: Reply) -> Document:
    return dict(json.loads(reply.body))


def _again(answer_id: str, reply: Reply) -> bytes:
    if read_answer(reply.body).form.id != answer_id:
        raise unverified("这不是所要的答复", "this is another answer than the one that was asked for")
    return reply.body
