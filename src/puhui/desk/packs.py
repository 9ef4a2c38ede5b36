"""Adopt packs: forms, cross-checks, the portable subset and the column policy. A refused pack loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from puhui.disclosure.policy import check_policy
from puhui.indicators.portable import check_portable
from puhui.model.refusals import PackRefused
from puhui.packs.load import load_packs, with_needs
from puhui.packs.packset import PackSet
from puhui.packs.sql import readings_of


def checked_packs(folders: Sequence[Path]) -> PackSet:
    """The set of these packs, or PackRefused with every mistake of every kind."""
    packs = load_packs(folders)
    readings = readings_of(packs)
    mistakes = [*check_portable(packs, readings), *check_policy(packs, readings)]
    if mistakes:
        raise PackRefused(sorted(mistakes, key=lambda m: (m.file, m.line, m.code)))
    return packs


def check_one(folder: Path, shelves: Sequence[Path]) -> PackSet:
    """A pack with those it needs, found on the shelves (folders of packs)."""
    return checked_packs(with_needs([folder], shelves))
