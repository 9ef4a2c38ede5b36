"""One zone for attacks that change nothing; each of them leaves it as it was, but for the log."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ...questions.town import Office
from ...questions.town import office as opened


@pytest.fixture(scope="module")
def shared(town_with_banks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("shared") / "town"
    shutil.copytree(town_with_banks, folder, symlinks=True)
    with opened(folder / "home") as one:
        yield one
