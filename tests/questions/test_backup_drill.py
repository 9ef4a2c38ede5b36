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
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from puhui.adapters import backup_copy
from puhui.bootstrap import Zone, add_officer, open_zone
from puhui.bootstrap.questions import back_up, open_questions, restore_zone, trust_file, witness_files, zone_log
from puhui.desk.agreements import end_contract
from puhui.desk.backups import RESTORED
from puhui.desk.keys import rotate_key
from puhui.desk.roles import Role
from puhui.intake.repair import needs_repair
from puhui.model.refusals import Broken, HomeRefused, NoSubject, NotAllowed
from puhui.model.refusals_question import LogBroken
from puhui.subjects.erase import erased_tokens
from puhui.subjects.lookup import find
from puhui.wire.canonical import canonical
from puhui.wire.trust import read_trust, write_trust
from puhui.wire.verify import Outcome, verify_answer

from ..journeys.town import FIRMS, Refused, Town, firm
from ..witnessed import Served, puhui, serve
from .asking import Asker, answer_file, ask
from .town import ERASED, FIRM, Clock, Office, erase, made, office, sign

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
    clock: Clock = field(default_factory=lambda: Clock(datetime.now(UTC).replace(microsecond=0)))

    @contextmanager
    def later(self) -> Iterator[None]:
        """A minute after whatever happened before."""
        self.clock.pass_by(minutes=1)
        with patch("puhui.bootstrap.now", self.clock), patch("puhui.bootstrap.questions.now", self.clock):
            yield

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def journals(self) -> Path:
        """What another machine has of the journals."""
        return self.folder / "journals"

    def back_up(self) -> dict[str, object]:
        with self.later():
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
        with self.later():
            return restore_zone(self.folder / "backup", self.home, officer, keys=self.folder / keys, **how)

    @contextmanager
    def open(self) -> Iterator[Office]:
        """The home, open, a minute later."""
        with office(self.home) as opened:
            self.clock.pass_by(minutes=1)
            opened.clock.now = self.clock.now
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
        erase(after.desk, ERASED.value)
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
        assert report.kinds["restore"] == 1 and report.found == 0
    assert drill.failing(new) == []
    assert [event["actor"] for event in zone.register.events(RESTORED)] == ["chen"]


def contract_of(opened: Office, institution: str) -> str:
    (found,) = opened.desk.partners.contracts.states(institution)
    return str(found["id"])


def told_alike(home: Path) -> None:
    """Tables, lake and vault tell one story, and the log contradicts itself nowhere."""
    zone = open_zone(home)
    assert not needs_repair(zone.intake)
    newest = {edition.resource: edition for edition in zone.register.editions()}
    found = {name: Town(home).rows(name) for name in newest}
    assert {name: len(rows) for name, rows in found.items()} == {name: one.rows for name, one in newest.items()}
    tokens = {row["subject"] for rows in found.values() for row in rows if row.get("subject")}
    gone = set(erased_tokens(zone.desk.vault))
    assert tokens - gone == set(zone.desk.vault.open_records(sorted(tokens))) and tokens
    assert zone_log(zone).check(records=True).findings == []


def test_a_zone_that_answers_is_backed_up_whole(drill: Drill) -> None:
    """Questions are answered and refused all the while; whichever backup comes back is whole."""
    given: list[bytes] = []
    ended = threading.Event()
    sizes = []
    with drill.open() as serving:
        load = threading.Thread(target=_ask_until, args=(ended, serving, given))
        load.start()
        while len(sizes) < 3 or sizes[0] == sizes[-1]:
            folder = drill.folder / str(len(sizes))
            told = back_up(open_zone(drill.home), folder / "backup", folder / "keys", by="chen")
            sizes.append(int(str(told["size"])))
        ended.set()
        load.join()
        assert not serving.check() and given
    drill.destroy()
    for number in (0, len(sizes) - 1):
        for name in ("backup", "keys"):
            shutil.move(drill.folder / str(number) / name, drill.folder / name)
        assert drill.restore()["size"] >= sizes[number]
        told_alike(drill.home)
        assert [drill.failing(file) for file in given] == [[] for _ in given]
        for name in ("home", "backup", "keys"):
            shutil.rmtree(drill.folder / name)


