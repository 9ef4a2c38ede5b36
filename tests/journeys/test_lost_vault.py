"""A vault that is gone is never replaced by an empty one: nobody would know the subjects of the lake any more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .test_officers import erased
from .town import Refused, Town, firm


@pytest.fixture
def held(town: Town) -> Town:
    town.firms(firm(1), firm(2))
    return town


def refused(town: Town) -> None:
    for command in (("editions", town.home), ("deliver", town.home, "firms", town.home.parent / "firms.csv")):
        with pytest.raises(Refused) as no:
            town.run(*command)
        assert (no.value.code, no.value.exit_code) == ("broken", 6)
        assert "backup" in str(no.value.answer["todo"])


def away(town: Town) -> Path:
    """Move the vault's files out of the home, as a wrong clean-up would."""
    vault = town.home / "vault"
    kept = town.home.parent / "kept"
    kept.mkdir()
    for file in vault.glob("vault.db*"):
        shutil.move(file, kept / file.name)
    return kept


def test_a_lost_vault_is_refused_and_a_restored_one_serves(held: Town) -> None:
    token = _snapshot_and_token(held)
    kept = away(held)
    refused(held)
    assert not (held.home / "vault" / "vault.db").exists(), "none is made in its place"
    for file in kept.iterdir():
        shutil.move(file, held.home / "vault" / file.name)
    assert held.token(1) == token


def _snapshot_and_token(town: Town) -> str:
    town.snapshot()
    return town.token(1)


def test_an_empty_file_is_no_vault(held: Town) -> None:
    away(held)
    (held.home / "vault" / "vault.db").touch()
    refused(held)


def test_a_vault_without_its_own_facts_is_a_lost_one(town: Town, held: Town, tmp_path: Path) -> None:
    from puhui.adapters.vault_sqlite import SqliteVault

    away(held)
    SqliteVault(held.home / "vault" / "vault.db", city="360500", zone="a1").close()
    refused(held)


def test_the_lake_alone_is_enough_to_know(held: Town) -> None:
    """The tables are lost too: the lake still holds rows under tokens."""
    away(held)
    for file in held.home.glob("records.db*"):
        file.unlink()
    refused(held)


def test_the_journal_alone_is_enough_to_know(held: Town) -> None:
    erased(held, 1)
    away(held)
    for file in held.home.glob("records.db*"):
        file.unlink()
    shutil.rmtree(held.home / "lake")
    refused(held)


def test_a_zone_that_holds_nothing_yet_gets_its_vault(town: Town) -> None:
    """As if the making of the zone had been stopped before the vault was there."""
    shutil.rmtree(town.home / "vault")
    town.firms(firm(1))
    assert len(town.rows("firms")) == 1
