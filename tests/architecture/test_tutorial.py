"""The first hour runs as it is written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .source import ROOT

BIN = Path(sys.executable).parent
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BIN / "puhui").exists(), reason="the program is not installed beside this Python"),
    pytest.mark.skipif(shutil.which("bash") is None, reason="the blocks are written for a shell with heredocs"),
]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What all blocks print, run one after the other; the first that fails ends it."""
    blocks = BLOCK.findall((ROOT / "docs/tutorial/first-hour.md").read_text("utf-8"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        cwd=tmp_path_factory.mktemp("tutorial"),
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def test_the_policy_refuses_first(printed: str) -> None:
    assert "policy.release" in printed
    assert "refused, with exit code 3" in printed


@pytest.mark.parametrize(
    "cells",
    [
        ("25", "24", "1", "0"),  # the first delivery: lines, accepted, set aside, duplicates
        ("1", "1", "0", "0"),  # its correction
        ("WATERPILOT-A1", "1446.00"),
        ("WATERPILOT-A2", "12", "month"),
        ("WATERPILOT-A2", "0", "month"),
        ("WATERPILOT-A2", "1", "month"),
    ],
)
def test_it_prints_what_it_says(printed: str, cells: tuple[str, ...]) -> None:
    rows = [[cell.strip() for cell in line.split("│")] for line in printed.splitlines() if "│" in line]
    assert any(all(cell in row for cell in cells) for row in rows), cells


def test_two_officers_undo(printed: str) -> None:
    assert "access.by-staff" in printed
    assert "rolled_back" in printed