def _ask_until(ended: threading.Event, serving: Office, given: list[bytes]) -> None:
    """Ten questions at once, again and again; what is answered is kept."""
    while not ended.is_set():
        questions = [Asker(serving).question(FIRM) for _ in range(10)]
        for question, reply in zip(questions, ask(serving, *questions), strict=True):
            if reply.status == 200:
                given.append(answer_file(question, reply))
        serving.clock.pass_by(seconds=1)


MOMENTS = {  # step of the copy → whether a delivery before it is refused as busy
    "_second_names": True,
    "_tables": True,
    "_database": False,
    "_copied": False,
    "copy_keys": False,
}


@pytest.mark.parametrize("step", MOMENTS)
def test_what_happens_between_two_steps_of_the_copy(drill: Drill, step: str) -> None:
    """A delivery, an erasure and a revocation before one step: what the copy has of them, it has whole."""
    town = Town(drill.home)
    with drill.open() as before:
        old = answered(before)
    happened: list[str] = []

    def work() -> None:
        try:
            town.deliver("firms", FIRMS, [firm(200)], "--kind", "increment")
        except Refused as refusal:
            happened.append(refusal.code)
        with drill.open() as meanwhile:
            meanwhile.change("firm", "revoked")
            erase(meanwhile.desk, ERASED.value)

    with _once_before(step, work):
        drill.back_up()
    assert happened == (["busy"] if MOMENTS[step] else [])
    drill.destroy()
    assert drill.restore()["erased"] == 1
    told_alike(drill.home)
    assert drill.failing(old) == []
    with drill.open() as again:
        assert refused(again)


@contextmanager
def _once_before(step: str, work: Callable[[], None]) -> Iterator[None]:
    """`work` is done before that step: of the tables' and the vault's copies (`_database`) before the vault's."""
    original = getattr(backup_copy, step)
    waiting = [work]

    def stepped(*given: Any, **named: Any) -> Any:
        if waiting and not (step == "_database" and given[-1] == "records.db"):
            waiting.pop()()
        return original(*given, **named)

    with patch.object(backup_copy, step, stepped):
        yield
    assert not waiting


# --- the log that lost entries ---


def test_a_log_that_a_witness_saw_larger_does_not_go_on(drill: Drill, witness: Served) -> None:
    with drill.open() as before:
        old = answered(before)
        before.check()
    size = int(str(drill.back_up()["size"]))
    shutil.copytree(drill.home, drill.folder / "copied", symlinks=True)
    with drill.open() as after:
        lost = answered(after)
        before_loss = after.questions.publisher.publish()
        assert before_loss and not before_loss.faults and before_loss.size > size
    drill.destroy()
    shutil.copytree(drill.folder / "copied", drill.home, symlinks=True)  # files put back by hand
    with pytest.raises(LogBroken, match="set back"), drill.later(), open_questions(open_zone(drill.home)):
        pass
    shutil.rmtree(drill.home)
    with pytest.raises(LogBroken, match="set back"):
        drill.restore(complete=True)
    assert not drill.home.exists()
    done = drill.restore()
    assert done["witnesses"] == {witness.key.name: before_loss.size}
    assert drill.failing(old) == drill.failing(lost) == []
    new_key = zone_log(open_zone(drill.home)).verifier.vkey
    puhui("witness", "add-log", drill.folder / "witness", "--vkey", new_key)
    with drill.open() as again:
        new = answered(again)
        published = again.questions.publisher.publish()
        assert published and not published.faults  # the witness follows the new log from its first entry
    assert drill.failing(new) == []


def test_a_log_that_lost_nothing_goes_on_under_its_name(drill: Drill, witness: Served) -> None:
    with drill.open() as before:
        old = answered(before)
        before.check()
    drill.back_up()
    drill.destroy()
    done = drill.restore(complete=True)
    assert done["log"] == "puhui/360500/a1" and done["witnesses"][witness.key.name] <= done["size"]
    with drill.open() as again:
        new = answered(again)
        published = again.questions.publisher.publish()
        assert published and not published.faults
        assert again.questions.log.check([witness.key], records=True).findings == []
    assert drill.failing(old) == drill.failing(new) == []


