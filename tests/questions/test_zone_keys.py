"""The zone's keys turned over: what was signed stays good, what a stolen key signed does not."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from puhui.bootstrap import add_officer, open_zone
from puhui.bootstrap.questions import trust_file
from puhui.desk.acts import approve_act, propose_act
from puhui.desk.keys import COMPROMISE, key_rows, periods, rotate_key
from puhui.desk.roles import Role
from puhui.model.refusals import NotAllowed, UnknownName
from puhui.subjects.vault import SEAL_KEY
from puhui.wire.trust import read_trust, write_trust
from puhui.wire.verify import Outcome, verify_answer

from .asking import Asker, answer_file, ask
from .town import FIRM, Office, made, office, two_officers


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("keys") / "home"
    made(home)
    add_officer(open_zone(home), "chen", home.parent / "chen.key", role=Role.SYSTEM, by="anna")
    return home


@pytest.fixture
def home(town: Path, tmp_path: Path) -> Path:
    shutil.copytree(town.parent, tmp_path / "town", symlinks=True)
    return tmp_path / "town" / "home"


def answered(open_office: Office) -> bytes:
    """An answer about FIRM, as the bank keeps it."""
    question = Asker(open_office).question(FIRM)
    (reply,) = ask(open_office, question)
    assert reply.status == 200, reply.body
    return answer_file(question, reply)


def failing(file: bytes, home: Path) -> list[str]:
    """The checks that fail by the trust file as it is exported now."""
    trust = read_trust(write_trust(trust_file(open_zone(home))))
    report = verify_answer(file, trust, datetime.now(UTC) + timedelta(days=2))
    return [check.name for check in report.checks if check.outcome is Outcome.FAILS]


def renew(home: Path, *names: str, overlap: timedelta = timedelta(0)) -> None:
    desk = open_zone(home).desk
    for name in names:
        rotate_key(desk, name, by="chen", reason="once a year", overlap=overlap)


def test_an_answer_outlives_its_keys(home: Path) -> None:
    with office(home) as before:
        old = answered(before)
    renew(home, "zone", "log-signer")
    with office(home) as after:
        after.clock.pass_by(seconds=5)
        new = answered(after)
        assert not after.check()
    assert old != new
    assert failing(old, home) == failing(new, home) == []
    ids = [one.id for one in trust_file(open_zone(home)).zones[0].answer_keys]
    assert ids == ["zone/1", "zone/2"]


def test_a_process_that_has_the_old_key_may_go_on_until_the_overlap_is_over(home: Path) -> None:
    with office(home) as running:
        renew(home, "zone", "log-signer", overlap=timedelta(hours=1))
        running.clock.pass_by(minutes=50)
        in_time = answered(running)
        running.clock.pass_by(minutes=20)
        too_late = answered(running)
    assert failing(in_time, home) == []
    assert {"validity", "checkpoint"} == set(failing(too_late, home))


@pytest.mark.parametrize(("name", "check"), [("zone", "validity"), ("log-signer", "checkpoint")])
def test_what_a_stolen_key_signed_does_not_verify(home: Path, name: str, check: str) -> None:
    with office(home) as running:
        good = answered(running)
        running.clock.pass_by(hours=1)
        since = running.clock.now
        running.clock.pass_by(minutes=10)
        forged = answered(running)
        done = two_officers(running.desk, COMPROMISE, {"key": f"{name}/1", "since": since.isoformat()})
    assert done["renewed"] == f"{name}/2"
    assert failing(good, home) == []
    assert failing(forged, home) == [check]
    with office(home) as after:
        after.clock.pass_by(hours=2)
        assert failing(answered(after), home) == []
        assert not after.check()


def test_a_key_that_was_never_anybodys_own_counts_for_nothing(home: Path) -> None:
    zone = open_zone(home)
    renew(home, "zone")
    two_officers(zone.desk, COMPROMISE, {"key": "zone/2", "since": "2026-01-01T00:00:00+00:00"})
    assert [one.key.id for one in periods(zone.desk, "zone")] == ["zone/1", "zone/3"]
    write_trust(trust_file(zone))


def test_a_compromise_takes_two_people_and_is_in_the_log(home: Path) -> None:
    zone = open_zone(home)
    given = {"key": "zone/1", "since": "2026-11-01T00:00:00+00:00"}
    proposal = propose_act(zone.desk, COMPROMISE, given, by="anna", reason="a laptop was lost")
    assert [row["end"] for row in key_rows(zone.desk) if row["key"] == "zone/1"] == [None]
    with pytest.raises(NotAllowed):
        approve_act(zone.desk, proposal, by="anna")
    for wrong in ("zone/2", "zone/0", "zone/x"):
        with pytest.raises(UnknownName):
            propose_act(zone.desk, COMPROMISE, given | {"key": wrong}, by="anna", reason="a laptop was lost")
    with pytest.raises(NotAllowed):
        propose_act(zone.desk, COMPROMISE, given | {"since": "2999-01-01"}, by="anna", reason="a laptop was lost")
    two_officers(zone.desk, COMPROMISE, given)
    with office(home) as after:
        after.clock.pass_by(seconds=5)
        answered(after)
        assert after.questions.log.check().kinds["key"] == 2  # compromised, and renewed


@pytest.mark.parametrize("name", ["pseudonym-bank-a", "vault-index", "vault-journal"])
def test_keys_that_others_stand_on_are_for_good(home: Path, name: str) -> None:
    zone = open_zone(home)
    before = zone.desk.keys.current(name)
    with pytest.raises(NotAllowed):
        rotate_key(zone.desk, name, by="chen", reason="once a year")
    with pytest.raises(NotAllowed):
        propose_act(zone.desk, COMPROMISE, {"key": f"{name}/1", "since": "2026-01-01"}, by="anna", reason="lost it")
    assert zone.desk.keys.current(name) == before


def test_only_who_looks_after_keys_renews_them(home: Path) -> None:
    desk = open_zone(home).desk
    for by, reason in (("anna", "once a year"), ("chen", ""), ("", "once a year")):
        with pytest.raises(NotAllowed):
            rotate_key(desk, "zone", by=by, reason=reason)
    with pytest.raises(UnknownName):
        rotate_key(desk, "nosuch", by="chen", reason="once a year")
    assert desk.keys.current("zone").id == "zone/1"


def test_a_renewed_sealing_key_wraps_every_record_anew(home: Path) -> None:
    with office(home) as before:
        old = answered(before)
    zone = open_zone(home)
    tokens = [row.token for row in zone.desk.vault.store.every_record("EPIUS")]
    told = rotate_key(zone.desk, SEAL_KEY, by="chen", reason="once a year")
    assert told["wrapped"] == len(tokens) > 0
    again = open_zone(home).desk.vault
    rows = again.store.records(tokens)
    assert {row.wrapped_by for row in rows.values()} == {2}
    assert set(again.open_records(tokens)) == set(tokens)
    renew(home, "landings", f"log-{datetime.now(UTC):%Y-%m}", "letter-proposals", "bases")
    with office(home) as after:
        assert not after.check()  # every record of the log opens
        after.clock.pass_by(seconds=5)
        assert failing(answered(after), home) == failing(old, home) == []
