"""The drill: a zone that answers and takes deliveries is backed up, destroyed and brought back.

What was given out stays true, what was erased or revoked stays so, and a log that lost entries does not go on as if
nothing had happened.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from puhui.bootstrap import Zone, add_officer, open_zone
from puhui.bootstrap_questions import back_up, open_questions, restore_zone, trust_file, witness_files, zone_log
from puhui.desk.acts import ERASE
from puhui.desk.agreements import end_contract
from puhui.desk.backups import RESTORED
from puhui.desk.keys import rotate_key
from puhui.desk.roles import Role
from puhui.model.refusals import Broken, HomeRefused, NoSubject, NotAllowed
from puhui.model.refusals_question import LogBroken
from puhui.subjects.lookup import find
from puhui.wire.trust import read_trust, write_trust
from puhui.wire.verify import Outcome, verify_answer

from ..journeys.town import Town
from ..witnessed import Served, puhui, serve
from .asking import Asker, answer_file, ask
from .town import BEN, ERASED, FIRM, Office, made, office, sign, two_officers

WHY = "the disk is broken"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("drill") / "home"
    made(home)
    add_officer(open_zone(home), "chen", home.parent / "chen.key", role=Role.SYSTEM, by="anna")
    return home


@dataclass
class Drill:
    """One home, where its backups go, and how it comes back."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def journals(self) -> Path:
        """What another machine has of the journals."""
        return self.folder / "journals"

    def back_up(self) -> dict[str, object]:
        return back_up(open_zone(self.home), self.folder / "backup", self.folder / "keys", by="chen")

    def destroy(self) -> None:
        """The disk is gone; the journals are on another one."""
        self.journals.mkdir(exist_ok=True)
        for file in (self.home / "vault").glob("*.journal"):
            shutil.copy(file, self.journals / file.name)
        shutil.rmtree(self.home)

    def restore(self, *, by: str = "chen", keys: str = "keys", **how: Any) -> dict[str, Any]:
        def officer(zone: Zone) -> str:
            return by

        how = {"journals": self.journals, "reason": WHY} | how
        return restore_zone(self.folder / "backup", self.home, officer, keys=self.folder / keys, **how)

    @contextmanager
    def open(self) -> Iterator[Office]:
        """The home, open; some time after whatever happened before."""
        with office(self.home) as opened:
            opened.clock.pass_by(minutes=1)
            yield opened

    def failing(self, file: bytes) -> list[str]:
        trust = read_trust(write_trust(trust_file(open_zone(self.home))))
        report = verify_answer(file, trust, datetime.now(UTC) + timedelta(days=2))
        return [check.name for check in report.checks if check.outcome is Outcome.FAILS]


@pytest.fixture
def drill(town: Path, tmp_path: Path) -> Drill:
    shutil.copytree(town.parent, tmp_path / "town", symlinks=True)
    return Drill(tmp_path / "town")


@pytest.fixture
def witness(drill: Drill) -> Iterator[Served]:
    """A witness that the zone asks, in a process of its own."""
    served = serve(drill.folder / "witness")
    try:
        zone = open_zone(drill.home)
        puhui("witness", "add-log", drill.folder / "witness", "--vkey", zone_log(zone).verifier.vkey)
        witness_files(zone).add(served.key.vkey, served.url)
        yield served
    finally:
        served.kill()


def answered(opened: Office, letter: str = "firm") -> bytes:
    """An answer about FIRM, as the bank keeps it."""
    question = Asker(opened).question(FIRM, letter)
    (reply,) = ask(opened, question)
    assert reply.status == 200, reply.body
    return answer_file(question, reply)


def refused(opened: Office, letter: str = "firm") -> bool:
    (reply,) = ask(opened, Asker(opened).question(FIRM, letter))
    return reply.status != 200


def facts(home: Path) -> dict[str, list[Any]]:
    """Every edition's rows, as the tables and the lake tell of them."""
    town = Town(home)
    return {one["resource"]: town.rows(one["resource"]) for one in town.editions()}


# --- the drill ---


def test_a_zone_comes_back_as_it_has_to_be(drill: Drill) -> None:
    with drill.open() as before:
        kept, halted = (sign(before.letter_rooms, "firm", FIRM).id for _ in range(2))
        old = answered(before)
    told = drill.back_up()
    with drill.open() as after:
        lost = answered(after)
        after.change("firm", "revoked")
        after.letters["halted"] = halted
        after.change("halted", "paused")
        two_officers(after.desk, ERASE, {"uscc": ERASED.value})
        end_contract(after.desk, contract_of(after, "bank-b"), by="anna", reason="it was ended")
    drill.destroy()
    done = drill.restore()
    assert done["size"] >= told["size"] and done["log"] == "puhui/360500/a1/2"
    assert (done["stops_replayed"], done["erased"]) == (3, 1)
    assert drill.failing(old) == drill.failing(lost) == []
    zone = open_zone(drill.home)
    with pytest.raises(NoSubject):
        find(zone.desk.vault, ERASED.kind, ERASED.value, today=datetime.now(UTC).date())
    with drill.open() as again:
        assert refused(again) and refused(again, halted)
        new = answered(again, kept)
        states = {one["id"]: one["state"] for one in again.desk.partners.contracts.states("bank-b")}
        assert set(states.values()) == {"ended"}
        assert not again.check()
        report = again.questions.log.check(records=True)
        assert report.kinds["restore"] == 2 and report.found == 0  # that of the backup, and that of coming back
    assert drill.failing(new) == []
    assert [event["actor"] for event in zone.register.events(RESTORED)] == ["chen"]


def contract_of(opened: Office, institution: str) -> str:
    (found,) = opened.desk.partners.contracts.states(institution)
    return str(found["id"])
