"""Killed between a monitor's look and its notice: answered, billed and told once, and nothing is told unlogged."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ..questions.standing import HOOK, bank, copy_of, made, paid
from .monitor_child import MOMENTS

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.crash


@pytest.fixture(scope="module")
def risen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town with a monitor whose limit the newest snapshot has crossed; to be copied, never written."""
    home = tmp_path_factory.mktemp("watched") / "home"
    made(home)
    with bank(home) as a:
        assert a.post("/v1/monitors", a.watching(address=HOOK)).status == 200
    paid(home, 7000)
    return home


@pytest.mark.parametrize("moment", list(MOMENTS))
def test_killed_at(risen: Path, tmp_path: Path, moment: str) -> None:
    home = copy_of(risen, tmp_path)
    command = [sys.executable, "-m", "tests.crash.monitor_child", str(home), moment]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()[-2000:]
    with bank(home) as a:
        a.round()
        rows = [(row.code, row.price_fen) for row in a.office.asked("bank-a")]
        assert rows == [("", 100)]
        assert [(one["number"], one["state"]) for one in a.notices()] == [(1, "delivered")]
        assert len(a.mailbox.sent) == 1  # a notice that was taken and not marked comes again, under the same key
        assert a.office.check() == []
