"""How a witness answers `add-checkpoint`: it cosigns what consistently continues what it cosigned before, nothing else.

The new head is durable before the cosignature exists, so a witness that is killed at any moment never signs two views
of a log. Status codes and their order are those of https://c2sp.org/tlog-witness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from puhui.wire.notes import AddCheckpoint, Checkpoint, Note, NoteSigner, holds
from puhui.wire.tlog import verify_consistency
from puhui.witness.state import Head, State

MAX_BODY = 64 * 1024  # bytes: 63 hashes and a checkpoint with 100 signatures have room in a quarter of it
TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: a status, a type and a body."""

    status: int
    content_type: str
    body: bytes


class Refused(Exception):
    """The witness does not cosign; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def _refused(status: int, why: str) -> Refused:
    return Refused(Reply(status, TEXT, f"{why}\n".encode()))


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: its memory, its key (of kind COSIGNATURE_V1) and its clock, in Unix seconds."""

    state: State
    signer: NoteSigner
    clock: Callable[[], int]

    def add_checkpoint(self, body: bytes) -> Reply:
        """The answer to one request. Blocks until the new head is on the disk."""
        try:
            request, note, checkpoint = _read(body)
            self._known(note, checkpoint)
            if request.old_size > checkpoint.size:
                raise _refused(400, "the old size is larger than the checkpoint's")
            self._advance(request, checkpoint)
        except Refused as refused:
            return refused.reply
        return Reply(200, TEXT, self.signer.cosign(note.text, self.clock()).line.encode())

    def _known(self, note: Note, checkpoint: Checkpoint) -> None:
        """The log is one that the witness follows, and one of its keys signed the checkpoint."""
        keys = self.state.keys_of(checkpoint.origin)
        if not keys:
            raise _refused(404, "unknown log")
        if not any(holds(note, key) for key in keys):
            raise _refused(403, "no signature of a known key of this log")

    def _advance(self, request: AddCheckpoint, checkpoint: Checkpoint) -> None:
        new = Head(checkpoint.size, checkpoint.root, request.checkpoint)
        forked: list[Head] = []

        def step(old: Head) -> Head:
            if request.old_size != old.size:
                raise Refused(Reply(409, SIZE, f"{old.size}\n".encode()))
            if new.size == old.size and new.root != old.root:
                forked.append(old)
                raise _refused(409, "another root was cosigned for this size")
            if not _consistent(old, new, request):
                raise _refused(422, "the consistency proof does not hold")
            return new

        try:
            self.state.advance(checkpoint.origin, step)
        finally:
            for old in forked:
                self.state.keep_fork(checkpoint.origin, old, new)


def _consistent(old: Head, new: Head, request: AddCheckpoint) -> bool:
    """Whether the new head continues the old one; every log continues the empty one, and there is nothing to prove."""
    if old.size == 0 < new.size:
        return not request.proof
    return verify_consistency(old.size, new.size, request.proof, old.root, new.root)


def _read(body: bytes) -> tuple[AddCheckpoint, Note, Checkpoint]:
    try:
        request = AddCheckpoint.parse(body)
        note = Note.parse(request.checkpoint)
        return request, note, Checkpoint.parse(note.text)
    except ValueError as error:
        raise _refused(400, "not a request of tlog-witness: a part has another form") from error
