"""kill -9 at any moment of intake, snapshot building and officers' acts: the next start is right.

`make test` kills 20 times, `make crash` 200 times (PUHUI_KILLS). Half of the kills fall at a moment drawn by seed over
the whole run, half at named steps, before and after each call that touches the disk.
"""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from puhui.bootstrap import open_zone

from .worked import Act, day, figures, officers_day, pipe, reopened, results, start

pytestmark = pytest.mark.crash
KILLS = int(os.environ.get("PUHUI_KILLS", "20"))
OFFICERS = max(KILLS // 5, 4)


@dataclass(frozen=True)
class Unbroken:
    """What a run without a kill gives, how long it takes, and its steps."""

    home: Path
    seconds: float
    steps: list[str]
    figures: dict[str, Any]
    results: dict[str, Any]


def _run(home: Path, story: list[Act]) -> tuple[float, list[str]]:
    """Run to the end, once for the time and once for the steps (on a copy)."""
    copy = home.with_name("stepped")
    shutil.copytree(home, copy, symlinks=True)
    here, there = pipe()
    worker, steps = start(copy, story, there), []
    while step := here.recv():
        steps.append(step)
        here.send(None)
    worker.join()
    began = perf_counter()
    worker = start(home, story)
    worker.join()
    assert worker.exitcode == 0
    return perf_counter() - began, steps


def _unbroken(home: Path, story: list[Act]) -> Unbroken:
    seconds, steps = _run(home, story)
    zone = reopened(home)
    return Unbroken(home, seconds, steps, figures(zone), results(zone))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crash")


@pytest.fixture(scope="session")
def whole(empty_home: Path, folder: Path) -> Unbroken:
    home = folder / "home"
    shutil.copytree(empty_home, home)
    return _unbroken(home, day(folder))


@pytest.fixture(scope="session")
def acted(whole: Unbroken, folder: Path) -> Unbroken:
    (folder / "acts").mkdir()
    home = folder / "acts" / "home"
    shutil.copytree(whole.home, home, symlinks=True)
    return _unbroken(home, officers_day(folder))


def kill_at_moment(home: Path, story: list[Act], seconds: float) -> None:
    worker = start(home, story)
    worker.join(seconds)
    worker.kill()
    worker.join()


def kill_at_step(home: Path, story: list[Act], number: int) -> str:
    """Kill at the step of that number; its name."""
    here, there = pipe()
    worker, step = start(home, story, there), ""
    for _ in range(number):
        step = here.recv()
        here.send(None)
    step = here.recv()
    worker.kill()
    worker.join()
    return str(step)


def gone_on_with(home: Path, story: list[Act], expected: Unbroken) -> None:
    """Do the same day again: what was taken is not taken twice, and the end is as if nothing had happened."""
    reopened(home)
    zone = open_zone(home)
    for act, arguments in story:
        act(zone, *arguments)
    zone = reopened(home)
    assert results(zone) == expected.results
    assert figures(zone) == expected.figures


@pytest.mark.parametrize("seed", range(KILLS - KILLS // 2))
def test_killed_at_any_moment(whole: Unbroken, empty_home: Path, folder: Path, tmp_path: Path, seed: int) -> None:
    home = tmp_path / "home"
    shutil.copytree(empty_home, home)
    kill_at_moment(home, day(folder), random.Random(seed).uniform(0.02, whole.seconds))
    gone_on_with(home, day(folder), whole)


@pytest.mark.parametrize("seed", range(KILLS // 2))
def test_killed_at_a_step(whole: Unbroken, empty_home: Path, folder: Path, tmp_path: Path, seed: int) -> None:
    home = tmp_path / "home"
    shutil.copytree(empty_home, home)
    first = len(whole.steps) * seed // (KILLS // 2)
    last = len(whole.steps) * (seed + 1) // (KILLS // 2)
    number = random.Random(seed).randrange(first, max(last, first + 1))
    assert kill_at_step(home, day(folder), number) == whole.steps[number]
    gone_on_with(home, day(folder), whole)


@pytest.mark.parametrize("seed", range(OFFICERS))
def test_killed_in_an_officers_act(acted: Unbroken, whole: Unbroken, folder: Path, tmp_path: Path, seed: int) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole.home, home, symlinks=True)
    number = len(acted.steps) * seed // OFFICERS + random.Random(seed).randrange(max(len(acted.steps) // OFFICERS, 1))
    assert kill_at_step(home, officers_day(folder), number) == acted.steps[number]
    gone_on_with(home, officers_day(folder), acted)
