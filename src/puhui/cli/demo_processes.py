"""The demo's own processes: each is started by us, found by the line that it prints, and ended by its id.

Promises: whatever happens in the context, Ctrl-C and SIGTERM among it, no process of ours outlives it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from puhui.model.refusal import Said
from puhui.model.refusals import Broken

ZONE = "from puhui.main import app; app()"
WITNESS = "from puhui.cli.witness import witness_app; witness_app()"
BANK = "from puhui.bank.cli import app; app()"
READY_SECONDS, END_SECONDS = 60.0, 15.0


class Serving:
    """A process that serves. `ready` waits for the line that it prints once it takes connections."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self._name = name
        self.process = process

    def ready(self) -> dict[str, Any]:
        """What it said of itself. Raises Broken where it ended first, or takes longer than READY_SECONDS."""
        late = threading.Timer(READY_SECONDS, self.process.kill)
        late.start()
        try:
            line = self.process.stdout.readline() if self.process.stdout else ""
        finally:
            late.cancel()
        if not line.startswith("{"):
            raise Broken(
                Said(f"{self._name} 进程未能启动", f"the process `{self._name}` did not start"),
                todo=Said(f"见 logs/{self._name}.log", f"see logs/{self._name}.log"),
            )
        return dict(json.loads(line))


class Processes:
    """What is running. `logs`: the folder of what they write on standard error."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[subprocess.Popen[str]] = []

    def serve(self, name: str, program: str, *arguments: object) -> Serving:
        """Start a program that serves, and wait for nothing."""
        with (self._logs / f"{name}.log").open("w", encoding="utf-8") as log:
            started = subprocess.Popen(
                _command(program, arguments), stdout=subprocess.PIPE, stderr=log, text=True, env=_environment(),
                start_new_session=True,  # Ctrl-C is ours to pass on
            )  # fmt: skip
        self._running.append(started)
        return Serving(name, started)

    def bank(self, *arguments: object, said: str) -> tuple[int, dict[str, Any]]:
        """Run `puhui-bank … --json` to its end: exit code, and the document that it printed. `said`: to its input."""
        command = [*_command(BANK, arguments), "--json"]
        done = subprocess.run(
            command, input=f"{said}\n", capture_output=True, text=True, env=_environment(), timeout=READY_SECONDS
        )
        if not done.stdout.startswith("{"):
            (self._logs / "bank.log").write_text(done.stderr, encoding="utf-8")
            raise Broken(
                Said("机构节点未能运行", "the bank's process did not run"), todo=Said("见 bank.log", "see bank.log")
            )
        return done.returncode, json.loads(done.stdout)

    def end(self) -> None:
        """End every process, the newest first: asked first, then killed."""
        for one in reversed(self._running):
            one.terminate()
        for one in reversed(self._running):
            try:
                one.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
            if one.stdout:
                one.stdout.close()
        self._running.clear()


@contextmanager
def processes(logs: Path) -> Iterator[Processes]:
    """Processes that end with the context."""
    logs.mkdir(parents=True, exist_ok=True)
    started = Processes(logs)
    with _ending_on_sigterm():
        try:
            yield started
        finally:
            started.end()


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """SIGTERM ends the context as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _command(program: str, arguments: Sequence[object]) -> list[str]:
    return [sys.executable, "-c", program, *map(str, arguments)]


def _environment() -> dict[str, str]:
    """Ours; a proxy has no business between processes of one machine."""
    return {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
