"""The interface under uvicorn, with bounds on whoever is slow or long: heads, bodies, connections."""

from __future__ import annotations

import asyncio
import socket
from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from puhui.model.refusal import Said
from puhui.model.refusals import Busy
from puhui.wire.http_signatures import MAX_BODY

HEAD_SECONDS = 10  # from the first byte of a request, or from the connection, to the end of its head
MAX_HEAD = 16 * 1024  # bytes
MAX_CONNECTIONS = 512
KEEP_ALIVE = 30  # seconds without a request
LOOK = 1.0  # seconds between looks whether what is served still lives


Cut = Callable[[str, str], None]  # code and address of a connection that was closed before there was a request
SLOW_HEAD, LONG_HEAD, NO_HTTP = "slow-head", "long-head", "no-http"


def _nobody(code: str, address: str) -> None:
    """Nobody is told."""


class Bounded(HttpToolsProtocol):
    """uvicorn's protocol, which closes a connection whose head is late or too long (slow loris)."""

    told: Cut = staticmethod(_nobody)
    _timer: TimerHandle | None = None
    _in_head = True
    _head = 0  # bytes read so far
    _names = 0  # bytes of header names and values among them

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head += len(data)
            if self._head > MAX_HEAD + MAX_BODY:
                self._cut(LONG_HEAD)
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._in_head, self._head, self._names = True, 0, 0
        self._wait()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._names += len(name) + len(value)
        if len(self.headers) > 64 or self._names > MAX_HEAD:
            self._cut(LONG_HEAD)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._tell(NO_HTTP)
        super().send_400_response(msg)

    def _cut(self, code: str) -> None:
        self._tell(code)
        self.transport.close()

    def _tell(self, code: str) -> None:
        if not self.transport.is_closing():
            self.told(code, self.client[0] if self.client else "")

    def _wait(self) -> None:
        self._stop()
        self._timer = self.loop.call_later(HEAD_SECONDS, self._cut, SLOW_HEAD)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections. Raises Busy where the port is taken."""
    try:
        return socket.create_server((host, port), backlog=1024)
    except OSError as error:
        raise Busy(
            Said(f"无法监听 {host}:{port}（{error.strerror}）", f"cannot listen on {host}:{port} ({error.strerror})"),
            todo=Said("换一个端口，或停掉占用它的进程", "take another port, or stop what has it"),
        ) from None


def run(
    app: Any, listening: socket.socket, ready: Callable[[], None], alive: Callable[[], bool], cut: Cut = _nobody
) -> None:
    """Serve until a signal stops it; requests under way are finished. `ready` is called once connections are taken.

    `alive` is asked now and then: once it says no, serving ends, so that whoever watches the process starts it again.
    `cut` is told of every connection that was closed because its head was late, too long or no HTTP.
    """

    class Telling(Bounded):
        told = staticmethod(cut)

    config = uvicorn.Config(
        app,
        http=Telling,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=10,
    )
    uvloop.run(_serve(uvicorn.Server(config), listening, ready, alive))


async def _serve(
    server: uvicorn.Server, listening: socket.socket, ready: Callable[[], None], alive: Callable[[], bool]
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        ready()
    while alive() and not serving.done():
        await asyncio.wait({serving}, timeout=LOOK)
    server.should_exit = True
    await serving
