"""Killed while a subject's letters end: all of one subject or nothing, and the next start makes it good, once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from puhui.bootstrap import open_zone
from puhui.records import models
from puhui.subjects.lookup import find

from ..journeys.town import Town, firm
from ..questions.asking import Asker, ask
from ..questions.standing import bank, copy_of, made
from ..questions.town import FIRM, approve_act
from .ending_child import BY_ERASURE, BY_REGISTER

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.crash


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town with a monitor; to be copied, never written."""
    home = tmp_path_factory.mktemp("ending") / "home"
    made(home)
    with bank(home) as a:
        assert a.post("/v1/monitors", a.watching()).status == 200
    return home


def standing(home: Path) -> tuple[int, int, int]:
    """Letters, monitors and signers of FIRM that are in force."""
    zone = open_zone(home)
    return (
        models.Letter.objects.filter(state="ACTIVE").count(),
        models.Monitor.objects.filter(state="active").count(),
        len([one for one in zone.desk.signers.subjects() if one[8] == "E"]),
    )


def run(home: Path, moment: str) -> None:
    command = [sys.executable, "-m", "tests.crash.ending_child", str(home), moment]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()[-2000:]


@pytest.mark.parametrize("moment", list(BY_REGISTER))
def test_killed_while_the_register_ends_it(watched: Path, tmp_path: Path, moment: str) -> None:
    home = copy_of(watched, tmp_path)
    Town(home).firms(firm(1, state="注销"), firm(2), firm(3))
    run(home, moment)
    left = (0, 0, 0) if moment == "ended and not shown" else (1, 1, 1)
    assert standing(home) == left, "all of a subject or nothing"
    with bank(home) as a:  # serving starts
        assert standing(home) == (0, 0, 0)
        (reply,) = ask(a.office, Asker(a.office).question(FIRM))
        assert reply.code == "letter-not-in-force" and a.office.check() == []
    events = open_zone(home).register.events
    assert [len(events(kind)) for kind in ("letter-ended", "monitor-ended", "signer-revoked")] == [1, 1, 1]


@pytest.mark.parametrize("moment", list(BY_ERASURE))
def test_killed_while_it_is_erased(watched: Path, tmp_path: Path, moment: str) -> None:
    home = copy_of(watched, tmp_path)
    token = find(open_zone(home).desk.vault, "uscc", FIRM.value, today=open_zone(home).desk.now().date()).token
    run(home, moment)
    zone = open_zone(home)  # which finishes what the journal says
    begun = moment == "before the monitors of an erasure"
    assert standing(home) == ((1, 1, 1) if begun else (0, 0, 0))
    (act,) = zone.desk.register.open_acts()
    approve_act(zone.desk, act.number, by="bela")
    assert standing(home) == (0, 0, 0) and zone.desk.vault.store.records([token]) == {}
    events = zone.register.events
    assert [len(events(kind)) for kind in ("letter-ended", "monitor-ended", "signer-revoked")] == [1, 1, 1]
    with bank(home) as a:
        (reply,) = ask(a.office, Asker(a.office).question(FIRM))
        assert reply.code == "not-available" and a.office.check() == []
