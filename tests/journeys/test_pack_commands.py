"""Commands of packs through the command line: each does its work, and each refuses with its exit code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puhui.bootstrap import shipped_packs

from .town import SMALL, Refused, Town

MISTAKES = Path(__file__).parents[1] / "packs" / "ten-mistakes"


@pytest.fixture
def here(tmp_path: Path) -> Town:
    """Commands that need no zone."""
    return Town(tmp_path / "none")


@pytest.fixture
def pilot(here: Town, tmp_path: Path) -> Path:
    """What `pack new` makes."""
    folder = tmp_path / "water-pilot"
    assert here.run("pack", "new", folder) == {"pack": str(folder)}
    return folder


def edit(file: Path, was: str, now: str) -> None:
    text = file.read_text("utf-8")
    assert was in text
    file.write_text(text.replace(was, now, 1), encoding="utf-8")


def test_a_new_pack_is_made_checked_and_tested(here: Town, pilot: Path) -> None:
    checked = here.run("pack", "check", pilot)
    assert (checked["pack"], checked["resources"], checked["indicators"]) == ("water-pilot", 1, 1)
    assert here.run("pack", "test", pilot) == {"pack": "water-pilot", "cases": 1, "failed": []}


def test_new_writes_over_nothing(here: Town, pilot: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused) as no:
        here.run("pack", "new", pilot)
    assert (no.value.code, no.value.exit_code) == ("home-refused", 2)
    with pytest.raises(Refused) as no:
        here.run("pack", "new", tmp_path / "Water Pilot")
    assert (no.value.code, no.value.exit_code) == ("unknown-name", 2)


def test_check_tells_every_mistake_at_once(here: Town) -> None:
    with pytest.raises(Refused) as no:
        here.run("pack", "check", MISTAKES)
    assert (no.value.code, no.value.exit_code) == ("pack-refused", 3)
    mistakes = no.value.answer["mistakes"]
    assert len(mistakes) >= 10 and all(m["file"].startswith("ten-mistakes/") and m["line"] > 0 for m in mistakes)


def test_check_names_the_article_of_what_the_law_forbids(here: Town, pilot: Path) -> None:
    edit(pilot / "resources" / "water_pilot.yaml", "credit_gate: enterprise_auth", "credit_gate: prohibited")
    with pytest.raises(Refused) as no:
        here.run("pack", "check", pilot)
    assert no.value.exit_code == 3
    assert any("征信业管理条例" in mistake["article"] for mistake in no.value.answer["mistakes"])


def test_a_case_that_does_not_hold_fails_the_packs_own_tests(here: Town, pilot: Path) -> None:
    edit(pilot / "tests" / "water_pilot_amount_12m.yaml", "a: 320.00", "a: 321.00")
    with pytest.raises(Refused) as no:
        here.run("pack", "test", pilot)
    assert no.value.exit_code == 3
    (failed,) = no.value.answer["failed"]
    assert "320.00" in str(failed["failures"]) and failed["case"] == "the month at each edge of the window"


def test_what_an_indicator_touches_is_explained(here: Town) -> None:
    told = here.run("policy", "explain", "paid_12m", "--pack", SMALL)
    assert told["indicator"] == "paid_12m"
    columns = {column["column"]: {place["clause"] for place in column["places"]} for column in told["columns"]}
    assert columns["payments.paid"] and columns["payments.paid_on"] == {"filter"}
    assert here.run("policy", "explain", "S04", "--pack", SMALL) == told, "by its number too"
    with pytest.raises(Refused) as no:
        here.run("policy", "explain", "nothing", "--pack", SMALL)
    assert (no.value.code, no.value.exit_code) == ("unknown-name", 2)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A later version of the pack `small`: a field is opened, another closed, an indicator rewritten."""
    folder = shutil.copytree(SMALL, tmp_path / "newer" / "small")
    edit(folder / "pack.yaml", "version: 1.0.0", "version: 1.1.0")
    edit(folder / "resources" / "payments.yaml", "release: [value, band, sum]", "release: [band, sum]")
    edit(
        folder / "resources" / "firms.yaml",
        "grade: G2, gate: public, use: verify",
        "grade: G1, gate: public, use: rule",
    )
    edit(folder / "indicators" / "paid_12m.sql", "sum(paid)", "sum(paid + 0)")
    return folder


def test_a_newer_version_is_compared(here: Town, newer: Path) -> None:
    told = here.run("pack", "diff", SMALL, newer)
    assert told["pack"] == "small"
    effects = {(c["section"], c["name"], c["part"]): c["effect"] for c in told["changes"]}
    assert effects == {
        ("pack", "small", "version"): "neutral",
        ("resources", "firms", "fields.phone.grade"): "loosened",
        ("resources", "firms", "fields.phone.use"): "loosened",
        ("resources", "payments", "fields.paid.release"): "tightened",
        ("indicators", "paid_12m", ""): "neutral",
        ("indicators", "paid_12m", "sql"): "neutral",
    }
    assert told["loosened"] == 2
    assert here.run("pack", "diff", SMALL, SMALL) == {"pack": "small", "loosened": 0, "changes": []}


@pytest.mark.parametrize(("language", "word"), [("zh", "放宽"), ("en", "loosened")])
def test_people_read_the_comparison_in_their_language(
    newer: Path, monkeypatch: pytest.MonkeyPatch, language: str, word: str
) -> None:
    from puhui.cli.main import app

    monkeypatch.setenv("PUHUI_LANG", language)
    monkeypatch.setenv("COLUMNS", "200")
    done = CliRunner().invoke(app, ["pack", "diff", str(SMALL), str(newer)])
    assert done.exit_code == 0 and word in done.stdout and "payments" in done.stdout


def test_only_versions_of_one_pack_are_compared(here: Town, pilot: Path, newer: Path) -> None:
    with pytest.raises(Refused) as no:
        here.run("pack", "diff", SMALL, pilot)
    assert (no.value.code, no.value.exit_code) == ("pack-refused", 3)
    assert [mistake["code"] for mistake in no.value.answer["mistakes"]] == ["diff.other-pack"]
    edit(newer / "pack.yaml", "format: 1", "format: 2")
    with pytest.raises(Refused) as no:
        here.run("pack", "diff", SMALL, newer)
    assert no.value.code == "pack-refused"


def test_a_pack_that_needs_another_is_compared_with_it(here: Town, tmp_path: Path) -> None:
    """The needed pack lies beside the older version."""
    folder = shutil.copytree(shipped_packs() / "invoice", tmp_path / "invoice")
    assert here.run("pack", "diff", shipped_packs() / "invoice", folder)["changes"] == []


def test_a_small_city_is_made(here: Town, tmp_path: Path) -> None:
    made = here.run("city", "make", tmp_path / "city", "--subjects", "100", "--seed", "3", "--no-truth")
    assert made["subjects"] >= 100 and made["parcels"] > 0 and made["rows"] > 0
    assert any((tmp_path / "city").rglob("*.csv"))
    again = here.run("city", "make", tmp_path / "twin", "--subjects", "100", "--seed", "3", "--no-truth")
    assert {**again, "folder": ""} == {**made, "folder": ""}
    with pytest.raises(Refused) as no:
        here.run("city", "make", tmp_path / "tiny", "--subjects", "9")
    assert no.value.exit_code == 2