def test_without_a_word_of_the_witness_nothing_is_taken_as_complete(drill: Drill, witness: Served) -> None:
    with drill.open() as before:
        answered(before)
        before.check()
    drill.back_up()
    drill.destroy()
    witness.kill()
    with pytest.raises(LogBroken, match="does not answer"):
        drill.restore(complete=True)
    assert drill.restore()["log"] == "puhui/360500/a1/2"


def test_a_second_restore_begins_a_third_log(drill: Drill) -> None:
    with drill.open() as before:
        old = answered(before)
    drill.back_up()
    drill.destroy()
    drill.restore()
    with drill.open() as between:
        middle = answered(between)
    for name in ("backup", "keys"):
        shutil.rmtree(drill.folder / name)
    drill.back_up()
    drill.destroy()
    assert drill.restore()["log"] == "puhui/360500/a1/3"
    with drill.open() as after:
        new = answered(after)
        assert not after.check()
    assert drill.failing(old) == drill.failing(middle) == drill.failing(new) == []
    assert zone_log(open_zone(drill.home)).check(records=True).found == 0


# --- what is no backup of ours ---


def spoil(drill: Drill, how: str) -> None:
    backup, keys = drill.folder / "backup", drill.folder / "keys"
    if how == "changed":
        raw = bytearray((backup / "vault" / "vault.db").read_bytes())
        raw[len(raw) // 2] ^= 1
        (backup / "vault" / "vault.db").write_bytes(bytes(raw))
    elif how == "missing":
        (backup / "officers" / "anna.pub").unlink()
    elif how == "added":
        (backup / "officers" / "mallory.pub").write_bytes(bytes(32))
    elif how == "manifest":  # a thief's own officer, listed as it should be, but for the signature
        manifest = json.loads((backup / "MANIFEST.json").read_bytes())
        raw_key = b"m" * 32
        (backup / "officers" / "mallory.pub").write_bytes(raw_key)
        listed = {"path": "officers/mallory.pub", "size": 32, "sha256": sha256(raw_key).hexdigest(), "mode": "0o600"}
        manifest["files"].append(listed | {"link": ""})
        (backup / "MANIFEST.json").write_bytes(canonical(manifest))
    elif how == "outside":
        manifest = json.loads((backup / "MANIFEST.json").read_bytes())
        manifest["files"][0]["path"] = "../../out"
        (backup / "MANIFEST.json").write_bytes(canonical(manifest))
    elif how == "keys":
        (keys / "zone.1").write_bytes(b"k" * 32)


@pytest.mark.parametrize("how", ["changed", "missing", "added", "manifest", "outside", "keys"])
def test_a_backup_that_was_touched_is_refused(drill: Drill, how: str) -> None:
    with drill.open() as before:
        answered(before)
    drill.back_up()
    drill.destroy()
    spoil(drill, how)
    with pytest.raises(Broken):
        drill.restore()
    assert not drill.home.exists()


@pytest.mark.parametrize("name", ["stops.journal", "erasures.journal"])
def test_a_journal_that_was_changed_is_refused(drill: Drill, name: str) -> None:
    drill.back_up()
    with drill.open() as after:
        after.change("firm", "revoked")
        erase(after.desk, ERASED.value)
    drill.destroy()
    raw = (drill.journals / name).read_bytes()
    (drill.journals / name).write_bytes(raw.replace(b'"at":"20', b'"at":"21', 1))
    with pytest.raises(Broken):
        drill.restore()
    (drill.journals / name).write_bytes(raw)
    assert drill.restore()["erased"] == 1


def test_keys_that_are_older_than_the_journal_are_refused(drill: Drill) -> None:
    with drill.open() as before:
        answered(before)
    drill.back_up()
    with drill.later():
        rotate_key(open_zone(drill.home).desk, "zone", by="chen", reason="once a year")
    back_up(open_zone(drill.home), drill.folder / "newer", drill.folder / "newer-keys", by="chen")
    drill.destroy()
    with pytest.raises(Broken, match="older"):
        drill.restore()
    drill.restore(keys="newer-keys")
    assert [one.id for one in trust_file(open_zone(drill.home)).zones[0].answer_keys] == ["zone/1", "zone/2"]


def test_who_may_and_where_to(drill: Drill) -> None:
    zone = open_zone(drill.home)
    folder = drill.folder
    with pytest.raises(NotAllowed):
        back_up(zone, folder / "backup", folder / "keys", by="anna")
    for target, keys in (
        (folder / "backup", None),
        (folder / "backup", folder / "backup" / "keys"),
        (drill.home / "backup", folder / "keys"),
        (folder / "same", folder / "same"),
        (folder, folder.parent / "keys"),
    ):
        with pytest.raises(HomeRefused):
            back_up(zone, target, keys, by="chen")
    drill.back_up()
    with pytest.raises(HomeRefused):
        drill.restore()
    drill.destroy()
    with pytest.raises(NotAllowed):
        drill.restore(by="anna")
    with pytest.raises(NotAllowed):
        drill.restore(reason="")
    assert not drill.home.exists()


def test_no_key_is_in_the_backup(drill: Drill) -> None:
    drill.back_up()
    secrets = [file.read_bytes() for file in (drill.home / "keys").iterdir()]
    held = [file.read_bytes() for file in (drill.folder / "backup").rglob("*") if file.is_file()]
    assert secrets and not any(secret in raw for secret in secrets for raw in held)
    modes = {file.stat().st_mode & 0o077 for file in (drill.folder / "keys").rglob("*")}
    assert modes == {0} and (drill.folder / "keys").stat().st_mode & 0o077 == 0
    assert (drill.folder / "backup").stat().st_mode & 0o077 == 0


def test_the_second_copy_of_the_journals_is_enough(drill: Drill) -> None:
    """With `journals` in zone.toml another disk has them at once, and an append that it does not take fails."""
    second_place(drill)
    drill.back_up()
    with drill.open() as after:
        after.change("firm", "revoked")
        erase(after.desk, ERASED.value)
    for name in ("stops.journal", "erasures.journal"):
        assert (drill.journals / name).read_bytes() == (drill.home / "vault" / name).read_bytes() != b""
    shutil.rmtree(drill.home)
    assert drill.restore()["erased"] == 1
    with drill.open() as again:
        assert refused(again)


def second_place(drill: Drill) -> None:
    settings = drill.home / "zone.toml"
    kept = [line for line in settings.read_text().splitlines() if not line.startswith("journals")]
    settings.write_text("\n".join([*kept, f'journals = "{drill.journals}"', ""]))


def test_a_stop_that_cannot_be_journalled_is_not_made(drill: Drill) -> None:
    second_place(drill)
    drill.journals.write_text("no folder")
    with drill.open() as opened:
        for stop in (
            lambda: opened.change("firm", "revoked"),
            lambda: erase(opened.desk, ERASED.value),
        ):
            with pytest.raises(Broken, match="second copy"):
                stop()
        answered(opened)
    assert not (drill.home / "vault" / "stops.journal").exists()
    assert not (drill.home / "vault" / "erasures.journal").exists()
    drill.journals.unlink()
    with drill.open() as again:
        again.change("firm", "revoked")
        assert refused(again)
    assert len((drill.journals / "stops.journal").read_bytes().splitlines()) == 1


def test_the_commands(drill: Drill) -> None:
    town = Town(drill.home)
    key = ("--key-file", drill.folder / "chen.key")
    with pytest.raises(Refused) as refusal:
        town.run("backup", drill.home, "--out", drill.folder / "b", *key)
    assert refusal.value.code == "home-refused"
    told = town.run("backup", drill.home, "--out", drill.folder / "b", "--keys-out", drill.folder / "k", *key)
    assert told["files"] > 10
    shutil.rmtree(drill.home)
    arguments = ["restore", drill.folder / "b", drill.home, "--keys", drill.folder / "k", *key, "--reason", WHY]
    with pytest.raises(Refused, match="journal"):
        town.run(*arguments)
    assert town.run(*arguments, "--without-journal")["erased"] == 0
    assert town.run("ledger", "check", drill.home)["ok"]
    listed = town.run("key", "list", drill.home)
    assert [one["key"] for one in listed] == ["zone/1", "log-signer/1", "log-signer/2"]
