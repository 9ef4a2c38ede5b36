"""The packs that ship pass the column policy and the portable lint."""

from __future__ import annotations

from pathlib import Path

from puhui.disclosure.policy import check_policy
from puhui.indicators.portable import check_portable
from puhui.packs.load import load_packs

PACKS = Path(__file__).parents[2] / "packs"


def test_shipped_packs_are_accepted() -> None:
    packs = load_packs(sorted(folder for folder in PACKS.iterdir() if (folder / "pack.yaml").is_file()))
    assert packs.indicators
    assert check_portable(packs) == []
    assert check_policy(packs) == []
