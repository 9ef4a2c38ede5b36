"""A watched folder by the command line: each file is told once, with what became of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from .town import FIRMS, Refused, Town, firm


def watched(town: Town, folder: Path) -> list[dict[str, object]]:
    """What one pass of `watch` told, a line for each file."""
    from puhui.cli.main import app

    asked = ["watch", str(town.home), str(folder), "--once", "--seconds", "0", "--json"]
    done = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert done.exit_code == 0
    return [json.loads(line) for line in done.stdout.splitlines()]


def put(town: Town, folder: Path, name: str, *rows: tuple[object, ...]) -> Path:
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    town.file("draft.csv", FIRMS, rows).rename(target)
    target.with_name(target.name + ".done").touch()
    return target


def test_each_file_of_a_watched_folder_is_told(town: Town, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    put(town, inbox, "firms/a.csv", firm(1), firm(2, state="睡着"))
    put(town, inbox, "firms/b.csv", firm(3, capital="1000000000"))
    put(town, inbox, "nothing/c.csv", firm(4))
    told = {str(one["file"]): one for one in watched(town, inbox)}
    assert (told["a.csv"]["accepted"], told["a.csv"]["set_aside"]) == (1, 1)
    assert told["b.csv"]["refused"] == "parcel-over-threshold"
    assert told["c.csv"]["refused"] == "unknown-name"
    assert (inbox / "nothing" / "refused" / "c.csv.reason.json").exists()
    assert watched(town, inbox) == [], "each is told once"
    assert len(town.rows("firms")) == 1


def test_a_folder_that_is_not_there_is_not_watched(town: Town, tmp_path: Path) -> None:
    with pytest.raises(Refused) as no:
        town.run("watch", town.home, tmp_path / "nowhere", "--once")
    assert no.value.exit_code == 2
    with pytest.raises(Refused) as no:
        town.run("watch", tmp_path / "no-zone", tmp_path, "--once")
    assert (no.value.code, no.value.exit_code) == ("home-refused", 2)
