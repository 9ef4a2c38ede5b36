"""The same settings give the same bytes: in one process, in another, and whatever the number of threads."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from puhui.city.make import make_city
from puhui.city.settings import Settings, rng_of
from puhui.packs.load import load_packs

PACKS = Path(__file__).parents[2] / "packs"
NAMES = ("base", "tax-loan", "housing-fund-loan", "farmer-loan", "sme-credit")
SCRIPT = """
import sys
from pathlib import Path
from puhui.city.make import make_city
from puhui.packs.load import load_packs
packs = load_packs([Path(sys.argv[2]) / name for name in sys.argv[3:]])
make_city(Path(sys.argv[1]), packs, subjects=300, seed=11, truth=True)
"""


def digest(folder: Path) -> str:
    """One digest over the names and bytes of all files."""
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def test_another_process_makes_the_same_bytes(tmp_path: Path) -> None:
    packs = load_packs([PACKS / name for name in NAMES])
    make_city(tmp_path / "here", packs, subjects=300, seed=11, truth=True)
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "there"), str(PACKS), *NAMES]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "1"}, timeout=100)
    assert digest(tmp_path / "here") == digest(tmp_path / "there")


def test_another_seed_makes_another_city(tmp_path: Path) -> None:
    packs = load_packs([PACKS / name for name in NAMES])
    made = [make_city(tmp_path / str(seed), packs, subjects=60, seed=seed, truth=False) for seed in (1, 2)]
    assert digest(made[0].folder) != digest(made[1].folder)


def test_streams_of_two_purposes_are_apart() -> None:
    assert rng_of(1, 0, "firms").random() != rng_of(1, 0, "people").random()
    assert rng_of(1, 0, "firms").random() == rng_of(1, 0, "firms").random()


@pytest.mark.parametrize(("subjects", "months"), [(29, 36), (100, 12)])
def test_a_city_too_small_to_be_one_is_refused(subjects: int, months: int) -> None:
    with pytest.raises(ValueError, match="a city has"):
        Settings(subjects=subjects, seed=1, months=months)
