"""Packs by themselves, for those who write them: no zone is opened."""

from __future__ import annotations

import tempfile
from pathlib import Path

from puhui.adapters.engine_duckdb import DuckEngine
from puhui.bootstrap import shipped_packs
from puhui.desk.packs import check_one, compare_packs
from puhui.indicators.pack_tests import TestOutcome, run_pack_tests
from puhui.packs.diff import Change
from puhui.packs.new import new_pack
from puhui.packs.packset import PackSet


def check_pack(folder: Path) -> PackSet:
    """Check a pack with those it needs, taken from beside it or from the shipped ones."""
    return check_one(folder, [folder.resolve().parent, shipped_packs()])


def test_pack(folder: Path) -> list[TestOutcome]:
    """Run a pack's own tests on the referee and on DuckDB."""
    packs = check_pack(folder)
    with tempfile.TemporaryDirectory(prefix="puhui-") as scratch:
        return run_pack_tests(packs, DuckEngine(Path(scratch)), only=[folder.resolve().name])


def diff_packs(old: Path, new: Path) -> list[Change]:
    """What a pack's new version changes, against the one in the folder `old`."""
    return compare_packs(old, new, shipped_packs())


def new_pack_at(folder: Path) -> None:
    """A new pack that passes the check, in a folder that does not exist yet."""
    new_pack(folder.resolve().parent, folder.name)
