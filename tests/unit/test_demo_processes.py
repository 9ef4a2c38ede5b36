"""The demo's processes end with it: by its end, by a failure, by a signal."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from puhui.cli.demo_processes import Processes, processes
from puhui.model.refusals import Broken

SERVES = "import signal; print('{\"port\": 1}', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SERVES


def children() -> list[int]:
    return [one.pid for one in psutil.Process().children(recursive=True)]


@pytest.fixture
def before() -> list[int]:
    return children()


def started(running: Processes, program: str = SERVES) -> int:
    serving = running.serve("one", program)
    assert serving.ready() == {"port": 1}
    return serving.process.pid


def test_they_end_with_the_context(tmp_path: Path, before: list[int]) -> None:
    with processes(tmp_path / "logs") as running:
        pids = {started(running), started(running)}
        assert pids <= set(children())
    assert children() == before


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError])
def test_they_end_where_something_fails(tmp_path: Path, before: list[int], failure: type[BaseException]) -> None:
    with pytest.raises(failure), processes(tmp_path / "logs") as running:
        started(running)
        raise failure
    assert children() == before


def test_they_end_on_sigterm(tmp_path: Path, before: list[int]) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as left, processes(tmp_path / "logs") as running:
        started(running)
        os.kill(os.getpid(), signal.SIGTERM)
    assert left.value.code == 128 + signal.SIGTERM
    assert children() == before
    assert signal.getsignal(signal.SIGTERM) is handler


def test_one_that_does_not_listen_is_killed(tmp_path: Path, before: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puhui.cli.demo_processes.END_SECONDS", 0.1)
    with processes(tmp_path / "logs") as running:
        started(running, STUBBORN)
    assert children() == before


def test_one_that_does_not_start_is_said(tmp_path: Path, before: list[int]) -> None:
    with pytest.raises(Broken), processes(tmp_path / "logs") as running:
        running.serve("one", "raise SystemExit('no')").ready()
    assert (tmp_path / "logs" / "one.log").read_text("utf-8") == "no\n"
    assert children() == before
