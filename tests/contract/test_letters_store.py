"""The laws of the letters' tables, on SQLite and on PostgreSQL: every change with its event, and nobody overtaken."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from puhui.adapters import django_setup, letters_django
from puhui.consent.letter import Act, State, moved
from puhui.desk.letter_states import act_document, change_letter, expire_letters, letter_file
from puhui.desk.letters import propose_letter
from puhui.model.refusals import Broken, NoSubject
from puhui.model.refusals_question import EvidenceRefused, LetterRefused, LogUnavailable, SignerRefused
from puhui.records import models
from puhui.wire.letters import ACT, check_letter_file

from ..unit.consent_made import (
    ANNA,
    BEN,
    EID,
    FIRM,
    NOW,
    STRANGER,
    TOKENS,
    Made,
    enrol,
    evidence,
    key,
    make,
    signed,
    terms,
)
from .test_files_postgres import server  # noqa: F401  the fixture


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    if request.param == "sqlite":
        django_setup.connect(django_setup.sqlite(tmp_path_factory.mktemp("tables") / "records.db"))
    else:
        psycopg = pytest.importorskip("psycopg", reason="the extra `postgresql` is not installed")
        conninfo = request.getfixturevalue("server")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("CREATE DATABASE letters")
            url = f"postgresql://{connection.info.user}@/letters?host={connection.info.host}"
        django_setup.connect(django_setup.postgresql_parts(url))
    yield
    django_setup.connections["default"].close()


@pytest.fixture
def made(tables: None, tmp_path: Path) -> Made:
    return make(tmp_path)


def kinds() -> list[str]:
    return list(models.Event.objects.order_by("id").values_list("kind", flat=True))


def test_a_letter_comes_back_as_it_was_signed(made: Made) -> None:
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    letter = signed(made.rooms, "anna", signer)
    assert made.rooms.book.letter(letter.id) == letter == made.rooms.book.letter(letter.id)
    assert made.rooms.book.letter("L-none") is None
    assert letter.items["SWJ-06"] == "enterprise_auth" and letter.end - letter.start == timedelta(days=180)
    assert made.rooms.signers.signer(signer.id) == signer
    assert kinds() == ["signer-enrolled", "letter-signed"]
    event = models.Event.objects.get(kind="letter-signed")
    assert (event.actor, event.subject, event.detail["digest"]) == (signer.id, TOKENS[FIRM], letter.digest.hex())


def test_a_database_that_is_gone_says_so_and_comes_back(made: Made) -> None:
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA))
    assert isinstance(made.rooms.book, letters_django.DjangoLetters)
    made.rooms.book._own.raw().close()  # behind its back, as a server that was restarted does it
    with pytest.raises(LogUnavailable):
        made.rooms.book.letter(letter.id)
    assert made.rooms.book.letter(letter.id) == letter


def test_a_thread_that_ends_leaves_no_connection_open(made: Made) -> None:
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA))
    assert isinstance(made.rooms.book, letters_django.DjangoLetters)
    own, opened = made.rooms.book._own, []

    def look() -> None:
        assert made.rooms.book.letter(letter.id) == letter
        opened.append(own.raw())

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    with pytest.raises(django_setup.connections["default"].Database.Error):
        opened[0].execute("SELECT 1")


def test_a_use_is_seen_at_the_next_look(made: Made) -> None:
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA))
    made.rooms.book.letter(letter.id)
    models.Letter.objects.filter(pk=letter.id).update(uses_in_window=3, window_started=NOW)
    seen = made.rooms.book.letter(letter.id)
    assert seen is not None and (seen.uses_in_window, seen.window_started) == (3, NOW)


def test_no_state_changes_without_its_event(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    letter = signed(made.rooms, "anna", signer)
    before = kinds()

    def fail(*given: object, **more: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(letters_django, "_write", fail)
    with pytest.raises(OSError):
        made.rooms.book.move(moved(letter, Act.REVOKE, by="x", at=NOW))
    with pytest.raises(OSError):
        propose_letter(made.rooms, terms(), STRANGER, by="bank-a")
    with pytest.raises(OSError):
        enrol(made.rooms, "ben", BEN)
    with pytest.raises(OSError):
        made.rooms.signers.revoke_signer(signer, by="olga", at=NOW, reason="lost")
    with pytest.raises(OSError):
        signed(made.rooms, "anna", signer)
    assert made.rooms.book.letter(letter.id) == letter and kinds() == before
    assert made.rooms.signers.signers_of(TOKENS[BEN]) == [] and made.rooms.signers.signer(signer.id) == signer
    assert models.Letter.objects.count() == 1


def test_each_change_adds_one_to_the_version(made: Made) -> None:
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    letter = signed(made.rooms, "anna", signer)
    for word, state in (("paused", "PAUSED"), ("resumed", "ACTIVE"), ("revoked", "REVOKED")):
        document = act_document(made.rooms, letter.id, word)  # type: ignore[arg-type]
        after = change_letter(made.rooms, letter.id, word, evidence(key("anna"), ACT, document))  # type: ignore[arg-type]
        assert (after.state.value, after.version) == (state, letter.version + 1)
        assert made.rooms.book.letter(letter.id) == after
        letter = after
    assert kinds()[-3:] == ["letter-paused", "letter-resumed", "letter-revoked"]


def test_who_comes_second_changes_nothing(made: Made) -> None:
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA))
    made.rooms.book.move(moved(letter, Act.PAUSE, by="x", at=NOW))
    with pytest.raises(LetterRefused) as told:
        made.rooms.book.move(moved(letter, Act.REVOKE, by="x", at=NOW))
    assert told.value.where == "version"


def test_a_thousand_hands_revoke_one_letter_once(made: Made) -> None:
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA))
    won: list[int] = []

    def revoke() -> None:
        try:
            won.append(made.rooms.book.move(moved(letter, Act.REVOKE, by="x", at=NOW)).version)
        except LetterRefused:
            pass
        finally:
            django_setup.connections["default"].close()

    threads = [threading.Thread(target=revoke) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [letter.version + 1] and kinds().count("letter-revoked") == 1


def test_a_change_waits_for_the_logs_transaction(made: Made) -> None:
    """The sequencer holds the log's row: who revokes meanwhile is acknowledged after its commit, never before."""
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA))
    models.LogTree.objects.create(id=1, size=0, frontier=b"")
    order: list[str] = []

    def revoke() -> None:
        made.rooms.book.move(moved(letter, Act.REVOKE, by="x", at=NOW))
        order.append("revoked")
        django_setup.connections["default"].close()

    thread = threading.Thread(target=revoke)
    with transaction.atomic():
        models.LogTree.objects.select_for_update().get(pk=1)
        models.LogTree.objects.filter(pk=1).update(size=1)
        thread.start()
        thread.join(0.3)  # a revocation that would not wait is through by then
        order.append("answered")
    thread.join()
    assert order == ["answered", "revoked"]


