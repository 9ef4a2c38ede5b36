"""What ends with a subject: by the register when it says so, by an erasure, and what a stop in between leaves."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from puhui.bootstrap import now, open_letters, open_zone
from puhui.consent.letter import State
from puhui.desk.endings import end_the_ended
from puhui.model.refusals import LegalHold
from puhui.model.refusals_question import SignerRefused
from puhui.model.subject import Identifier
from puhui.records import models
from puhui.subjects.lookup import find

from ..journeys.town import Refused, Town, firm
from . import town
from .asking import Asker, ask
from .standing import bank, copy_of
from .standing import made as made_standing
from .town import ANNA, BEN, CHILD, ERASED, FIRM, QUIET, Office, enrol, erase, office, sign, two_officers

MARKS = ("公民身份号码", "注销标识", "注销日期")


@pytest.fixture
def home(town_with_banks: Path, tmp_path: Path) -> Path:
    """A town of one's own, not opened yet."""
    shutil.copytree(town_with_banks, tmp_path / "town", symlinks=True)
    return tmp_path / "town" / "home"


@pytest.fixture(scope="module")
def watching_town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("ending") / "home"
    made_standing(home)
    return home


def register_says(home: Path, *states: str) -> None:
    """The register anew: the state of each firm, in the order of serials."""
    Town(home).firms(*(firm(serial, state=state) for serial, state in enumerate(states, 1)))


def marked(home: Path, *rows: Sequence[str]) -> None:
    Town(home).deliver("population", MARKS, rows)


def ended(home: Path, kind: str = "letter-ended") -> list[tuple[str, str]]:
    """Letter (or signer) and reason of every such event, oldest first."""
    events = open_zone(home).register.events(kind)
    return [(str(event.get("letter") or event.get("signer")), str(event["reason"])) for event in events]


def in_force(about: Identifier, home: Path) -> list[str]:
    rooms, _ = open_letters(home)
    letters = rooms.book.of_subject(rooms.find(about).token)
    return [letter.id for letter in letters if letter.state in (State.ACTIVE, State.PAUSED)]


def code(opened: Office, about: Identifier = FIRM, letter: str = "firm", **changed: str) -> tuple[str, str]:
    """What the bank is told, and what stands in the log."""
    (reply,) = ask(opened, Asker(opened).question(about, letter, **changed))
    return reply.code, opened.codes()[-1]


# --- by the register ---


def test_a_deregistered_firms_letters_end_before_its_figures_are_shown(home: Path) -> None:
    with office(home) as before:
        before.change("once", "paused")
        assert code(before) == ("", "")
    held = in_force(FIRM, home)
    register_says(home, "注销", "存续", "存续")
    assert in_force(FIRM, home) == held, "an edition alone shows nobody anything"
    Town(home).snapshot()
    assert in_force(FIRM, home) == [] and in_force(ERASED, home) != []
    assert sorted(ended(home)) == sorted((letter, "deregistered") for letter in held)
    assert [reason for _, reason in ended(home, "signer-revoked")] == ["deregistered"]
    Town(home).snapshot()
    assert len(ended(home)) == len(held), "what has ended ends once"
    with office(home) as after:
        assert code(after) == ("letter-not-in-force", "letter-not-in-force")
        assert after.check() == []


def test_the_dead_and_what_they_signed_for(home: Path) -> None:
    """Their own letters end, and their keys sign for nobody; the firm's letter is the firm's."""
    marked(home, (BEN.value, "死亡", "2026-06-01"), (ANNA.value, "死亡", ""), (CHILD.value, "", ""))
    signed = in_force(FIRM, home)
    Town(home).snapshot()
    assert in_force(BEN, home) == [] and in_force(FIRM, home) == signed
    assert [reason for _, reason in ended(home)] == ["death"]
    with office(home) as after:
        assert code(after, BEN, "ben", product="person_loan") == ("letter-not-in-force",) * 2
        assert code(after) == ("", "")
        with pytest.raises(SignerRefused) as told:
            sign(after.letter_rooms, "firm", FIRM)
        assert told.value.where == "signer"


def test_a_mark_of_another_kind_or_of_a_later_day_ends_nothing(home: Path) -> None:
    later = (open_zone(home).desk.now() + timedelta(days=3)).date().isoformat()
    marked(home, (BEN.value, "死亡", later), (ANNA.value, "出国定居", ""))
    Town(home).snapshot()
    assert in_force(BEN, home) and ended(home) == [] == ended(home, "signer-revoked")


def test_a_disputed_row_ends_nothing(home: Path) -> None:
    """Two rows of one firm that contradict each other wait for a steward."""
    rows = [firm(1), firm(1, state="注销"), firm(2), firm(3)]
    Town(home).firms(*rows)
    Town(home).snapshot()
    assert in_force(FIRM, home) and ended(home) == []


