"""The bank-facing interface as one ASGI application: parse, call one story, render. It holds no rule of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from puhui.api.http import Call, Receive, Reply, Scope, Send, read_call, send_reply
from puhui.api.render import as_question_refusal, nothing_here, refused
from puhui.api.routes import Routes
from puhui.api.strangers import NO_SUCH_METHOD, NO_SUCH_PATH
from puhui.model.refusal import Refusal
from puhui.model.refusals_question import QuestionRefused
from puhui.wire.http_signatures import HttpRequest, SignedRequest, parse_request
from puhui.wire.tiles import parse_path

TIME_CLASS = 0.05  # seconds: what depends on the subject leaves at the next multiple after the request came
_log = structlog.get_logger("puhui.api")

Handler = Callable[[Call, SignedRequest], Awaitable[Reply]]


class App:
    """`routes` does the work; `authority`: the name that this server goes by, which every request signs."""

    def __init__(self, routes: Routes, authority: str) -> None:
        self._routes = routes
        self._authority = authority
        self._signed: dict[tuple[str, str], Handler] = routes.signed()
        self._under: tuple[tuple[str, str, Handler], ...] = routes.signed_under()
        self.cut_off = routes.strangers.cut_off  # code and address of a connection that never came to a request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await send_reply(await self._reply(scope, receive), send)

    async def _reply(self, scope: Scope, receive: Receive) -> Reply:
        arrived = asyncio.get_running_loop().time()
        request: SignedRequest | None = None
        try:
            call = await read_call(scope, receive)
            handler = self._handler(call)
            if handler is None:
                return self._routes.open(call) or self._no_such(call)
            request = parse_request(
                HttpRequest(call.method, self._authority, call.path, call.query, call.headers, call.body)
            )
            reply = await handler(call, request)
            if reply.timed:
                await _until_its_time(arrived)
            return reply
        except QuestionRefused as refusal:
            self._note(scope, refusal, request)
            return await self._refused(refusal, request, arrived)
        except Refusal as refusal:
            _log.error("refused inside", code=refusal.code, where=refusal.where)
            return await self._refused(as_question_refusal(refusal), request, arrived)

    def _handler(self, call: Call) -> Handler | None:
        found = self._signed.get((call.method, call.path))
        if found is None:
            for method, prefix, handler in self._under:
                if method == call.method and call.path.startswith(prefix):
                    return handler
        return found

    def _no_such(self, call: Call) -> Reply:
        allowed = sorted({method for method, path in self._signed if path == call.path})
        if allowed:
            self._routes.strangers.turned_away(call, NO_SUCH_METHOD)
            return nothing_here(405, ", ".join(allowed))
        if call.method != "GET" or not _may_come_yet(call.path):
            self._routes.strangers.turned_away(call, NO_SUCH_PATH)
        return nothing_here()

    def _note(self, scope: Scope, refusal: QuestionRefused, request: SignedRequest | None) -> None:
        if request is None:
            self._routes.strangers.turned_away(_head_of(scope), refusal.code)
        else:
            self._routes.strangers.refused(_head_of(scope), refusal, request)

    async def _refused(self, refusal: QuestionRefused, request: SignedRequest | None, arrived: float) -> Reply:
        if refusal.hidden:
            await _until_its_time(arrived)
        return refused(refusal, request, self._routes.signing, self._routes.seconds())


def _head_of(scope: Scope) -> Call:
    """The request without its body, which may never have come."""
    client = scope.get("client")
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    return Call(scope["method"], path, query, scope["headers"], b"", client[0] if client else "")


def _may_come_yet(path: str) -> bool:
    """Whether this is a tile, which whoever follows the log may ask for too early."""
    return parse_path(path[1:]) is not None


async def _until_its_time(arrived: float) -> None:
    """Waits for the next multiple of TIME_CLASS after the request came."""
    spent = asyncio.get_running_loop().time() - arrived
    await asyncio.sleep(TIME_CLASS - spent % TIME_CLASS)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message: Any = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
