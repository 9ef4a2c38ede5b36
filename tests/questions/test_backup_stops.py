"""What a restored zone must not forget: monitors that ended, items in dispute, and all of somebody erased."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from puhui.bootstrap import add_officer, open_zone
from puhui.desk.objections import close_objection, open_objection, open_objections
from puhui.desk.roles import Role
from puhui.records import models
from puhui.subjects.lookup import find

from .asking import Asker, ask
from .standing import Bank, bank, copy_of, made
from .test_backup_drill import Drill
from .town import FIRM, QUIET, erase, sign

TAX, REGISTER = "SWJ-06", "SCJ-01"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("stops") / "home"
    made(home)
    add_officer(open_zone(home), "chen", home.parent / "chen.key", role=Role.SYSTEM, by="anna")
    return home


@pytest.fixture
def drill(town: Path, tmp_path: Path) -> Drill:
    copy_of(town, tmp_path)
    shutil.copy(town.parent / "chen.key", tmp_path / "chen.key")
    return Drill(tmp_path)


def flags(a: Bank) -> dict[str, list[str]]:
    """Item → its flags, in an answer about FIRM."""
    (reply,) = ask(a.office, Asker(a.office).question(FIRM))
    return {item["name"]: item.get("flags", []) for item in reply.told["record"]["items"]}


def test_ended_monitors_and_disputes_come_back_as_they_were(drill: Drill) -> None:
    with bank(drill.home) as a:
        gone, kept = (a.post("/v1/monitors", a.watching()).told["id"] for _ in range(2))
        desk = a.office.desk
        subject = find(desk.vault, "uscc", FIRM.value, today=a.office.clock.now.date())
        settled = open_objection(desk, subject, REGISTER, by="anna")
    drill.back_up()
    with bank(drill.home) as a:
        assert a.delete(f"/v1/monitors/{gone}").told["state"] == "ended"
        desk = a.office.desk
        close_objection(desk, settled.id, "corrected", by="anna", reason="it was wrong")
        other = find(desk.vault, "uscc", QUIET.value, today=a.office.clock.now.date())
        forgotten = open_objection(desk, other, TAX, by="anna")
        close_objection(desk, forgotten.id, "withdrawn", by="anna", reason="it was right")
        open_objection(desk, subject, TAX, by="anna")
    drill.destroy()
    assert drill.restore()["stops_replayed"] == 2
    with bank(drill.home) as a:
        states = {name: a.get(f"/v1/monitors/{name}").told["state"] for name in (gone, kept)}
        assert states == {gone: "ended", kept: "active"}
        told = flags(a)
        assert told["paid_1m"] == ["objected"] and told["firm_capital"] == ["objected"], "what was settled is so again"
        assert {one["item"] for one in open_objections(a.office.desk)} == {TAX, REGISTER}
        assert a.office.check() == []


def test_nothing_of_somebody_erased_comes_back(drill: Drill) -> None:
    with bank(drill.home) as a:
        rooms = a.office.letter_rooms
        desk = a.office.desk
        subject = find(desk.vault, "uscc", FIRM.value, today=a.office.clock.now.date())
        a.post("/v1/monitors", a.watching())
        open_objection(desk, subject, TAX, by="anna")
        sign(rooms, "firm", FIRM)
    drill.back_up()
    with bank(drill.home) as a:
        erase(a.office.desk, FIRM.value)
        assert open_objections(a.office.desk) == []
    drill.destroy()
    assert drill.restore()["erased"] == 1
    zone = open_zone(drill.home)
    assert not models.Letter.objects.filter(subject=subject.token, state__in=("ACTIVE", "PAUSED")).exists()
    assert not models.Monitor.objects.filter(subject=subject.token, state="active").exists()
    assert not models.Signer.objects.filter(subject=subject.token, state="enrolled").exists()
    assert open_objections(zone.desk) == [] and subject.token not in zone.desk.letters.subjects()
    with bank(drill.home) as a:
        assert a.office.check() == []
