"""Shared by all tests: a small zone that is made once and copied, so that a journey starts in milliseconds."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from .journeys.town import SMALL, Town

if TYPE_CHECKING:
    from .questions.town import Office

ROOT = Path(__file__).parents[1]
_MAIN = sys.modules["__main__"]
if _MAIN.__spec__ is None and not hasattr(_MAIN, "__file__"):
    _MAIN.__spec__ = ModuleSpec("__main__", None)  # a worker of xdist; PySpark's client takes one without for a doctest

settings.register_profile("unhurried", deadline=None)  # how long an example takes says nothing of it on a busy machine
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a new zone with the pack `small`; to be copied, never written."""
    home = tmp_path_factory.mktemp("zone") / "home"
    Town(home).run("init", home, "--pack", SMALL, "--buckets", "4")
    return home


@pytest.fixture
def town(empty_home: Path, tmp_path: Path) -> Town:
    """A zone of one's own."""
    return Town.copy_of(empty_home, tmp_path / "home")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("PUHUI_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "SOURCE.md").is_file():
        pytest.skip("the folder of real data is absent (PUHUI_REAL_DATA)")
    return folder


@pytest.fixture(scope="session")
def shipped_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a new zone with all packs that are shipped; to be copied, never written."""
    home = tmp_path_factory.mktemp("shipped") / "home"
    Town(home).run("init", home)
    return home


@pytest.fixture
def shipped_town(shipped_home: Path, tmp_path: Path) -> Town:
    return Town.copy_of(shipped_home, tmp_path / "home")


@pytest.fixture(scope="session")
def town_with_banks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a zone with banks, contracts and letters (`questions.town`); to be copied, never written."""
    from .questions.town import made

    folder = tmp_path_factory.mktemp("questions") / "town"
    folder.mkdir()
    made(folder / "home")
    return folder


@pytest.fixture
def office(town_with_banks: Path, tmp_path: Path) -> Iterator[Office]:
    """A zone of one's own that answers in this process."""
    from .questions.town import office as opened

    shutil.copytree(town_with_banks, tmp_path / "town", symlinks=True)
    with opened(tmp_path / "town" / "home") as one:
        yield one


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Homes hold many small files: nothing of them outlives a session that passed."""
    factory = getattr(session.config, "_tmp_path_factory", None)
    if session.testsfailed == 0 and factory is not None:
        shutil.rmtree(factory.getbasetemp(), ignore_errors=True)
