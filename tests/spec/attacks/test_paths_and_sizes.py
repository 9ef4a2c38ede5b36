"""Attacks on the server itself: paths that lead elsewhere, what is too long, who is too slow."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from puhui.api import http, server
from puhui.wire.http_signatures import MAX_BODY

from ...questions.asking import Asker, Request, ask
from ...questions.town import FIRM, Office
from .table import Attack, held_off, noted

SECRET = b"what nobody may read"
PATHS = [
    "/tile/../records.db",
    "/tile/0/../../../records.db",
    "/tile/0/%2e%2e/%2e%2e/records.db",
    "/tile/0/..%2f..%2frecords.db",
    "/tile//etc/passwd",
    "//etc/passwd",
    "/tile/0//000",
    "/tile/0/000%00",
    "/tile/0/000/",
    "/tile/./0/000",
    "/tile/00/000",
    "/tile/0/x000/000",
    "/tile/0/000.p/0",
    "/tile/0/000.p/999",
    "/tile/64/000",
    "/tile/0/０００",
    "/tile/-1/000",
    "/tile/entries/../../records.db",
    "/tile/data/000",
    "/checkpoint/..",
    "/v1/../v1/health",
    "/v1/health/",
    "/V1/health",
    "/",
    "",
    "/keys",
    "/records.db",
    "/ledger/tile/0/000",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_leads_nowhere_else(shared: Office, path: str) -> None:
    sent = Request("GET", path.encode().decode("latin-1"), "", ())
    held_off(shared, Attack("", lambda _: sent, (404, "no-such-path")))


def test_who_follows_the_log_too_quickly_is_no_attacker(shared: Office) -> None:
    """A tile that may come yet is not there, and that is all."""
    before = noted(shared)
    (reply,) = ask(shared, Request("GET", "/tile/0/x001/x234/567", "", ()))
    assert (reply.status, noted(shared) - before) == (404, Counter())


def test_a_tile_is_served_and_a_link_in_its_place_is_not(shared: Office) -> None:
    ask(shared, *(Asker(shared).question(FIRM) for _ in range(3)))
    shared.questions.publisher.publish()
    found = sorted((shared.home / "ledger" / "tile").rglob("*.p/*"))
    path = "/" + found[0].relative_to(shared.home / "ledger").as_posix()
    (tile,) = ask(shared, Request("GET", path, "", ()))
    assert tile.status == 200 and len(tile.body) % 32 == 0
    secret = shared.home / "secret"
    secret.write_bytes(SECRET)
    found[0].unlink()
    found[0].symlink_to(secret)
    (reply,) = ask(shared, Request("GET", path, "", ()))
    assert reply.status == 404 and SECRET not in reply.body
    found[0].unlink()
    found[0].write_bytes(tile.body)
    assert shared.check() == []


@pytest.mark.parametrize(
    "method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "get", "X" * 200]
)
def test_a_method_that_a_path_does_not_have(shared: Office, method: str) -> None:
    asked = Asker(shared).question(FIRM).but(method=method)
    reply = held_off(shared, Attack("", lambda _: asked, (405, "no-such-method")))
    assert (b"allow", b"POST") in reply.headers


@pytest.mark.parametrize("name", ["mallory", "bank-a"])
def test_a_body_that_is_too_large_is_not_read_to_its_end(shared: Office, name: str) -> None:
    chunks = [b"x" * 16_384] * 1_000
    request = Asker(shared, name).question(FIRM).but(chunks=chunks)
    reply = held_off(shared, Attack("", lambda _: request, (413, "too-large")))
    assert not reply.signed
    exact = Asker(shared).post(b" " * MAX_BODY)
    assert held_off(shared, Attack("", lambda _: exact, (400, "bad-request"), "bad-request")).signed


def test_a_body_that_never_ends_is_cut_off(shared: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_SECONDS", 0.01)
    told: list[Any] = []

    async def story() -> None:
        first = [{"type": "http.request", "body": b"{", "more_body": True}]

        async def receive() -> Any:
            return first.pop() if first else await asyncio.Event().wait()

        async def keep(message: Any) -> None:
            told.append(message)

        scope = {"type": "http", "method": "POST", "raw_path": b"/v1/answers", "query_string": b"", "headers": []}
        await shared.app(scope, receive, keep)

    before = noted(shared)
    asyncio.run(story())
    assert told[0]["status"] == 400
    assert b"bad-request" in told[1]["body"]
    assert noted(shared) - before == Counter(["bad-request"])


def test_who_hangs_up_in_a_body_does_no_harm(shared: Office) -> None:
    """The connection ends after a part of the body."""
    request = Asker(shared).question(FIRM)
    told: list[Any] = []

    async def story() -> None:
        parts = [{"type": "http.disconnect"}, {"type": "http.request", "body": request.chunks[0], "more_body": True}]

        async def receive() -> Any:
            return parts.pop()

        async def keep(message: Any) -> None:
            told.append(message)

        headers = [(name.encode(), value.encode()) for name, value in request.headers]
        scope = {"type": "http", "method": "POST", "raw_path": b"/v1/answers", "query_string": b"", "headers": headers}
        await shared.app(scope, receive, keep)

    before, strangers = shared.codes(), noted(shared)
    asyncio.run(story())
    assert told[0]["status"] == 400
    assert shared.codes() == before
    assert noted(shared) - strangers == Counter(["bad-request"])


# --- a real server, with limits that a test can wait for ---


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Says whatever it is asked."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def cut() -> list[tuple[str, str]]:
    """Code and address of every connection that the server cut off."""
    return []


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch, cut: list[tuple[str, str]]) -> Iterator[int]:
    """A server of the zone's own kind, whose heads have to be whole within a moment."""
    import threading

    import uvicorn

    monkeypatch.setattr(server, "HEAD_SECONDS", 0.2)
    listening = server.listen("127.0.0.1", 0)
    held: list[uvicorn.Server] = []
    made = uvicorn.Server.__init__

    def keep(self: uvicorn.Server, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        held.append(self)

    monkeypatch.setattr(uvicorn.Server, "__init__", keep)
    monkeypatch.setattr(uvicorn.Server, "install_signal_handlers", lambda self: None, raising=False)
    ready = threading.Event()

    def note(code: str, address: str) -> None:
        cut.append((code, address))

    thread = threading.Thread(target=server.run, args=(app, listening, ready.set, lambda: True, note))
    thread.start()
    assert ready.wait(10)
    yield listening.getsockname()[1]
    held[0].should_exit = True
    thread.join()


def closed_by_server(port: int, *sent: bytes) -> bytes:
    """What came until the server closed the connection; a socket's own time limit fails the test."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as line:
        try:
            for part in sent:
                line.sendall(part)
            came = b""
            while part := line.recv(65_536):
                came += part
        except (ConnectionResetError, BrokenPipeError):
            came = b""
        return came


def test_slow_heads_and_long_heads_are_cut_off_and_others_are_served(port: int, cut: list[tuple[str, str]]) -> None:
    whole = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert closed_by_server(port, whole).startswith(b"HTTP/1.1 200")
    assert closed_by_server(port) == b"", "who says nothing"
    assert closed_by_server(port, b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ") == b"", "who does not finish"
    assert closed_by_server(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n").count(b"200") == 1, (
        "nor the next"
    )
    many = b"".join(b"X-%d: a\r\n" % n for n in range(100))
    assert b"200" not in closed_by_server(port, b"GET / HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n")
    long = b"X-A: " + b"a" * (server.MAX_HEAD + 1) + b"\r\n"
    assert b"200" not in closed_by_server(port, b"GET / HTTP/1.1\r\nHost: x\r\n" + long + b"\r\n")
    assert b"200" not in closed_by_server(port, b"GET /" + b"a" * (server.MAX_HEAD + MAX_BODY) + b" HTTP/1.1\r\n\r\n")
    assert b"200" not in closed_by_server(port, b"\x16\x03\x01 this is no HTTP\r\n\r\n")
    assert closed_by_server(port, whole).startswith(b"HTTP/1.1 200")
    codes = ["slow-head"] * 3 + ["long-head"] * 3 + ["no-http"]
    assert cut == [(code, "127.0.0.1") for code in codes]


def test_what_the_server_cut_off_is_in_the_security_log(shared: Office) -> None:
    before = noted(shared)
    for code in (server.SLOW_HEAD, server.LONG_HEAD, server.NO_HTTP):
        shared.app.cut_off(code, "203.0.113.7")
    assert noted(shared) - before == Counter([server.SLOW_HEAD, server.LONG_HEAD, server.NO_HTTP])


def test_a_port_that_is_taken_is_said(port: int) -> None:
    from puhui.model.refusals import Busy

    with pytest.raises(Busy):
        server.listen("127.0.0.1", port)
