"""A small city for tests: made once for each set of settings, in a folder that outlives the test."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from puhui.city.make import City, make_city
from puhui.packs.load import load_packs
from puhui.packs.packset import PackSet

PACKS = Path(__file__).parents[2] / "packs"
NAMES = ("base", "tax-loan", "housing-fund-loan", "farmer-loan", "sme-credit")


@lru_cache(maxsize=1)
def packs() -> PackSet:
    return load_packs([PACKS / name for name in NAMES])


@lru_cache(maxsize=4)
def city(subjects: int = 600, seed: int = 5, *, truth: bool = True) -> City:
    """A city in a temporary folder."""
    folder = Path(mkdtemp(prefix="city-")) / "made"
    return make_city(folder, packs(), subjects=subjects, seed=seed, truth=truth)


def deliveries(made: City) -> list[dict[str, Any]]:
    """The list of parcels, in order of coming."""
    listed: list[dict[str, Any]] = json.loads((made.folder / "deliveries.json").read_text(encoding="utf-8"))[
        "deliveries"
    ]
    return listed
