"""The wheel builds, installs into a fresh environment, brings its packs and starts."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from puhui import __version__

from .source import ROOT

pytestmark = pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed here")


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([os.fspath(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel in it; the libraries it needs are lent by this one."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run(*pip, "wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    wheels = list(folder.glob("puhui-*.whl"))
    assert [wheel.name for wheel in wheels] == [f"puhui-{__version__}-py3-none-any.whl"]
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    run(*pip, "--python", python, "install", "--no-deps", "--no-index", wheels[0], cwd=folder)
    lent = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    (lent / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder


def test_it_starts(fresh: Path) -> None:
    assert run(fresh / "venv" / "bin" / "puhui", "--version", cwd=fresh).strip() == f"puhui {__version__}"


def test_the_packs_are_inside(fresh: Path) -> None:
    ask = "from puhui.bootstrap import shipped_packs, SHIPPED; p = shipped_packs(); print(p); " + (
        "assert all((p / name / 'pack.yaml').is_file() for name in SHIPPED)"
    )
    folder = Path(run(fresh / "venv" / "bin" / "python", "-c", ask, cwd=fresh).strip())
    assert folder.is_relative_to(fresh / "venv")


def test_a_zone_can_be_made(fresh: Path) -> None:
    run(fresh / "venv" / "bin" / "puhui", "init", fresh / "home", "--json", cwd=fresh)
    assert (fresh / "home" / "packs" / "base" / "pack.yaml").is_file()
