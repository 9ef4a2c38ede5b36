"""A witness as a process of its own: one folder, one key, `POST /add-checkpoint` and `GET /vkey`, nothing else.

The key is made at the first start and never leaves its folder. A request is bounded in bytes and in time.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from asyncio import TimerHandle
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from puhui.model.refusal import Said
from puhui.model.refusals import Busy
from puhui.wire.durable import sync_folder
from puhui.wire.keys import generate, read_private, write_private
from puhui.wire.notes import COSIGNATURE_V1, NoteSigner
from puhui.witness.cosign import MAX_BODY, TEXT, Reply, Witness
from puhui.witness.state import State

KEY_FILE = "witness.key"
READ_SECONDS = 10  # for a request's head to arrive, and for its body
MAX_CONNECTIONS = 128

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def open_witness(folder: Path, name: str = "", clock: Callable[[], int] = lambda: int(time.time())) -> Witness:
    """The witness of a folder; folder, key and name are made at the first time and kept from then on.

    `name`: how logs and verifiers call it, at best a URL without its scheme; if empty, made from the key. Raises
    KeyRefused where the key file is damaged, ValueError where the name cannot be a key's name or is not the kept one.
    """
    state = State(folder)
    file = folder / KEY_FILE
    if not file.exists():
        _make_key(file)
    key = read_private(file, KEY_FILE)
    wanted = name or f"witness/{key.verifying().public.hex()[:8]}"
    NoteSigner(wanted, key, COSIGNATURE_V1).verifier  # noqa: B018 (a name that is none is refused before it is kept)
    kept = state.name(wanted)
    if name and kept != name:
        raise ValueError(f"the witness of this folder is called {kept}")
    return Witness(state, NoteSigner(kept, key, COSIGNATURE_V1), clock)


def _make_key(file: Path) -> None:
    """Whole or not at all, and never over another: a second process that does the same keeps the first one's key."""
    part = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    write_private(generate(KEY_FILE), part)
    try:
        os.link(part, file)
    except FileExistsError:
        return
    finally:
        part.unlink()
        sync_folder(file.parent)


class App:
    """The witness as an ASGI application."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await _send(send, await self._answer(scope["method"], scope["path"], receive))

    async def _answer(self, method: str, path: str, receive: Receive) -> Reply:
        match method, path:
            case "POST", "/add-checkpoint":
                try:
                    body = await asyncio.wait_for(_body(receive), READ_SECONDS)
                except TimeoutError:
                    return Reply(408, TEXT, b"the body did not arrive in time\n")
                if body is None:
                    return Reply(413, TEXT, b"the body is too large\n")
                return await asyncio.to_thread(self._witness.add_checkpoint, body)
            case "GET", "/vkey":
                return Reply(200, TEXT, f"{self._witness.signer.verifier.vkey}\n".encode())
            case _, "/add-checkpoint" | "/vkey":
                return Reply(405, TEXT, b"another method\n")
            case _:
                return Reply(404, TEXT, b"nothing here\n")


async def _body(receive: Receive) -> bytes | None:
    """The request's body, or None where it is larger than allowed; reading stops there."""
    body = b""
    while len(body) <= MAX_BODY:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body if len(body) <= MAX_BODY else None
    return None


async def _send(send: Send, reply: Reply) -> None:
    headers = [(b"content-type", reply.content_type.encode()), (b"content-length", str(len(reply.body)).encode())]
    if reply.status in (408, 413):  # what is left of the body is not read
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


class Prompt(HttpToolsProtocol):
    """uvicorn's protocol, which closes a connection that takes its time over the head of a request (slow loris)."""

    _late: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.on_time()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self.on_time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._stop()
        super().on_headers_complete()

    def on_time(self) -> None:
        """From now on, the head is to be there within READ_SECONDS."""
        self._stop()
        self._late = self.loop.call_later(READ_SECONDS, self.transport.close)

    def _stop(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def server_of(witness: Witness) -> uvicorn.Server:
    """The server of a witness, not started."""
    config = uvicorn.Config(
        App(witness),
        http=Prompt,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=READ_SECONDS,
    )
    return uvicorn.Server(config)


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections; port 0 asks for any. Raises Busy where the port is taken."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise Busy(
            Said(f"无法监听 {host}:{port}（{error.strerror}）", f"cannot listen on {host}:{port} ({error.strerror})"),
            todo=Said("换一个端口，或停掉占用它的进程", "take another port, or stop what has it"),
        ) from None


def serve(witness: Witness, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serves until a signal stops it. `ready` is called once connections are taken."""

    async def run() -> None:
        server = server_of(witness)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        if server.started:
            ready()
        await serving

    asyncio.run(run())
