"""A real `puhui serve` in a process of its own, whose modules were loaded before: each start takes half a second."""

from __future__ import annotations

import json
import multiprocessing
import os
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from ..questions.town import AUTHORITY

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(
    ["puhui.main", "puhui.bootstrap.questions", "puhui.api.server", "puhui.adapters.log_opened"]
)


def serving(home: Path, log: Path) -> tuple[BaseProcess, int]:
    """The process, and the port that it says it serves on."""
    here, there = _forks.Pipe(duplex=False)
    process = _forks.Process(target=serve, args=(home, there, log))
    process.start()
    there.close()
    with os.fdopen(os.dup(here.fileno()), encoding="utf-8") as said:
        line = said.readline()
    assert line, f"it did not start: {log.read_text('utf-8')}"
    return process, int(json.loads(line)["port"])


def serve(home: Path, told: Connection, log: Path) -> None:
    """The command as a shell would run it."""
    from puhui.main import app

    os.dup2(told.fileno(), 1)
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    app(["serve", str(home), "--port", "0", "--json", "--authority", AUTHORITY])
