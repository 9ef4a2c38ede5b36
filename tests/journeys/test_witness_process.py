"""A witness in its own process: a log is followed over HTTP, a fork and a rewind are refused, a kill loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puhui.wire.notes import (
    COSIGNATURE_V1,
    AddCheckpoint,
    Note,
    NoteVerifier,
    cosigned_at,
    read_cosignatures,
    read_size,
)
from puhui.witness.state import State

from ..witnessed import LOG, ORIGIN, Served, checkpoint, puhui, request, serve

VKEY = LOG.verifier.vkey
WITNESS = NoteVerifier("witness", LOG.verifier.public, COSIGNATURE_V1).vkey  # of a cosigner, not of a log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    State(tmp_path / "w").add_log(ORIGIN, LOG.verifier)
    return tmp_path / "w"


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    witness = serve(folder, "--name", "witness.example/w1")
    yield witness
    witness.kill()


def test_a_log_is_followed_and_neither_forked_nor_rewound(folder: Path, served: Served) -> None:
    assert puhui("witness", "key", folder).strip() == served.key.vkey
    first = served.add(request(0, 64))
    assert first.status_code == 200
    note = Note.parse(checkpoint(64)).with_signatures(read_cosignatures(first.content))
    assert cosigned_at(note, served.key) is not None
    assert served.add(request(64, 200)).status_code == 200

    forked = served.add(AddCheckpoint(200, (), checkpoint(200, forked=True)).body)
    assert forked.status_code == 409
    rewound = served.add(request(0, 64))
    assert (rewound.status_code, rewound.headers["content-type"], read_size(rewound.content)) == (
        409,
        "text/x.tlog.size",
        200,
    )
    known = json.loads(puhui("witness", "logs", folder, "--json"))
    assert known == [{"origin": ORIGIN, "vkeys": [VKEY], "size": 200, "forks": [200]}]


def test_what_was_cosigned_is_known_after_a_kill(folder: Path, served: Served) -> None:
    assert served.add(request(0, 128)).status_code == 200
    served.kill()
    again = serve(folder)
    try:
        assert again.key == served.key
        assert read_size(again.add(request(0, 64)).content) == 128
        assert again.add(AddCheckpoint(128, (), checkpoint(128, forked=True)).body).status_code == 409
        assert again.add(request(128, 129)).status_code == 200
    finally:
        again.kill()


def test_a_log_that_is_added_while_it_serves_is_followed_at_once(folder: Path, served: Served) -> None:
    body = request(0, 64, origin="another")
    assert served.add(body).status_code == 404
    puhui("witness", "add-log", folder, "--origin", "another", "--vkey", VKEY)
    assert served.add(body).status_code == 200


def test_the_house_has_the_command(folder: Path, served: Served) -> None:
    from puhui.main import app

    ran = CliRunner().invoke(app, ["witness", "key", str(folder), "--json"])
    assert json.loads(ran.stdout) == {"vkey": served.key.vkey}


@pytest.mark.parametrize(
    "wrong", [("--vkey", "log+00000000+AA=="), ("--origin", "a\nb", "--vkey", VKEY), ("--vkey", WITNESS)]
)
def test_a_log_of_another_form_is_refused(folder: Path, wrong: tuple[str, ...]) -> None:
    from puhui.main import app

    ran = CliRunner().invoke(app, ["witness", "add-log", str(folder), *wrong, "--json"])
    assert (ran.exit_code, json.loads(ran.stdout)["refused"]) == (2, "key-refused")


def test_a_body_over_the_limit_is_refused(served: Served) -> None:
    assert served.add(b"old 0\n" + b"a" * 100_000).status_code == 413
    assert served.add(request(0, 64)).status_code == 200
