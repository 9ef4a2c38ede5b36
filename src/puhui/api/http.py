"""The ground of the interface on raw ASGI: one request read whole within its limits, one reply written whole."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from puhui.model.refusal import Said
from puhui.model.refusals_question import BadRequest, TooLarge
from puhui.wire.http_signatures import MAX_BODY

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
BODY_SECONDS = 10  # to send a body in: whoever is slower is cut off


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `path` and `query` as they were sent, still percent-encoded; `address`: of the peer."""

    method: str
    path: str
    query: str
    headers: list[tuple[bytes, bytes]] = field(repr=False)
    body: bytes = field(repr=False)
    address: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. Header names in lower case. `timed`: when it leaves must not tell how long it was worked on."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    timed: bool = False


async def read_call(scope: Scope, receive: Receive) -> Call:
    """The whole request. Raises TooLarge, BadRequest (too slow, or gone)."""
    body = b"" if scope["method"] == "GET" else await _body(receive)
    client = scope.get("client")
    return Call(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=scope["headers"],
        body=body,
        address=client[0] if client else "",
    )


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise _gone()
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MAX_BODY:
                    raise _too_large()
                if not message.get("more_body", False):
                    return parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError:
        raise _too_slow() from None


async def send_reply(reply: Reply, send: Send) -> None:
    """The reply in two ASGI messages."""
    headers = [(name.encode(), value.encode()) for name, value in reply.headers]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _too_large() -> TooLarge:
    limit = MAX_BODY // 1024
    return TooLarge(
        Said(f"报文超过 {limit} KiB", f"the body is larger than {limit} KiB"),
        todo=Said("拆成几次提问", "split it into several requests"),
    )


def _too_slow() -> BadRequest:
    return BadRequest(
        Said(f"{BODY_SECONDS} 秒内未收到完整报文", f"the body did not arrive within {BODY_SECONDS} s"),
        todo=Said("检查网络后重试", "check the network and try again"),
    )


def _gone() -> BadRequest:
    return BadRequest(
        Said("连接在报文完整之前断开", "the connection ended before the body was whole"),
        todo=Said("重试", "try again"),
    )