def test_nothing_personal_stands_open(made: Made) -> None:
    """No identifier, stated value or code in any row, in any column."""
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    signed(made.rooms, "anna", signer, stated={"paid": "123456.78"})
    proposed = propose_letter(made.rooms, terms(wording="farmer_query", range_months=12), STRANGER, by="bank-a")
    told = ""
    for table in (models.Letter, models.Signer, models.Event):
        for row in table.objects.values():
            told += repr({name: bytes(v).hex() if isinstance(v, memoryview) else v for name, v in row.items()})
    for secret in (FIRM.value, ANNA.value, STRANGER.value, "123456.78", proposed.code):
        assert secret not in told and secret.encode().hex() not in told


def test_a_letter_opens_with_its_subjects_key_alone(made: Made) -> None:
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    letter = signed(made.rooms, "anna", signer)
    other = signed(made.rooms, "anna", signer)
    raw = letter_file(made.rooms, letter.id, by="olga", reason="asked by the court")
    checked = check_letter_file(raw)
    assert (checked.digest, checked.evidence, checked.signer) == (letter.digest, True, True)
    assert kinds()[-1] == "access.by-staff"
    row = models.Letter.objects.get(pk=letter.id)
    models.Letter.objects.filter(pk=other.id).update(sealed=bytes(row.sealed))
    with pytest.raises(Broken):
        letter_file(made.rooms, other.id, by="olga", reason="asked by the court")
    made.records.erased.add(TOKENS[FIRM])
    with pytest.raises(NoSubject):
        letter_file(made.rooms, letter.id, by="olga", reason="asked by the court")


def test_stated_values_are_read_when_they_are_needed(made: Made) -> None:
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA), stated={"paid": "120000"})
    assert letter.stated == ("paid",) and made.rooms.book.stated(letter) == {"paid": "120000"}
    assert made.rooms.book.stated(replace(letter, stated=())) == {}


def test_time_is_written_down(made: Made) -> None:
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA))
    proposed = propose_letter(made.rooms, terms(wording="farmer_query", range_months=12), STRANGER, by="bank-a")
    made.clock.pass_by(days=31)
    assert [one.id for one in expire_letters(made.rooms)] == [proposed.id]
    made.clock.pass_by(days=150)
    assert [(one.id, one.state) for one in expire_letters(made.rooms)] == [(letter.id, State.EXPIRED)]
    assert expire_letters(made.rooms) == []


def test_a_key_is_one_signer(made: Made) -> None:
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    with pytest.raises(SignerRefused):
        made.rooms.signers.enrol(signer, by="olga", at=NOW)
    for subject, person in ((FIRM, ANNA), (ANNA, None)):
        with pytest.raises(SignerRefused) as told:
            enrol(made.rooms, "anna", subject, person=person)
        assert told.value.where == "key"
    assert kinds() == ["signer-enrolled", "signer.refused", "signer.refused"]


def test_an_institutions_key_is_no_subjects(made: Made) -> None:
    bank = models.Institution.objects.get(pk="bank-a")
    values: dict[str, Any] = {"not_before": NOW, "not_after": NOW, "revoked_at": NOW}
    models.InstitutionKey.objects.create(
        id="bank-a/1", institution=bank, algorithm="ed25519", public=key("bank").verifying().public, **values
    )
    for name in ("bank", "olga"):  # a bank's, though it was revoked, and an officer's
        with pytest.raises(SignerRefused) as told:
            enrol(made.rooms, name, ANNA, proof=EID)
        assert told.value.where == "key"


def test_a_sign_count_only_grows(made: Made) -> None:
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    made.rooms.book.used(signer.id, 5)
    for count in (5, 4):
        with pytest.raises(EvidenceRefused):
            made.rooms.book.used(signer.id, count)
    made.rooms.book.used(signer.id, 0)  # an authenticator that does not count
