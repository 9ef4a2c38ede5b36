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


class Bounded(HttpToolsProtocol):
    """uvicorn's protocol, which closes a connection whose head is late or too long (slow loris)."""

    _timer: TimerHandle | None = None
    _in_head = True
    _head = 0

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
                self.transport.close()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._in_head, self._head = True, 0
        self._wait()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > 64 or sum(len(n) + len(v) for n, v in self.headers) > MAX_HEAD:
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._stop()
        self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

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


def run(app: Any, listening: socket.socket, ready: Callable[[], None], alive: Callable[[], bool]) -> None:
    """Serve until a signal stops it; requests under way are finished. `ready` is called once connections are taken.

    `alive` is asked now and then: once it says no, serving ends, so that whoever watches the process starts it again.
    """
    config = uvicorn.Config(
        app,
        http=Bounded,
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
