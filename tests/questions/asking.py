"""Whoever asks the zone, honestly or not: every part of a request can be forged, before it is signed or after."""

from __future__ import annotations

import asyncio
import json
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from puhui.model.subject import Identifier
from puhui.wire.answers import AnswerFile, RequestForm, ResponseForm, kept_headers, write_answer_file
from puhui.wire.http_signatures import Headers, HttpRequest, new_nonce, parse_request, raw, sign_request
from puhui.wire.keys import Signing

from .town import AUTHORITY, Office, key

HOME_ADDRESS = "203.0.113.7"
Chunks = Sequence[bytes]


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def code(self) -> str:
        """The outward code; empty: an answer."""
        return str(self.told.get("refused", ""))

    @property
    def items(self) -> dict[str, Any]:
        return {item["name"]: item.get("value") for item in self.told["record"]["items"]}

    @property
    def signed(self) -> bool:
        return any(name == b"signature" for name, _ in self.headers)


@dataclass(frozen=True)
class Request:
    """One request on its way. `after`: what happens to the headers once they are signed; `chunks`: of the body."""

    method: str
    path: str
    query: str
    headers: Headers
    chunks: Chunks = ()
    address: str = HOME_ADDRESS

    def but(self, **changed: Any) -> Request:
        return replace(self, **changed)

    def header(self, name: str, value: str) -> Request:
        """Another value of a header, after it was signed."""
        return self.but(headers=tuple((n, value if n == name else v) for n, v in self.headers))

    def changed(self, name: str, old: str, new: str) -> Request:
        """A part of a header's value replaced, after it was signed; the part must be there."""
        before = dict(self.headers)[name]
        assert old in before, f"{name} does not hold what is to be replaced"
        return self.header(name, before.replace(old, new, 1))


@dataclass(frozen=True)
class Asker:
    """An institution with its key. What a question says can be changed one by one."""

    office: Office
    name: str = "bank-a"
    signing: Signing | None = None
    address: str = HOME_ADDRESS
    skew: int = 0  # seconds that its clock is ahead
    authority: str = AUTHORITY

    def said(self, about: Identifier, letter: str = "firm", **changed: Any) -> dict[str, Any]:
        """The body of a question. `letter`: a name of the town, an id, or empty for none."""
        said: dict[str, Any] = {"v": 1, "product": "firm_loan", "purpose": "lending"}
        said["about"] = {"kind": about.kind, "value": about.value}
        if letter:
            said["basis"] = {"kind": "letter", "id": self.office.letters.get(letter, letter)}
        return said | changed

    def post(
        self, body: Mapping[str, Any] | bytes, path: str = "/v1/answers", *, nonce: str = "", idempotency: str = ""
    ) -> Request:
        """A signed request with a body."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        headers = sign_request(
            "POST", self.authority, path, body=raw, key=self._key, created=self.office.clock.seconds + self.skew,
            nonce=nonce or new_nonce(), idempotency_key=idempotency or secrets.token_urlsafe(18),
        )  # fmt: skip
        return Request("POST", path, "", headers, (raw,), self.address)

    def get(self, path: str, query: str = "", method: str = "GET") -> Request:
        """A signed request without a body."""
        headers = sign_request(
            method, self.authority, path, query, key=self._key, created=self.office.clock.seconds + self.skew,
            nonce=new_nonce(),
        )  # fmt: skip
        return Request(method, path, query, headers, address=self.address)

    def question(self, about: Identifier, letter: str = "firm", **changed: Any) -> Request:
        """A signed question."""
        return self.post(self.said(about, letter, **changed))

    @property
    def _key(self) -> Signing:
        return self.signing or key(f"{self.name}/1")


async def send(office: Office, request: Request) -> Reply:
    """The zone's reply to a request, through the whole ASGI application."""
    return await call(office, request, [(name.encode(), value.encode()) for name, value in request.headers])


async def call(office: Office, request: Request, headers: Sequence[tuple[bytes, bytes]]) -> Reply:
    """The same with headers that need not be text."""
    said: list[Mapping[str, Any]] = []

    async def keep(message: Mapping[str, Any]) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": request.method,
        "path": request.path,
        "raw_path": request.path.encode("latin-1"),
        "query_string": request.query.encode("latin-1"),
        "headers": list(headers),
        "client": (request.address, 50000),
    }
    await office.app(scope, _receive(request.chunks), keep)
    start, *rest = said
    return Reply(start["status"], tuple(start["headers"]), b"".join(part.get("body", b"") for part in rest))


def _receive(chunks: Chunks) -> Callable[[], Awaitable[Mapping[str, Any]]]:
    messages = _messages(chunks)

    async def receive() -> Mapping[str, Any]:
        return await anext(messages)

    return receive


async def _messages(chunks: Chunks) -> AsyncIterator[Mapping[str, Any]]:
    for place, chunk in enumerate(chunks or (b"",)):
        yield {"type": "http.request", "body": chunk, "more_body": place + 1 < len(chunks)}
    yield {"type": "http.disconnect"}


def ask(office: Office, *requests: Request) -> list[Reply]:
    """The replies to requests that are sent at once."""

    async def all_of_them() -> list[Reply]:
        return list(await asyncio.gather(*(send(office, request) for request in requests)))

    return asyncio.run(all_of_them())


def answer_file(request: Request, reply: Reply, **more: Any) -> bytes:
    """ANSWER.json of a request and its reply, as the bank keeps it."""
    headers = tuple((name.decode(), value.decode()) for name, value in reply.headers)
    response = ResponseForm(body=reply.body.decode(), headers=kept_headers(headers), status=reply.status)
    return write_answer_file(AnswerFile(request=request_form(request), response=response, v=1, **more))


def answer_file_of(tries: Sequence[Request], reply: Reply) -> bytes:
    """The same where a question was sent several times; the reply is to the last, its record names one of them."""
    named = reply.told["record"]["question"]
    asked = next(one for one in tries if base64(digest_of(one)) == named)
    return answer_file(tries[-1], reply, **({} if asked is tries[-1] else {"earlier": request_form(asked)}))


def request_form(request: Request) -> RequestForm:
    """A request as an answer file holds it."""
    return RequestForm(
        authority=AUTHORITY, body=b"".join(request.chunks).decode(), headers=kept_headers(request.headers),
        method=request.method, path=request.path, query=request.query,
    )  # fmt: skip


def digest_of(request: Request) -> bytes:
    """The digest by which a record names its question."""
    sent = HttpRequest(
        request.method, AUTHORITY, request.path, request.query, raw(request.headers), b"".join(request.chunks)
    )
    return parse_request(sent).digest


def base64(raw: bytes) -> str:
    return b64encode(raw).decode()
