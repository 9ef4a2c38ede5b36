"""kill -9 at each step of an activation: the set in use is the old or the new one, whole, with its event."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from puhui.bootstrap import Zone, open_zone
from puhui.packs import load_packs

from ..journeys.town import SMALL
from .test_kills import KILLS, kill_at_step
from .worked import Act, approved, pipe, start

pytestmark = pytest.mark.crash


def activate(zone: Zone, folder: str) -> None:
    """Propose and approve, or go on with what a kill interrupted."""
    if zone.packs.digest != load_packs([Path(folder)]).digest or zone.desk.register.open_acts():
        approved(zone, "activate-packs", {"folders": [folder]})


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> list[Act]:
    folder = shutil.copytree(SMALL, tmp_path_factory.mktemp("next") / "small")
    head = folder / "pack.yaml"
    head.write_text(head.read_text("utf-8").replace("version: 1.0.0", "version: 1.1.0"), encoding="utf-8")
    return [(activate, (str(folder),))]


def steps_of(home: Path, story: list[Act]) -> list[str]:
    here, there = pipe()
    worker, steps = start(home, story, there), []
    while step := here.recv():
        steps.append(step)
        here.send(None)
    worker.join()
    return steps


def numbers(steps: list[str], done: int) -> list[int]:
    """All steps in `make crash`; else those around the one that counts, and a few more."""
    if len(steps) * 2 <= KILLS:
        return list(range(len(steps)))
    return sorted({done - 1, done, *random.Random(7).sample(range(len(steps)), 5)})


def in_use(home: Path) -> str:
    zone = open_zone(home)
    digest = zone.packs.digest
    assert zone.register.events("packs-activated")[-1]["digest"] == digest
    assert load_packs([home / "packs" / "small"]).digest == digest, "people are shown the set in use"
    assert {name for name in os.listdir(home) if name.startswith(".packs")} == set()
    return digest


def test_killed_at_steps_of_an_activation(empty_home: Path, tmp_path: Path, story: list[Act]) -> None:
    new = load_packs([Path(story[0][1][0])]).digest
    first = shutil.copytree(empty_home, tmp_path / "first", symlinks=True)
    old, steps = in_use(first), steps_of(first, story)
    assert in_use(first) == new != old
    done = steps.index("after DjangoRegister.activate_packs")
    assert {"before PackSets.keep", "after pack_sets._settle", "before DjangoRegister.close_act"} <= set(steps)
    for number in numbers(steps, done):
        step = steps[number]
        home = shutil.copytree(empty_home, tmp_path / f"home-{number}", symlinks=True)
        assert kill_at_step(home, story, number) == step
        assert in_use(home) == (new if number >= done else old), step
        zone = open_zone(home)
        for act, arguments in story:
            act(zone, *arguments)
        assert in_use(home) == new and zone.register.open_acts() == []
        assert sorted(os.listdir(home / "pack-sets")) == sorted([old, new]), "no draft stays"
        assert len(zone.register.events("packs-activated")) == 2, "once, however often it was begun"
