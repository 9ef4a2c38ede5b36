"""A small log and a witness over it, in this process or in its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from puhui.wire.keys import Ed25519Signing
from puhui.wire.notes import AddCheckpoint, Checkpoint, NoteSigner, NoteVerifier, sign_checkpoint
from puhui.wire.tlog import EMPTY_ROOT, Frontier, consistency_proof, leaf_hash

ORIGIN = "puhui/360500/a1"
LOG = NoteSigner(ORIGIN, Ed25519Signing.of_seed("log", b"l" * 32))
THIEF = NoteSigner(ORIGIN, Ed25519Signing.of_seed("log", b"t" * 32))
LEAVES = [leaf_hash(b"%d" % number) for number in range(600)]


def read_hash(level: int, index: int) -> bytes:
    return Frontier().append_many(LEAVES[index << level : (index + 1) << level])[0].root


def checkpoint(size: int, *, by: NoteSigner = LOG, origin: str = ORIGIN, forked: bool = False) -> str:
    """The log's signed head at that size; a forked one has another last leaf."""
    leaves = [*LEAVES[: size - 1], leaf_hash(b"forked")] if forked else LEAVES[:size]
    root = Frontier().append_many(leaves)[0].root if size else EMPTY_ROOT
    return sign_checkpoint(Checkpoint(origin, size, root), by)


def request(old: int, new: int, **how: Any) -> bytes:
    """An honest `add-checkpoint` from size to size, but for what `how` says of the checkpoint."""
    return AddCheckpoint(old, consistency_proof(old, new, read_hash), checkpoint(new, **how)).body


@dataclass(frozen=True)
class Served:
    """A witness in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    key: NoteVerifier

    def add(self, body: bytes) -> httpx.Response:
        return httpx.post(f"{self.url}/add-checkpoint", content=body)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def puhui(*arguments: object) -> str:
    """A command of the command line, in a process of its own; its output."""
    run = subprocess.run([*PUHUI, *map(str, arguments)], capture_output=True, text=True, check=True)
    return run.stdout


def serve(folder: Path, *more: str) -> Served:
    """Starts a witness and waits until it says that it is ready."""
    process = subprocess.Popen(
        [*PUHUI, "witness", "serve", str(folder), "--port", "0", "--json", *more], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    return Served(process, said["url"], NoteVerifier.parse(said["vkey"]))


# the command's own part of the command line: a witness needs nothing else of the house, and starts quickly without it
PUHUI = (
    sys.executable,
    "-c",
    "import typer; from puhui.cli import witness; app = typer.Typer(); witness.register(app); app()",
)
