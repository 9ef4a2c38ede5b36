"""The laws of the register: every change with its event in one transaction, repeatable where a repair repeats it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from puhui.adapters import django_setup
from puhui.adapters.register_django import DjangoRegister
from puhui.lake.editions import Act
from puhui.lake.store import Sealed
from puhui.model.delivery import DeliveryKind, Edition, Landing, Manifest, Parcel

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
DIGEST = "ab" * 32
SEALED = Sealed("landings/1", b"a wrapped key that must not be found again")
EDITION = Edition("firms", 1, 0, None, DIGEST, DeliveryKind.INCREMENT, NOW, 3, ("2026-06",), 2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


@pytest.fixture
def register(file: Path) -> Iterator[DjangoRegister]:
    django_setup.connect(django_setup.sqlite(file))
    yield DjangoRegister()


def begin(register: DjangoRegister, digest: str = DIGEST, until: date = date(2029, 9, 1)) -> None:
    parcel = Parcel("firms", Path("x.csv"), Manifest(period="2026-06"), None, "x.csv")
    register.begin(Landing(parcel, digest, 10, NOW), SEALED, "implicit", until)


def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on no event can be written."""
    from puhui.adapters import register_django

    def fail(*arguments: object, **options: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(register_django, "_event", fail)


def test_a_parcel_is_taken_with_its_edition_and_its_event(register: DjangoRegister) -> None:
    assert register.find("firms", DIGEST) is None and register.unfinished() == []
    begin(register)
    (waiting,) = register.unfinished()
    assert (waiting.state, waiting.sealed, waiting.result, register.parcels()) == ("taking", SEALED, {}, [])
    for _ in range(2):
        register.settle("firms", DIGEST, {"lines": 3}, EDITION)
    found = register.find("firms", DIGEST)
    assert found is not None and (found.state, found.result, found.period) == ("taken", {"lines": 3}, "2026-06")
    assert register.editions() == [EDITION] and register.unfinished() == []
    assert [event["kind"] for event in register.events()] == ["parcel-taken"]
    assert [p.digest for p in register.find_digest(DIGEST[:8])] == [DIGEST]


def test_a_digest_is_taken_once_a_resource(register: DjangoRegister) -> None:
    from django.db import IntegrityError

    begin(register)
    with pytest.raises(IntegrityError):
        begin(register)


def test_nothing_is_settled_without_its_event(register: DjangoRegister, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(register)
    register.settle("firms", "cd" * 32, {}, replace(EDITION, resource="x"))  # not ours: listed alone, no event
    assert register.events() == []
    failing(monkeypatch)
    with pytest.raises(OSError):
        register.settle("firms", DIGEST, {"lines": 3}, EDITION)
    assert register.editions("firms") == [] and len(register.unfinished()) == 1
    act = Act("edition-rolled-back", "anna", {}, {1: "rolled_back"})
    for change in (
        lambda: register.list_edition(EDITION, act),
        lambda: register.set_edition_state(replace(EDITION, resource="x"), "published", "k", "anna", NOW),
        lambda: register.propose("erase-subject", {}, by="anna", reason="asked", at=NOW),
        lambda: register.activate_packs("d", {}, "anna", NOW),
    ):
        with pytest.raises(OSError):
            change()
    assert register.editions("firms") == [] and register.open_acts() == [] and register.active_packs() is None


def test_what_was_begun_can_be_dropped_and_what_was_taken_cannot(register: DjangoRegister) -> None:
    begin(register)
    for _ in range(2):
        register.drop("firms", DIGEST)
    assert register.find("firms", DIGEST) is None
    begin(register)
    register.settle("firms", DIGEST, {}, EDITION)
    register.drop("firms", DIGEST)
    assert register.find("firms", DIGEST) is not None


def test_an_act_marks_earlier_editions_once(register: DjangoRegister) -> None:
    register.list_edition(EDITION, None)
    child = replace(EDITION, number=2, version=1, parent=1, digest="rollback:firms:1")
    act = Act("edition-rolled-back", "anna", {"reason": "wrong"}, {1: "rolled_back"})
    for _ in range(2):
        register.list_edition(child, act)
    assert [e.state for e in register.editions("firms")] == ["rolled_back", "published"]
    (event,) = register.events("edition-rolled-back")
    assert (event["actor"], event["edition"], event["reason"]) == ("anna", 2, "wrong")


def test_what_is_known_depends_on_the_moment(register: DjangoRegister) -> None:
    later = replace(EDITION, number=2, version=1, committed_at=NOW + timedelta(days=2), state="awaiting_release")
    register.list_edition(EDITION, None)
    register.list_edition(later, None)
    assert register.editions_at(NOW - timedelta(seconds=1)) == {}
    assert register.editions_at(NOW + timedelta(days=9)) == {"firms": EDITION}
    register.set_edition_state(later, "published", "released", "anna", NOW + timedelta(days=5), known_now=True)
    assert register.editions_at(NOW + timedelta(days=4))["firms"].number == 1
    assert register.editions_at(NOW + timedelta(days=5))["firms"].number == 2


def test_a_destroyed_key_is_nowhere_in_the_file(register: DjangoRegister, file: Path) -> None:
    begin(register, until=date(2026, 8, 1))
    register.settle("firms", DIGEST, {}, EDITION)
    begin(register, digest="cd" * 32)
    register.settle("firms", "cd" * 32, {}, replace(EDITION, number=2))
    on_disk = b"".join(p.read_bytes() for p in file.parent.glob("records.db*"))
    assert on_disk.count(SEALED.wrapped_key) >= 2
    assert [p.digest for p in register.expire(NOW)] == [DIGEST]
    assert register.expire(NOW) == []
    gone, kept = register.find("firms", DIGEST), register.find("firms", "cd" * 32)
    assert gone is not None and gone.sealed is None and kept is not None and kept.sealed == SEALED
    assert b"".join(p.read_bytes() for p in file.parent.glob("records.db*")).count(SEALED.wrapped_key) == 1
    assert [event["digest"] for event in register.events("landing-expired")] == [DIGEST]


def test_a_proposal_is_open_until_it_is_closed(register: DjangoRegister) -> None:
    number = register.propose("erase-subject", {"token": "t"}, by="anna", reason="asked", at=NOW)
    (act,) = register.open_acts()
    assert (act.number, act.act, act.arguments, act.proposed_by, act.reason) == (
        number, "erase-subject", {"token": "t"}, "anna", "asked",
    )  # fmt: skip
    register.close_act(number, by="bela", at=NOW)
    assert register.open_acts() == []
    assert [(e["kind"], e["actor"]) for e in register.events()] == [("act-proposed", "anna"), ("act-approved", "bela")]


def test_a_database_is_brought_up_to_date_once(file: Path) -> None:
    for _ in range(2):
        django_setup.connect(django_setup.sqlite(file))
    assert DjangoRegister().editions() == []
