"""Erasure: nothing readable stays, the token stays erased, a restored backup forgets again."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from puhui.model.refusals import Broken, LegalHold, NoSubject, NotAllowed
from puhui.model.subject import Subject
from puhui.subjects.erase import Hold, erase, erased_tokens, replay
from puhui.subjects.lookup import find, history
from puhui.subjects.resolve import open_cases
from puhui.subjects.vault import Vault

from .subjects_made import COURT, REGISTER, TODAY, deliver, open_vault, reg_no, tokens, uscc

ROW = {"uscc": uscc(1), "reg_no": reg_no(7), "ent_name": "新余市昌盛商贸有限公司", "phone": "16000000000"}
FOR_GOOD = {"by": "officer-1", "reason": "subject's request", "at": TODAY}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = open_vault(tmp_path / "home")
    deliver(vault, REGISTER, [ROW, {"uscc": uscc(2), "ent_name": "分宜县兴农有限公司"}])
    return vault


def subject(vault: Vault) -> Subject:
    return find(vault, "uscc", uscc(1), today=TODAY)


def test_an_erased_subject_is_found_by_nothing_and_no_one_else_is_touched(vault: Vault) -> None:
    gone = subject(vault)
    stone = erase(vault, gone, **FOR_GOOD, holds=[])
    assert (stone.token, stone.by, stone.at) == (gone.token, "officer-1", "2026-09-01")
    for kind, value in (("uscc", uscc(1)), ("reg_no", reg_no(7)), ("org_code", uscc(1)[8:17])):
        with pytest.raises(NoSubject):
            find(vault, kind, value, today=TODAY)
    with pytest.raises(NoSubject):
        history(vault, gone)
    assert erased_tokens(vault) == [gone.token]
    assert history(vault, find(vault, "uscc", uscc(2), today=TODAY)).names[0].name == "分宜县兴农有限公司"


def test_the_same_identifier_delivered_anew_gets_another_token(vault: Vault) -> None:
    gone = subject(vault)
    erase(vault, gone, **FOR_GOOD, holds=[])
    (fresh,) = tokens(deliver(vault, REGISTER, [ROW]))
    assert fresh not in (None, gone.token)
    assert erased_tokens(vault) == [gone.token]
    assert replay(vault) == 0
    assert subject(vault).token == fresh


def test_a_name_no_longer_finds_the_erased(vault: Vault) -> None:
    erase(vault, subject(vault), **FOR_GOOD, holds=[])
    assert tokens(deliver(vault, COURT, [{"exec_name": ROW["ent_name"]}])) == [None]


def test_cases_that_name_the_erased_are_dropped(vault: Vault) -> None:
    deliver(vault, REGISTER, [{"uscc": uscc(3), "ent_name": ROW["ent_name"]}])
    deliver(vault, COURT, [{"exec_name": ROW["ent_name"]}])
    assert len(open_cases(vault)) == 1
    erase(vault, subject(vault), **FOR_GOOD, holds=[])
    assert open_cases(vault) == []


@pytest.mark.parametrize("until", [None, TODAY])
def test_a_running_hold_refuses_with_its_article(vault: Vault, until: date | None) -> None:
    with pytest.raises(LegalHold) as refused:
        erase(vault, subject(vault), **FOR_GOOD, holds=[Hold("征信业管理条例 第十六条", until)])
    assert refused.value.article == "征信业管理条例 第十六条"
    assert history(vault, subject(vault)).names


def test_a_hold_that_has_ended_does_not(vault: Vault) -> None:
    ended = [Hold("征信业管理条例 第十六条", date(2026, 8, 31))]
    assert erase(vault, subject(vault), **FOR_GOOD, holds=ended).token in erased_tokens(vault)


def test_erasing_twice_is_erasing_once(vault: Vault) -> None:
    gone = subject(vault)
    assert erase(vault, gone, **FOR_GOOD, holds=[]) == erase(vault, gone, **FOR_GOOD, holds=[])
    assert len(vault.journal.entries()) == 1


def test_no_erasure_without_officer_ground_or_subject(vault: Vault) -> None:
    with pytest.raises(NotAllowed):
        erase(vault, subject(vault), by="", reason="r", at=TODAY, holds=[])
    with pytest.raises(NoSubject):
        erase(vault, Subject("360500a1E" + "0" * 20), **FOR_GOOD, holds=[])


def test_a_restored_backup_forgets_again(vault: Vault, tmp_path: Path) -> None:
    gone = subject(vault)
    vault.store.scrub()  # the backup is taken of a settled file
    backup = tmp_path / "vault.db"
    shutil.copy(tmp_path / "home/vault/vault.db", backup)
    erase(vault, gone, **FOR_GOOD, holds=[])
    restored = tmp_path / "restored"
    shutil.copytree(tmp_path / "home/keys", restored / "keys")
    (restored / "vault").mkdir()
    shutil.copy(backup, restored / "vault/vault.db")
    shutil.copy(tmp_path / "home/vault/erasures.journal", restored / "vault/erasures.journal")
    again = open_vault(restored)
    assert subject(again).token == gone.token  # the backup still knew
    assert replay(again) == 1
    with pytest.raises(NoSubject):
        subject(again)
    assert erased_tokens(again) == [gone.token]
    assert replay(again) == 0


class PowerCut(Exception):
    """Stands for the moment at which the machine stops."""


def test_an_erasure_that_a_crash_cut_short_is_finished_at_the_next_start(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object) -> None:
        raise PowerCut

    gone = subject(vault)
    with monkeypatch.context() as cut:
        cut.setattr(vault.store, "bury", stop)
        with pytest.raises(PowerCut):
            erase(vault, gone, **FOR_GOOD, holds=[])
    again = open_vault(tmp_path / "home")
    assert replay(again) == 1
    assert erased_tokens(again) == [gone.token]


def test_a_changed_journal_is_refused(vault: Vault) -> None:
    erase(vault, subject(vault), **FOR_GOOD, holds=[])
    entry = vault.journal.entries()[0]
    vault.journal.append(entry.replace(b"officer-1", b"officer-2"))
    with pytest.raises(Broken):
        replay(vault)


def test_tombstones_cannot_be_taken_away(vault: Vault, tmp_path: Path) -> None:
    erase(vault, subject(vault), **FOR_GOOD, holds=[])
    with sqlite3.connect(tmp_path / "home/vault/vault.db") as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute("DELETE FROM tombstone")
