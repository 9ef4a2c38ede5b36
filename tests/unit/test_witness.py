"""The witness's answers, with the exact status codes of tlog-witness, and what it remembers."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.model.refusals import Busy
from puhui.model.refusals_question import KeyRefused
from puhui.wire.notes import (
    AddCheckpoint,
    Checkpoint,
    Note,
    NoteSigner,
    cosigned_at,
    read_cosignatures,
    read_size,
    sign_checkpoint,
)
from puhui.witness.cosign import MAX_BODY, SIZE, TEXT, Witness
from puhui.witness.server import KEY_FILE, App, Receive, listen, open_witness, server_of
from puhui.witness.state import Head, State

from ..witnessed import LOG, ORIGIN, THIEF, checkpoint, request

NOW = 1_800_000_000


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return new_witness(tmp_path / "w")


def new_witness(folder: Path) -> Witness:
    witness = open_witness(folder, "witness.example/w1", clock=lambda: NOW)
    witness.state.add_log(ORIGIN, LOG.verifier)
    return witness


def size_of(witness: Witness) -> int:
    return witness.state.known()[0].size


def test_what_grows_consistently_is_cosigned(witness: Witness) -> None:
    for old, new in ((0, 64), (64, 128), (128, 300)):
        reply = witness.add_checkpoint(request(old, new))
        assert reply.status == 200
        note = Note.parse(checkpoint(new)).with_signatures(read_cosignatures(reply.body))
        assert cosigned_at(note, witness.signer.verifier) == NOW
    assert size_of(witness) == 300


def test_the_same_checkpoint_may_be_asked_for_again(witness: Witness) -> None:
    first = witness.add_checkpoint(request(0, 64))
    again = witness.add_checkpoint(request(64, 64))
    assert (again.status, again.body) == (200, first.body)
    assert size_of(witness) == 64


def test_another_size_than_the_last_is_told_the_last(witness: Witness) -> None:
    witness.add_checkpoint(request(0, 128))
    for body in (
        request(0, 200),
        request(64, 200),
        request(0, 128),
        request(64, 64),
        request(0, 64),
        request(199, 200),
    ):
        reply = witness.add_checkpoint(body)
        assert (reply.status, reply.content_type, read_size(reply.body)) == (409, SIZE, 128)
    assert size_of(witness) == 128


def test_a_rewound_log_is_refused(witness: Witness) -> None:
    witness.add_checkpoint(request(0, 128))
    assert witness.add_checkpoint(request(64, 64)).status == 409
    rewound = AddCheckpoint(128, (), checkpoint(64)).body
    assert witness.add_checkpoint(rewound).status == 400  # the old size is larger than the new one
    assert size_of(witness) == 128


def test_a_forked_log_is_refused_and_the_fork_is_kept(witness: Witness) -> None:
    witness.add_checkpoint(request(0, 128))
    reply = witness.add_checkpoint(AddCheckpoint(128, (), checkpoint(128, forked=True)).body)
    assert reply.status == 409
    assert reply.content_type != SIZE
    assert witness.state.known()[0].forks == (128,)
    forked = AddCheckpoint(128, AddCheckpoint.parse(request(128, 200)).proof, checkpoint(200, forked=True)).body
    assert witness.add_checkpoint(forked).status == 422
    assert size_of(witness) == 128
    assert witness.add_checkpoint(request(128, 200)).status == 200  # the honest view still goes on


@pytest.mark.parametrize(
    ("proof", "status"),
    [((), 422), ((b"x" * 32,), 422), ((b"x" * 32,) * 63, 422)],
)
def test_a_proof_that_does_not_hold_is_unprocessable(witness: Witness, proof: tuple[bytes, ...], status: int) -> None:
    witness.add_checkpoint(request(0, 64))
    assert witness.add_checkpoint(AddCheckpoint(64, proof, checkpoint(100)).body).status == status
    assert size_of(witness) == 64


def test_from_nothing_and_to_the_same_no_proof_may_be_given(witness: Witness) -> None:
    assert witness.add_checkpoint(AddCheckpoint(0, (b"x" * 32,), checkpoint(64)).body).status == 422
    assert witness.add_checkpoint(request(0, 64)).status == 200
    assert witness.add_checkpoint(AddCheckpoint(64, (b"x" * 32,), checkpoint(64)).body).status == 422


def test_an_empty_log_may_be_cosigned_and_then_grows(witness: Witness) -> None:
    assert witness.add_checkpoint(request(0, 0)).status == 200
    other = sign_checkpoint(Checkpoint(ORIGIN, 0, b"x" * 32), LOG)
    assert witness.add_checkpoint(AddCheckpoint(0, (), other).body).status == 409
    assert witness.add_checkpoint(request(0, 5)).status == 200


TABLE = {  # what https://c2sp.org/tlog-witness says, once 64 leaves were cosigned: code, and type of the body
    "an unknown origin is 404": (lambda: request(64, 100, origin="another"), 404, TEXT),
    "an unknown origin is 404 whatever the sizes": (lambda: AddCheckpoint(99, (), other(64)).body, 404, TEXT),
    "no signature of a trusted key is 403": (lambda: request(64, 100, by=THIEF), 403, TEXT),
    "and so is one that does not hold": (lambda: request(64, 100).replace(b"\n100\n", b"\n101\n"), 403, TEXT),
    "it is 403 before any size is told": (lambda: request(0, 100, by=THIEF), 403, TEXT),
    "signatures of unknown keys are passed over": (lambda: signed_by(64, 100, THIEF, LOG), 200, TEXT),
    "an old size above the checkpoint's is 400": (lambda: AddCheckpoint(100, (), checkpoint(64)).body, 400, TEXT),
    "another old size than the last is 409": (lambda: request(32, 100), 409, SIZE),
    "nothing is 409 too, and tells the size": (lambda: AddCheckpoint(0, (), checkpoint(100)).body, 409, SIZE),
    "409 comes before the proof": (lambda: AddCheckpoint(32, (b"x" * 32,), checkpoint(100)).body, 409, SIZE),
    "a proof that does not hold is 422": (lambda: AddCheckpoint(64, (b"x" * 32,), checkpoint(100)).body, 422, TEXT),
    "the same size with another root is 409": (
        lambda: AddCheckpoint(64, (), checkpoint(64, forked=True)).body, 409, TEXT,
    ),
    "more than 63 lines of proof are 400": (
        lambda: request(64, 100).replace(b"\n\n", b"\n" + (b"A" * 43 + b"=\n") * 64 + b"\n", 1), 400, TEXT,
    ),
    "a leading zero is 400": (lambda: request(64, 100).replace(b"old 64", b"old 064"), 400, TEXT),
    "a line's end of another kind is 400": (lambda: request(64, 100).replace(b"\n", b"\r\n"), 400, TEXT),
    "what continues is 200": (lambda: request(64, 100), 200, TEXT),
    "the same again is 200": (lambda: request(64, 64), 200, TEXT),
}  # fmt: skip


def other(size: int) -> str:
    return checkpoint(size, origin="another")


def signed_by(old: int, new: int, *signers: NoteSigner) -> bytes:
    note = Note.parse(checkpoint(new))
    signed = Note(note.text, tuple(one.sign(note.text) for one in signers))
    return AddCheckpoint(old, AddCheckpoint.parse(request(old, new)).proof, signed.message).body


@pytest.mark.parametrize("says", TABLE)
def test_each_code_of_the_protocol(witness: Witness, says: str) -> None:
    witness.add_checkpoint(request(0, 64))
    body, status, kind = TABLE[says]
    reply = witness.add_checkpoint(body())
    assert (reply.status, reply.content_type) == (status, kind)
    if kind == SIZE:
        assert reply.body == b"64\n"
    if status == 200:
        line = reply.body.decode()
        assert line.startswith("\u2014 witness.example/w1 ") and line.endswith("\n") and line.count("\n") == 1
    assert size_of(witness) == (100 if status == 200 and says != "the same again is 200" else 64)


def test_an_unknown_log_and_an_unknown_key_are_told_apart(witness: Witness) -> None:
    assert witness.add_checkpoint(request(0, 64, origin="another")).status == 404
    assert witness.add_checkpoint(request(0, 64, by=THIEF)).status == 403
    renamed = NoteSigner("another", LOG.key)
    assert witness.add_checkpoint(request(0, 64, by=renamed)).status == 403
    assert size_of(witness) == 0


def test_a_second_key_of_a_log_counts_too(witness: Witness) -> None:
    witness.state.add_log(ORIGIN, THIEF.verifier)
    witness.state.add_log(ORIGIN, THIEF.verifier)
    assert witness.add_checkpoint(request(0, 64, by=THIEF)).status == 200
    assert witness.add_checkpoint(request(64, 65)).status == 200


@pytest.mark.parametrize(
    "body", [b"", b"old 0\n", b"old 00\n\n", b"\xff\xfe", b"old 0\n\nno note", request(0, 64)[:-1]]
)
def test_what_is_no_request_is_a_bad_one(witness: Witness, body: bytes) -> None:
    assert witness.add_checkpoint(body).status == 400


@settings(max_examples=300, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.integers(0, 255))
def test_no_byte_of_a_request_can_be_changed(shared: Callable[[], Witness], place: float, value: int) -> None:
    witness = shared()
    body = request(64, 150)
    at = int(place * len(body))
    other = body[:at] + bytes([value]) + body[at + 1 :]
    if other != body:
        assert witness.add_checkpoint(other).status in (400, 403, 404, 409, 422)
    assert size_of(witness) == 64


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Witness]:
    witness = new_witness(tmp_path_factory.mktemp("shared"))
    witness.add_checkpoint(request(0, 64))
    return lambda: witness


def test_the_head_is_on_the_disk_before_the_cosignature_exists(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = NoteSigner.cosign

    def cosign(self: NoteSigner, text: str, at: int) -> object:
        seen.append(State(folder_of(witness)).known()[0].size)  # what another process would read
        return real(self, text, at)

    monkeypatch.setattr(NoteSigner, "cosign", cosign)
    witness.add_checkpoint(request(0, 64))
    assert seen == [64]


def folder_of(witness: Witness) -> Path:
    return Path(witness.state._file).parent


def test_of_requests_at_once_one_is_cosigned(witness: Witness) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(witness.add_checkpoint, [request(0, size) for size in range(60, 68)]))
    assert sorted(reply.status for reply in replies) == [200, *[409] * 7]
    winner = next(60 + place for place, reply in enumerate(replies) if reply.status == 200)
    assert {read_size(reply.body) for reply in replies if reply.status == 409} == {winner}
    assert size_of(witness) == winner


def test_a_state_that_cannot_be_written_signs_nothing(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: State, origin: str, step: Callable[[Head], Head]) -> None:
        step(Head())
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(State, "advance", full)
    monkeypatch.setattr(NoteSigner, "cosign", lambda *given: pytest.fail("signed"))
    with pytest.raises(sqlite3.OperationalError):
        witness.add_checkpoint(request(0, 64))


def test_the_database_itself_refuses_to_shrink_a_head(witness: Witness) -> None:
    witness.add_checkpoint(request(0, 64))
    with pytest.raises(sqlite3.IntegrityError, match="never shrinks"):
        witness.state.advance(ORIGIN, lambda head: Head(head.size - 1, head.root, ""))
    assert size_of(witness) == 64


def test_folder_and_key_are_its_users_alone_and_the_key_stays(tmp_path: Path) -> None:
    first = open_witness(tmp_path / "w", "witness.example/w1")
    again = open_witness(tmp_path / "w")
    assert first.signer.verifier == again.signer.verifier
    assert S_IMODE((tmp_path / "w").stat().st_mode) == 0o700
    assert {S_IMODE(file.stat().st_mode) for file in (tmp_path / "w").iterdir()} == {0o600}
    assert (tmp_path / "w" / KEY_FILE).read_text() not in repr(again)


def test_a_witness_keeps_its_first_name(tmp_path: Path) -> None:
    open_witness(tmp_path / "w", "witness.example/w1")
    with pytest.raises(ValueError, match=r"called witness\.example/w1"):
        open_witness(tmp_path / "w", "another")
    with pytest.raises(ValueError, match="name"):
        open_witness(tmp_path / "v", "a b")
    assert open_witness(tmp_path / "v", "ab").signer.name == "ab"


def test_a_damaged_key_is_refused_and_not_replaced(tmp_path: Path) -> None:
    open_witness(tmp_path / "w")
    (tmp_path / "w" / KEY_FILE).write_text("damaged")
    with pytest.raises(KeyRefused):
        open_witness(tmp_path / "w")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/add-checkpoint", 200), ("GET", "/vkey", 200), ("GET", "/add-checkpoint", 405), ("POST", "/vkey", 405),
     ("GET", "/", 404), ("GET", "/../witness.key", 404), ("GET", "/witness.key", 404)],
)  # fmt: skip
def test_paths(witness: Witness, method: str, path: str, status: int) -> None:
    assert asked(witness, method, path, iter([request(0, 64)])) == status


def test_a_body_is_bounded(witness: Witness) -> None:
    piece, read = b"a" * 4096, []

    def pieces() -> Iterator[bytes]:
        while True:
            read.append(piece)
            yield piece

    assert asked(witness, "POST", "/add-checkpoint", pieces()) == 413
    assert len(read) * len(piece) <= MAX_BODY + 2 * len(piece)
    assert asked(witness, "POST", "/add-checkpoint", iter([b"a" * (MAX_BODY + 1)])) == 413


def test_a_body_that_does_not_arrive_is_not_waited_for(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puhui.witness.server.READ_SECONDS", 0.01)

    async def never() -> MutableMapping[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    assert asyncio.run(called(witness, "POST", "/add-checkpoint", never)) == 408


def test_a_head_that_does_not_arrive_is_not_waited_for(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puhui.witness.server.READ_SECONDS", 0.05)

    async def slow() -> bytes:
        server, listening = server_of(witness), listen("127.0.0.1", 0)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(b"POST /add-checkpoint HTTP/1.1\r\nHost:")
        said = await reader.read()  # until the witness closes
        writer.close()
        server.should_exit = True
        await serving
        return said

    assert asyncio.run(asyncio.wait_for(slow(), 10)) == b""


def test_a_taken_port_is_said() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(Busy):
        listen(*taken.getsockname())


def asked(witness: Witness, method: str, path: str, pieces: Iterator[bytes]) -> int:
    """The status of the answer to a request whose body comes in pieces."""

    async def receive() -> MutableMapping[str, Any]:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    return asyncio.run(called(witness, method, path, receive))


async def called(witness: Witness, method: str, path: str, receive: Receive) -> int:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await App(witness)({"type": "http", "method": method, "path": path}, receive, send)
    assert sent[1]["body"]
    return int(sent[0]["status"])