def test_nobody_signs_for_who_has_ended(home: Path) -> None:
    """The register is asked at the signature, so nothing is signed between an edition and the next snapshot."""
    register_says(home, "注销", "存续", "存续")
    marked(home, (BEN.value, "死亡", ""))
    rooms, _ = open_letters(home)
    for about, name, more in (
        (FIRM, "firm", {}),
        (BEN, "ben", {"wording": "person_letter", "ticks": ("insured",), "range_months": 0}),
    ):
        with pytest.raises(SignerRefused) as told:
            sign(rooms, name, about, **more)  # type: ignore[arg-type]
        assert told.value.where == "register"
    with pytest.raises(SignerRefused) as told:
        enrol(rooms, "another", FIRM, ANNA)
    assert told.value.where == "register"
    with pytest.raises(SignerRefused) as told:
        enrol(rooms, "third", QUIET, BEN)
    assert told.value.where == "register"


def test_serving_makes_good_what_a_stop_left(home: Path) -> None:
    """Killed between the edition and the round: the next start of serving ends them; so does the command."""
    register_says(home, "注销", "存续", "注销")
    with (
        patch.object(town, "now", lambda: now() + timedelta(seconds=1)),
        office(home) as opened,
    ):  # its clock has no parts
        assert code(opened) == ("letter-not-in-force",) * 2
    assert in_force(ERASED, home) == []
    assert Town(home).run("letter", "sweep", home) == {"ended": []}


def test_the_command_ends_them(home: Path) -> None:
    register_says(home, "注销", "存续", "存续")
    held = in_force(FIRM, home)
    told = Town(home).run("letter", "sweep", home)
    assert [(one["reason"], sorted(one["letters"])) for one in told["ended"]] == [("deregistered", sorted(held))]
    assert len(told["ended"][0]["signers"]) == 1


def test_a_deregistered_firms_monitors_end(watching_town: Path, tmp_path: Path) -> None:
    home = copy_of(watching_town, tmp_path)
    with bank(home) as a:
        monitor = a.post("/v1/monitors", a.watching()).told["id"]
    register_says(home, "注销", "存续", "存续")
    Town(home).snapshot()
    with bank(home) as a:
        assert a.get(f"/v1/monitors/{monitor}").told["state"] == "ended"
        assert a.round() == (0, 0) and a.office.check() == []
        (event,) = a.office.desk.register.events("monitor-ended")
        assert (event["why"], event["actor"]) == ("deregistered", "register")


# --- erased ---


def test_nothing_stays_in_force_of_somebody_erased(watching_town: Path, tmp_path: Path) -> None:
    home = copy_of(watching_town, tmp_path)
    with bank(home) as a:
        monitor = a.post("/v1/monitors", a.watching()).told["id"]
        token = find(a.office.desk.vault, "uscc", FIRM.value, today=a.office.clock.now.date()).token
        erase(a.office.desk, FIRM.value)
        assert a.get(f"/v1/monitors/{monitor}").told["state"] == "ended"
        assert code(a.office) == ("not-available", "subject-unknown")
        events = [event for event in a.office.desk.register.events() if event["subject"] == token]
        kinds = [event["kind"] for event in events if event.get("reason") == "erased" or event.get("why") == "erased"]
        assert sorted(kinds) == ["letter-ended", "monitor-ended", "signer-revoked"]
        assert events[-1]["kind"] == "subject-erased", "everything ended before the key died"
        assert a.office.check() == []
    assert not models.Letter.objects.filter(subject=token, state__in=("ACTIVE", "PAUSED")).exists()
    assert not models.Signer.objects.filter(subject=token, state="enrolled").exists()


def test_who_may_not_be_erased_keeps_everything(home: Path) -> None:
    with office(home) as opened:
        assert code(opened) == ("", "")  # records of provision are kept for three years
        with pytest.raises(LegalHold):
            two_officers(opened.desk, "erase-subject", {"uscc": FIRM.value})
        assert code(opened) == ("", "")
    assert ended(home) == []


def test_an_order_outlives_its_subject(home: Path) -> None:
    """A court may go on asking about who has ended; an erasure ends that too."""
    zone = open_zone(home)
    token = find(zone.desk.vault, "uscc", FIRM.value, today=zone.desk.now().date()).token
    (letter,) = [one for one in zone.desk.letters.of_subject(token) if one.wording == "firm_letter"][:1]
    row = models.Letter.objects.get(pk=letter.id)
    row.pk, row.basis = "B-order", "order"
    row.save(force_insert=True)
    register_says(home, "注销", "存续", "存续")
    end_the_ended(open_zone(home).desk)
    assert in_force(FIRM, home) == ["B-order"]
    erase(open_zone(home).desk, FIRM.value)
    assert models.Letter.objects.get(pk="B-order").state == "REVOKED"
    with pytest.raises(Refused):
        Town(home).run("figures", home, "--uscc", FIRM.value, "--by", "anna", "--reason", "looking once more")
