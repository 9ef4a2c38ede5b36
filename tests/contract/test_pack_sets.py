"""The zone's sets of packs: whole, durable, read-only, by digest; the link for people follows."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from puhui.adapters.pack_sets import PackSets
from puhui.model.refusals import Broken
from puhui.packs import load_packs, new_pack


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


@pytest.fixture
def packs(tmp_path: Path) -> list[Path]:
    return [new_pack(tmp_path / "packs", name) for name in ("water-pilot", "power-pilot")]


def test_a_set_is_kept_under_the_digest_it_loads_with(home: Path, packs: list[Path]) -> None:
    sets = PackSets(home)
    (packs[0] / ".editor").write_text("not a part of it")
    digest = sets.keep(packs)
    (packs[0] / ".editor").unlink()
    assert digest == load_packs(packs).digest == load_packs(sets.folders(digest)).digest
    assert [folder.name for folder in sets.folders(digest)] == ["power-pilot", "water-pilot"]
    assert sets.keep(packs[::-1]) == digest, "again, in any order"
    files = [path for path in (home / "pack-sets").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o444}
    assert os.listdir(home / "pack-sets") == [digest]


def test_a_draft_that_a_stop_left_is_no_part_of_the_next_set(home: Path, packs: list[Path]) -> None:
    left = home / "pack-sets" / ".draft" / "half"
    left.mkdir(parents=True)
    sets = PackSets(home)
    digest = sets.keep(packs)
    assert os.listdir(home / "pack-sets") == [digest]
    assert "half" not in [folder.name for folder in sets.folders(digest)]


def test_a_set_that_is_not_there_is_broken(home: Path) -> None:
    for digest in ("ab" * 32, ""):
        with pytest.raises(Broken):
            PackSets(home).folders(digest)


def test_the_link_follows(home: Path, packs: list[Path]) -> None:
    sets = PackSets(home)
    first, second = sets.keep(packs), sets.keep(packs[:1])
    for digest in (first, second, second, first):
        sets.show(digest)
        assert sets.shown() == digest
        assert (home / "packs").resolve() == home / "pack-sets" / digest
    assert sorted(os.listdir(home)) == ["pack-sets", "packs"]


def test_a_copy_in_the_links_place_gives_way_and_anything_else_stays(home: Path, packs: list[Path]) -> None:
    sets = PackSets(home)
    digest = sets.keep(packs)
    shutil.copytree(home / "pack-sets" / digest, home / "packs")
    sets.show(digest)
    assert sets.shown() == digest
    (home / "packs").unlink()
    (home / "packs" / "mine").mkdir(parents=True)
    (home / "packs" / "mine" / "pack.yaml").write_text("mine")
    sets.show(digest)
    assert (home / "packs" / "mine" / "pack.yaml").read_text() == "mine"
