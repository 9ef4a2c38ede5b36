"""The floors: import-linter's contracts hold, and a package that nobody placed fails the build."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from .source import PACKAGE, ROOT


def contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    return list(settings["contracts"])


def lint(folder: Path, *, path: str) -> subprocess.CompletedProcess[str]:
    """import-linter in a process of its own: it imports the root package to find it."""
    command = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=110,
    )


def test_the_contracts_hold() -> None:
    done = lint(ROOT, path=str(ROOT / "src"))
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.fixture
def tiny_copy(tmp_path: Path) -> Path:
    """The house with empty rooms, and the first contract: the floors."""
    for init in PACKAGE.glob("*/__init__.py"):
        room = tmp_path / "puhui" / init.parent.name
        room.mkdir(parents=True)
        (room / "__init__.py").touch()
    (tmp_path / "puhui" / "__init__.py").touch()
    for module in PACKAGE.glob("[a-z]*.py"):
        (tmp_path / "puhui" / module.name).touch()
    floors = contracts()[0]
    layers = ", ".join(f'"{layer}"' for layer in floors["layers"])
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_package = "puhui"\n[[tool.importlinter.contracts]]\nname = "Floors"\n'
        f'type = "{floors["type"]}"\nexhaustive = {str(floors["exhaustive"]).lower()}\n'
        f'containers = ["puhui"]\nlayers = [{layers}]\n',
        encoding="utf-8",
    )
    return tmp_path


def test_a_package_without_a_place_fails(tiny_copy: Path) -> None:
    assert lint(tiny_copy, path=str(tiny_copy)).returncode == 0
    (tiny_copy / "puhui" / "surprise").mkdir()
    (tiny_copy / "puhui" / "surprise" / "__init__.py").touch()
    done = lint(tiny_copy, path=str(tiny_copy))
    assert done.returncode != 0
    assert "surprise" in done.stdout


def test_a_skill_that_imports_another_fails(tiny_copy: Path) -> None:
    (tiny_copy / "puhui" / "quality" / "__init__.py").write_text("import puhui.subjects\n", encoding="utf-8")
    done = lint(tiny_copy, path=str(tiny_copy))
    assert done.returncode != 0
    assert "puhui.quality is not allowed to import puhui.subjects" in done.stdout


def test_every_room_below_the_adapters_is_kept_from_frameworks() -> None:
    outward = {
        "cli",
        "api",
        "bootstrap",
        "adapters",
        "records",
        "bank",
        "witness",
    }  # the last two are processes of their own
    inner = {init.parent.name for init in PACKAGE.glob("*/__init__.py")} - outward
    named = next(c for c in contracts() if c["name"].startswith("No framework"))["source_modules"]
    assert {name.removeprefix("puhui.") for name in named} == inner
