"""A bank's client of a zone, sync and async: ask, keep what proves it, try again safely.

Both send what `exchange.Exchange` says and wait as it says; nothing else is here.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from puhui.bank.exchange import Answered, Exchange, Refused, Unanswered, fresh_key
from puhui.wire.keys import Signing, Verifying

__all__ = ["Answered", "AsyncClient", "Client", "Patience", "Refused", "Unanswered"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try: `tries` times, waiting about `first` seconds, twice as long each time, never over `longest`."""

    tries: int = 5
    first: float = 0.2
    longest: float = 10.0
    timeout: float = 30.0  # of one request

    def wait(self, nth: int, asked: float) -> float:
        """Seconds before the try after the `nth` (from 1): what the zone asked, or a growing time with chance in it."""
        grown = min(self.longest, self.first * 2.0 ** (nth - 1))
        return max(asked, grown * (0.5 + random.random() / 2))


def question(
    product: str, purpose: str, about: tuple[str, str], *, basis: tuple[str, str] | None = None, end_user: str = ""
) -> dict[str, object]:
    """The body of a question. `about`: kind and value of the identifier; `basis`: kind and id (`("letter", "L-…")`)."""
    kind, value = about
    asked: dict[str, object] = {"v": 1, "product": product, "purpose": purpose, "about": {"kind": kind, "value": value}}
    if basis:
        asked["basis"] = {"kind": basis[0], "id": basis[1]}
    if end_user:
        asked["end_user"] = end_user
    return asked


class _Asking:
    """What both clients share: whom to ask, as whom, and how patiently."""

    def __init__(
        self,
        zone: str,
        key: Signing,
        zone_keys: Mapping[str, Verifying],
        *,
        patience: Patience = Patience(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`zone`: its URL; `zone_keys`: id → key, out of the trust file."""
        self.zone = zone.rstrip("/")
        self.authority = urlsplit(zone).netloc.lower()
        self.patience = patience
        self._key, self._zone_keys, self._clock = key, zone_keys, clock

    def exchange(self, asked: Mapping[str, object], idempotency_key: str = "") -> Exchange:
        """A question to be sent. `idempotency_key`: of an earlier one that got no reply."""
        return Exchange(self.authority, asked, self._key, self._zone_keys, self._clock, idempotency_key or fresh_key())


class Client(_Asking):
    """Asks one zone. A context manager; one for each thread."""

    def __enter__(self) -> Self:
        self._http = httpx.Client(timeout=self.patience.timeout)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def ask(self, asked: Mapping[str, object], *, idempotency_key: str = "") -> Answered:
        """The answer to a question (see `question`). Raises Refused, Unanswered, NotVerified."""
        exchange = self.exchange(asked, idempotency_key)
        for nth in range(1, self.patience.tries + 1):
            wait = 0.0
            one = exchange.next_try()
            try:
                reply = self._http.post(self.zone + exchange.path, content=exchange.body, headers=dict(one.headers))
            except httpx.TransportError:
                pass
            else:
                found = exchange.judge(reply.status_code, reply.headers.raw, reply.content)
                if isinstance(found, Answered):
                    return found
                wait = found
            if nth < self.patience.tries:
                time.sleep(self.patience.wait(nth, wait))
        raise Unanswered(exchange.idempotency_key)


class AsyncClient(_Asking):
    """Asks one zone from an event loop. An async context manager; as many questions at once as the caller starts."""

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(timeout=self.patience.timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def ask(self, asked: Mapping[str, object], *, idempotency_key: str = "") -> Answered:
        """The answer to a question (see `question`). Raises Refused, Unanswered, NotVerified."""
        exchange = self.exchange(asked, idempotency_key)
        for nth in range(1, self.patience.tries + 1):
            wait = 0.0
            one = exchange.next_try()
            try:
                reply = await self._http.post(
                    self.zone + exchange.path, content=exchange.body, headers=dict(one.headers)
                )
            except httpx.TransportError:
                pass
            else:
                found = exchange.judge(reply.status_code, reply.headers.raw, reply.content)
                if isinstance(found, Answered):
                    return found
                wait = found
            if nth < self.patience.tries:
                await asyncio.sleep(self.patience.wait(nth, wait))
        raise Unanswered(exchange.idempotency_key)
