"""A zone whose log signs its checkpoints by SM2 too: begun, renewed, stolen, ended, and begun again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import patch

import pytest

from puhui.adapters.settings_toml import Epoch, ZoneSettings, begin_epoch
from puhui.bootstrap import add_officer, open_zone
from puhui.bootstrap.questions import trust_file, zone_log
from puhui.desk.backups import end_log
from puhui.desk.keys import CHECKPOINTS_SM2, COMPROMISE, key_rows, rotate_key
from puhui.desk.roles import Role
from puhui.ledger.checking import LogReport
from puhui.model.refusals import HomeRefused, UnknownName
from puhui.wire.keys import ED25519, SM2_SM3
from puhui.wire.notes import Note, TlogProof, holds
from puhui.wire.trust import Trust, read_trust, write_trust
from puhui.wire.verify import Outcome, verify_answer

from ..contract.test_key_stores import service
from . import town as towns
from .asking import Asker, answer_file, ask
from .town import FIRM, Office, office, two_officers

if find_spec("gmssl_pyx") is None:
    pytest.skip("the extra `sm2` is not installed", allow_module_level=True)

BEGINNING = towns.now()
ON, OFF = "sm2_checkpoints = true", "sm2_checkpoints = false"


@pytest.fixture
def home(town_with_banks: Path, tmp_path: Path) -> Path:
    home: Path = shutil.copytree(town_with_banks, tmp_path / "town", symlinks=True) / "home"
    add_officer(open_zone(home), "chen", home.parent / "chen.key", role=Role.SYSTEM, by="anna")
    return home


def say(home: Path, line: str) -> None:
    """The one line of the settings, in place of what it said."""
    file = home / "zone.toml"
    kept = [one for one in file.read_text("utf-8").splitlines() if not one.startswith("sm2_checkpoints")]
    file.write_text("\n".join([*kept, line, ""]), "utf-8")


@contextmanager
def opened(home: Path, hour: int) -> Iterator[Office]:
    """The town as it is opened so many hours from the beginning."""
    with patch.object(towns, "now", lambda: BEGINNING + timedelta(hours=hour)), office(home) as zone:
        yield zone


def answered(zone: Office) -> tuple[bytes, bytes]:
    """An answer as the bank keeps it: as it came, and with the proof by the next published checkpoint."""
    question = Asker(zone).question(FIRM)
    (reply,) = ask(zone, question)
    assert reply.status == 200, reply.body
    zone.questions.publisher.publish()
    proof = zone.questions.log.archive.proof_text(reply.told["receipt"]["index"])
    return answer_file(question, reply), answer_file(question, reply, proof=proof)


def trust(home: Path) -> Trust:
    return read_trust(write_trust(trust_file(open_zone(home))))


def found(file: bytes, by: Trust) -> str:
    """What the check says; nothing else fails."""
    report = verify_answer(file, by)
    others = [check.name for check in report.checks if check.outcome in (Outcome.FAILS, Outcome.UNREACHED)]
    assert set(others) <= {"checkpoint-sm2"}, report.as_dict()
    return next(check.outcome.value for check in report.checks if check.name == "checkpoint-sm2")


def checked(home: Path) -> LogReport:
    return zone_log(open_zone(home)).check()


def test_it_counts_from_when_it_begins_until_it_ends(home: Path) -> None:
    with opened(home, 1) as zone:
        before = answered(zone)
        assert not (home / "keys" / "log-signer-sm2.1").exists()
    say(home, ON)
    with opened(home, 2) as zone:
        during = answered(zone)
    asked_for = trust(home)
    say(home, OFF)
    with opened(home, 3) as zone:
        after = answered(zone)
    ended = trust(home)
    assert [[found(file, ended) for file in pair] for pair in (before, during, after)] == [
        ["absent"] * 2, ["holds"] * 2, ["absent"] * 2,
    ]  # fmt: skip
    assert [found(file, asked_for) for file in during] == ["holds", "holds"]
    assert [found(file, asked_for) for file in after] == ["fails", "fails"]  # an old trust file asks for it
    say(home, ON)
    with opened(home, 4) as zone:
        again = answered(zone)
    listed = trust(home).zones[0].log_keys_of(SM2_SM3)
    assert [bool(key.end) for key in listed] == [True, False]
    assert listed[0].vkey != listed[1].vkey
    assert [found(file, trust(home)) for file in (*before, *during, *after, *again)] == [
        "absent", "absent", "holds", "holds", "absent", "absent", "holds", "holds",
    ]  # fmt: skip
    assert checked(home).ok


def test_a_note_of_the_log_is_a_note_to_who_knows_ed25519_alone(home: Path) -> None:
    say(home, ON)
    with opened(home, 1) as zone:
        _, proved = answered(zone)
        shown = zone.questions.log.store.published()
    assert shown is not None
    note = Note.parse(shown.note)
    (by_ed25519,), (by_sm2,) = (trust(home).zones[0].log_keys_of(one) for one in (ED25519, SM2_SM3))
    assert [line.name for line in note.signatures] == [by_ed25519.verifier.name] * 2
    assert holds(note, by_ed25519.verifier) and holds(note, by_sm2.verifier)
    assert b"checkpoint" in proved
    kinds = {row["key"]: row["algorithm"] for row in key_rows(open_zone(home).desk)}
    assert kinds == {"zone/1": ED25519, "log-signer/1": ED25519, "log-signer-sm2/1": SM2_SM3}


def test_a_renewed_key_takes_over(home: Path) -> None:
    say(home, ON)
    with opened(home, 1) as zone:
        old = answered(zone)
        rotate_key(zone.desk, CHECKPOINTS_SM2, by="chen", reason="once a year", overlap=timedelta(hours=1))
        zone.clock.pass_by(minutes=50)
        in_time = answered(zone)
        zone.clock.pass_by(minutes=20)
        too_late = answered(zone)
    with opened(home, 4) as zone:
        new = answered(zone)
    by = trust(home)
    assert [found(file, by) for file in (*old, *in_time, *new)] == ["holds"] * 6
    assert found(too_late[0], by) == "fails"
    assert checked(home).ok


def test_what_a_stolen_key_signed_does_not_count(home: Path) -> None:
    say(home, ON)
    with opened(home, 1) as zone:
        good = answered(zone)
        zone.clock.pass_by(hours=1)
        since = zone.clock.now
        zone.clock.pass_by(minutes=10)
        done = two_officers(zone.desk, COMPROMISE, {"key": "log-signer-sm2/1", "since": since.isoformat()})
        zone.clock.pass_by(minutes=10)
        forged = answered(zone)
    assert done["renewed"] == "log-signer-sm2/2"
    by = trust(home)
    assert [found(file, by) for file in (good[0], forged[0])] == ["holds", "fails"]


def test_there_is_no_such_key_to_renew_before_it_signs(home: Path) -> None:
    desk = open_zone(home).desk
    for _ in range(2):
        with pytest.raises(UnknownName):
            rotate_key(desk, CHECKPOINTS_SM2, by="chen", reason="once a year")
        with pytest.raises(UnknownName):
            two_officers(desk, COMPROMISE, {"key": "log-signer-sm2/1", "since": "2026-11-01"})
    assert not (home / "keys" / "log-signer-sm2.1").exists()
    assert trust(home).zones[0].log_keys_of(SM2_SM3) == ()


def test_a_key_that_has_ended_may_still_turn_out_to_be_stolen(home: Path) -> None:
    say(home, ON)
    with opened(home, 1) as zone:
        answered(zone)
    say(home, OFF)
    with opened(home, 2) as zone:
        with pytest.raises(UnknownName):
            rotate_key(zone.desk, CHECKPOINTS_SM2, by="chen", reason="once a year")
        done = two_officers(zone.desk, COMPROMISE, {"key": "log-signer-sm2/1", "since": "2026-01-01"})
    assert "renewed" not in done
    assert trust(home).zones[0].log_keys_of(SM2_SM3) == ()


def test_the_check_of_the_log_looks_at_it_too(home: Path) -> None:
    from puhui.records import models

    say(home, ON)
    with opened(home, 1) as zone:
        answered(zone)
        assert not zone.check()
        row = models.Checkpoint.objects.order_by("size").last()
        assert row is not None
        lines = Note.parse(row.note)
        by_sm2 = lines.signatures[1]
        false = type(by_sm2)(by_sm2.name, by_sm2.key_id, by_sm2.signature[::-1])
        row.note = Note(lines.text, (lines.signatures[0], false)).message
        row.save()
        assert [finding.code for finding in zone.questions.log.check().findings] == ["checkpoint-signature"]
        row.note = Note(lines.text, (by_sm2,)).message
        row.save()
        assert [finding.code for finding in zone.questions.log.check().findings] == ["checkpoint-signature"]


def test_the_setting_is_yes_or_no(home: Path) -> None:
    say(home, 'sm2_checkpoints = "true"')
    with pytest.raises(HomeRefused, match="sm2_checkpoints"):
        open_zone(home)
    assert not ZoneSettings("360500", "a1").sm2_checkpoints


def test_a_later_proof_carries_the_line(home: Path) -> None:
    say(home, ON)
    with opened(home, 1) as zone:
        (reply,) = ask(zone, Asker(zone).question(FIRM))
        zone.questions.publisher.publish()
        proof = TlogProof.parse(zone.questions.log.archive.proof_text(reply.told["receipt"]["index"]))
    (by_sm2,) = trust(home).zones[0].log_keys_of(SM2_SM3)
    assert holds(Note.parse(proof.checkpoint), by_sm2.verifier)


def test_a_log_that_goes_on_after_a_restore_signs_under_its_own_name(home: Path) -> None:
    say(home, ON)
    with opened(home, 1) as zone:
        old = answered(zone)
        size = zone.questions.log.store.tree().size
    begin_epoch(home, Epoch(size, end_log(open_zone(home).desk, by="chen", reason="a backup was restored")))
    with opened(home, 2) as zone:
        new = answered(zone)
    by = trust(home)
    assert [found(file, by) for file in new] == ["holds", "holds"]
    assert [log.origin for log in by.zones] == ["puhui/360500/a1/2", "puhui/360500/a1"]
    assert [log.log_keys_of(SM2_SM3)[0].verifier.name for log in by.zones] == [log.origin for log in by.zones]
    by_sm2 = by.zones[1].log_keys_of(SM2_SM3)[0].verifier
    receipt = json.loads(json.loads(old[0])["response"]["body"])["receipt"]
    assert holds(Note.parse(receipt["checkpoint"]), by_sm2)
    assert checked(home).ok


def test_another_keeps_its_key_as_every_other(home: Path, tmp_path: Path) -> None:
    keeper = service(tmp_path)
    shutil.move(home / "keys", tmp_path / "elsewhere")
    text = (home / "zone.toml").read_text("utf-8").replace('keys = "files"', f'keys = "command:{keeper}"')
    (home / "zone.toml").write_text(text, "utf-8")
    say(home, ON)
    with opened(home, 1) as zone:
        pair = answered(zone)
    assert [found(file, trust(home)) for file in pair] == ["holds", "holds"]
    assert (tmp_path / "elsewhere" / "log-signer-sm2.1").exists() and not (home / "keys").exists()
