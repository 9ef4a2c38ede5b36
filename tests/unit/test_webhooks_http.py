"""Notices on their way out: taken or not, never redirected, never into the zone's own networks, bounded in time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from puhui.adapters import webhooks_http
from puhui.adapters.webhooks_http import HttpWebhooks

BODY = b'{"v":1}'
HEADERS = (("content-type", "application/json"), ("idempotency-key", "M-1-2"))


class Receiver:
    """An institution's server: says one line of status to whoever comes, and keeps what came."""

    def __init__(self, status: str) -> None:
        self.status, self.came, self.port = status, b"", 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += await reader.readuntil(BODY)
        if self.status:
            writer.write(f"HTTP/1.1 {self.status}\r\ncontent-length: 0\r\n\r\n".encode())
            await writer.drain()
        else:
            await reader.read()  # until the other side gives up
        writer.close()


@asynccontextmanager
async def receiving(status: str) -> AsyncIterator[Receiver]:
    receiver = Receiver(status)
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver


async def sent(status: str, *, private: bool = True) -> tuple[bool, Receiver]:
    async with receiving(status) as receiver:
        taken = await HttpWebhooks(private=private).send(f"http://127.0.0.1:{receiver.port}/hook", HEADERS, BODY)
    return taken, receiver


@pytest.mark.parametrize(
    ("status", "taken"), [("200 OK", True), ("204 No Content", True), ("404 Not Found", False), ("500 Oh", False)]
)
def test_only_a_good_status_counts(status: str, taken: bool) -> None:
    found, receiver = asyncio.run(sent(status))
    assert found is taken
    assert receiver.came.startswith(b"POST /hook HTTP/1.1\r\n") and receiver.came.endswith(BODY)
    assert f"host: 127.0.0.1:{receiver.port}".encode() in receiver.came.lower()


def test_a_redirect_is_not_followed() -> None:
    async def both() -> tuple[bool, bytes]:
        async with receiving("200 OK") as inner:
            found, _ = await sent(f"307 Temporary Redirect\r\nlocation: http://127.0.0.1:{inner.port}/x")
            return found, inner.came

    assert asyncio.run(both()) == (False, b"")


def test_a_receiver_that_is_silent_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks_http, "REPLY", 0.1)
    found, receiver = asyncio.run(sent(""))
    assert not found and receiver.came.endswith(BODY)


def test_http_is_for_this_machine_and_by_setting_only() -> None:
    assert asyncio.run(sent("200 OK", private=False))[1].came == b""
    assert not asyncio.run(HttpWebhooks(private=True).send("http://10.1.2.3/", HEADERS, BODY))


@pytest.mark.parametrize("found", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:192.168.1.1"])
def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    """One of several answers of the name's server is enough: the connection may take any of them."""

    def looked_up(host: str, port: int, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, 1, 6, "", (ip, port)) for ip in ("93.184.215.14", found)]

    async def called(*_: Any) -> bool:
        raise AssertionError("it was called")

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    monkeypatch.setattr(webhooks_http, "_posted", called)
    assert not asyncio.run(HttpWebhooks().send("https://notices.bank-a.example/", HEADERS, BODY))


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the check and the call no name is looked up again; the certificate is asked for by the name."""
    asked: list[Any] = []

    def looked_up(host: str, port: int, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", ("93.184.215.14", port))]

    class Client:
        def __init__(self, **options: Any) -> None:
            assert options["follow_redirects"] is False and options["trust_env"] is False

        async def __aenter__(self) -> Client:
            return self

        async def __aexit__(self, *_: object) -> None: ...

        @asynccontextmanager
        async def stream(self, method: str, url: str, **more: Any) -> AsyncIterator[Any]:
            asked.append((method, url, more["headers"]["host"], more["extensions"]["sni_hostname"]))

            class Taken:
                is_success = True

            yield Taken()

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    monkeypatch.setattr(webhooks_http.httpx, "AsyncClient", Client)
    assert asyncio.run(HttpWebhooks().send("https://notices.bank-a.example/p", HEADERS, BODY))
    name = "notices.bank-a.example"
    assert asked == [name, ("POST", "https://93.184.215.14/p", name, name)]
