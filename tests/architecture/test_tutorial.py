"""The tutorials run as they are written."""

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


ENDING = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"  # what a block left running ends with the shell


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What all blocks of the first hour print."""
    return run("first-hour.md", tmp_path_factory.mktemp("tutorial"))


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What all blocks of the first question print."""
    return run("first-question.md", tmp_path_factory.mktemp("tutorial"))


def run(page: str, folder: Path) -> str:
    """What the blocks of a page print, run one after the other; the first that fails ends it."""
    blocks = BLOCK.findall((ROOT / "docs/tutorial" / page).read_text("utf-8"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", ENDING + "\n".join(blocks)],
        cwd=folder,
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


@pytest.mark.parametrize(
    "said",
    [
        "prohibited-item the law forbids YYB-05",
        "Article: 征信业管理条例第十四条第一款",
        "tax_paid_12m",
        "letter-not-in-force",
        "The figures are equal",
        "The log is sound",
    ],
)
def test_the_first_question_says_what_it_says(answered: str, said: str) -> None:
    assert said in answered


def test_the_answer_verifies_before_and_after_the_letter_was_revoked(answered: str) -> None:
    assert answered.splitlines().count("valid") == 2
    assert answered.count("refused, with exit code 9") == 2
