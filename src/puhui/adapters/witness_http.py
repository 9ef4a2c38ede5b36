"""Witnesses and anchors over HTTP, and an anchor in a folder: the zone is the one that calls.

Promises: a request is bounded in time and its answer in size; whatever goes wrong is a WitnessFault or an OSError, so
that publishing goes on without it.
"""

from __future__ import annotations

from pathlib import Path

import httpx

from puhui.adapters.anchor_command import COMMAND, CommandAnchor
from puhui.ledger.publish import Anchor, WitnessFault
from puhui.wire.durable import OPEN, replace_bytes
from puhui.wire.notes import AddCheckpoint, NoteSignature, NoteVerifier, read_cosignatures, read_size

TIMEOUT = 5.0  # seconds, for each of connecting, sending and receiving
_LARGEST = 65_536  # bytes of an answer
_CONFLICT = 409
_SIZE_TYPE = "text/x.tlog.size"
_MEANINGS = {  # of the protocol's status codes
    400: "it could not read the request",
    403: "it does not accept the log's signature",
    404: "it does not know the log",
    409: "it saw another size",
    422: "the consistency proof does not hold",
}


class HttpWitness:
    """`Witness` by the protocol tlog-witness: `POST <prefix>/add-checkpoint`."""

    def __init__(self, prefix: str, verifier: NoteVerifier, client: httpx.Client | None = None) -> None:
        self._prefix = prefix.rstrip("/")
        self._verifier = verifier
        self._client = client or httpx.Client(timeout=TIMEOUT, follow_redirects=False)

    @property
    def verifier(self) -> NoteVerifier:
        return self._verifier

    def add_checkpoint(self, request: AddCheckpoint) -> tuple[NoteSignature, ...]:
        status, kind, body = self._sent(request)
        try:
            if status == httpx.codes.OK:
                return read_cosignatures(body)
            size = read_size(body) if status == _CONFLICT and kind == _SIZE_TYPE else None
        except ValueError:
            raise WitnessFault("its answer is not of the protocol") from None
        forked = status == _CONFLICT and size is None
        raise WitnessFault(_MEANINGS.get(status, f"status {status}"), size, forked=forked)

    def _sent(self, request: AddCheckpoint) -> tuple[int, str, bytes]:
        try:
            with self._client.stream("POST", f"{self._prefix}/add-checkpoint", content=request.body) as answer:
                return answer.status_code, answer.headers.get("content-type", ""), _bounded(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise WitnessFault(type(fault).__name__) from fault


class FolderAnchor:
    """`Anchor` in a folder, most often of another office: one file for each checkpoint."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def anchor(self, size: int, note: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        replace_bytes(self._folder / f"checkpoint-{size}", note.encode(), mode=OPEN)


class HttpAnchor:
    """`Anchor` at an address that takes the note as the body of a POST and answers 2xx once it is kept.

    The gateway of a permissioned chain is such an address.
    """

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self._url = url
        self._client = client or httpx.Client(timeout=TIMEOUT, follow_redirects=False)

    def anchor(self, size: int, note: str) -> None:
        headers = {"content-type": "text/plain; charset=utf-8", "idempotency-key": f"checkpoint-{size}"}
        try:
            with self._client.stream("POST", self._url, content=note.encode(), headers=headers) as answer:
                if not answer.is_success:
                    raise OSError(f"the anchor answered {answer.status_code}")
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise OSError(type(fault).__name__) from fault


def anchors_at(place: str) -> list[Anchor]:
    """The anchor of the zone's setting: a folder by its absolute path, an address, or a command; of no setting none."""
    if not place:
        return []
    if place.startswith(COMMAND):
        return [CommandAnchor(Path(place.removeprefix(COMMAND)))]
    return [FolderAnchor(Path(place)) if place.startswith("/") else HttpAnchor(place)]


def _bounded(answer: httpx.Response) -> bytes:
    body = b""
    for part in answer.iter_bytes():
        body += part
        if len(body) > _LARGEST:
            raise WitnessFault("its answer is too large")
    return body
