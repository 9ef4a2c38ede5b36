"""A zone whose keys another keeps: chosen when it is made, and asked for by every command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ..contract.test_key_stores import service, token  # noqa: F401  the fixture
from .town import SMALL, Refused, Town, firm


def test_a_command_keeps_the_keys(tmp_path: Path) -> None:
    town = Town(tmp_path / "home")
    town.run("init", town.home, "--pack", SMALL, "--keys", f"command:{service(tmp_path)}")
    assert town.firms(firm(1))["accepted"] == 1
    assert not (town.home / "keys").exists()
    held = {file.name for file in (tmp_path / "elsewhere").iterdir()}
    assert {"vault-index.1", "vault-seal.1", "landings.1"} <= held
    (tmp_path / "keeper").chmod(0o600)
    with pytest.raises(Refused) as refusal:
        town.editions()
    assert refusal.value.code == "keys-refused"


def test_a_token_wraps_the_keys(tmp_path: Path, token: Callable[[str], str]) -> None:  # noqa: F811
    town = Town(tmp_path / "home")
    town.run("init", town.home, "--pack", SMALL, "--keys", token("of-a-home"))
    assert town.firms(firm(1))["accepted"] == 1
    assert {file.stat().st_size for file in (town.home / "keys").iterdir()} == {60}  # nonce, secret, tag
    told = town.run("backup", town.home, "--out", tmp_path / "b", "--keys-out", tmp_path / "k")
    assert told["files"] > 0 and (tmp_path / "k" / "vault-seal.1").stat().st_size == 60


def test_keys_that_others_may_read_stop_every_command(tmp_path: Path, town: Town) -> None:
    (town.home / "keys").chmod(0o755)
    with pytest.raises(Refused) as refusal:
        town.editions()
    assert refusal.value.code == "keys-refused"


def test_a_setting_that_names_nothing_makes_no_zone(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        Town(tmp_path / "home").run("init", tmp_path / "home", "--pack", SMALL, "--keys", "cloud")
    assert refusal.value.code == "keys-refused"
    assert not (tmp_path / "home" / "zone.toml").exists()
