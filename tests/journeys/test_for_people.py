"""Every command as people see it: without `--json`, in both languages, with nothing that breaks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from .town import FIRMS, JUDGMENTS, OFFICER, RATINGS, SMALL, Town, firm, uscc

CHINESE = re.compile(r"[\u4e00-\u9fff]")
BY, BY_B = ("--by", "officer-a"), ("--by", "officer-b")


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PUHUI_LANG", request.param)
    monkeypatch.setenv("COLUMNS", "200")
    return str(request.param)


def shown(*arguments: object, exit_code: int = 0) -> str:
    """What the command printed."""
    from puhui.cli.main import app

    done = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert done.exit_code == exit_code, done.output
    return done.output


def heading(text: str) -> str:
    """The first line that says something."""
    return next(line for line in text.splitlines() if line.strip())


@pytest.fixture
def busy(town: Town) -> Town:
    """A zone with something of everything that commands list."""
    town.firms(firm(1, "新余市光明贸易有限公司"), firm(2, "新余市光明贸易有限公司"), firm(3), firm(4, state="睡着"))
    town.deliver("judgments", JUDGMENTS, [("新余市光明贸易有限公司", "(2026)1", 10)])
    town.deliver("ratings", RATINGS, [(uscc(1), 90)])
    town.snapshot()
    return town


def test_lists(busy: Town, language: str) -> None:
    home = busy.home
    busy.run("pack", "activate", home, _opened(busy), *OFFICER)
    for command in ("editions", "quality", "freshness", "acts", "events", "expire"):
        text = shown(command, home)
        assert text.strip()
        assert bool(CHINESE.search(heading(text))) == (language == "zh"), command
    for group in (("snapshot", "list"), ("resolve", "list")):
        assert shown(*group, home).strip()
    assert "indicators/firm_capital release" in shown("acts", home)


def _opened(town: Town) -> Path:
    folder = town.new_pack()
    sql = folder / "indicators" / "firm_capital.sql"
    text = sql.read_text("utf-8").replace("release: [value]", "release: [value, band]\nbands: [1]")
    sql.write_text(text, encoding="utf-8")
    return folder


def test_deliveries(busy: Town, tmp_path: Path, language: str) -> None:
    home = busy.home
    path = busy.file("next.csv", FIRMS, [firm(5), firm(6, est="昨天")])
    for command in (("preview", home, "firms", path), ("deliver", home, "firms", path)):
        text = shown(*command)
        assert ("接收" in text) == (language == "zh") and ("accepted" in text) == (language == "en")
    assert shown("deliver", home, "firms", path) != text, "a second time it says that nothing changed"
    assert "columns:" in shown("propose", home, path, "--resource", "firms")
    digest = busy.run("deliver", home, "firms", path)["digest"]
    assert (tmp_path / "back.xlsx").name in shown("set-aside", home, digest, "--out", tmp_path / "back.xlsx")
    for name in ("good.csv", "bad.csv"):
        target = tmp_path / "inbox" / "firms" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        busy.file(name, FIRMS, [firm(7, capital="1000000000" if name == "bad.csv" else "1")]).rename(target)
    told = shown("watch", home, tmp_path / "inbox", "--once", "--seconds", "0").splitlines()
    assert len(told) == 2 and told[0].startswith("bad.csv: parcel-over-threshold")
    assert bool(CHINESE.search("".join(told))) == (language == "zh")


def test_looks_and_snapshots(busy: Town, language: str) -> None:
    built = shown("snapshot", "build", busy.home, "--as-of", "2026-06-30")
    assert built.startswith("快照 2：" if language == "zh" else "Snapshot 2:")
    text = shown("figures", busy.home, "--uscc", uscc(1), *OFFICER)
    assert "100.00" in text and uscc(1) not in text
    no = shown("figures", busy.home, "--uscc", uscc(9), *OFFICER, exit_code=8)
    assert "no-subject" in no and ("怎么办" in no) == (language == "zh") and ("What to do" in no) == (language == "en")


def test_acts_of_officers(busy: Town, tmp_path: Path, language: str) -> None:
    home = busy.home
    case = busy.run("resolve", "list", home)[0]["id"]
    shown("resolve", "decide", home, case, "--token", busy.token(1), *OFFICER)
    shown("edition", "release", home, "ratings", 1, *BY)
    shown("subject", "hold", home, "--uscc", uscc(3), *BY, "--article", "art. 1")
    proposed = [
        ("edition", "rollback", home, "ratings", 1, *OFFICER),
        ("subject", "lift-hold", home, "--uscc", uscc(3), "--article", "art. 1", *OFFICER),
        ("pack", "activate", home, _opened(busy), *OFFICER),
        ("subject", "erase", home, "--uscc", uscc(2), *OFFICER),
    ]
    for number, command in enumerate(proposed, 1):
        text = shown(*command)
        assert f"approve HOME {number}" in text.replace("\n", " ")
        assert bool(CHINESE.search(text)) == (language == "zh")
        done = shown("approve", home, number, *BY_B)
        assert f"proposal: {number}" in done and "act: " in done
    assert shown("compact", home, *BY).strip()
    assert "key" in shown("officer", "add", home, "anna", "--out", tmp_path / "anna.key")


def test_packs(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "water-pilot"
    for command in (("new", folder), ("check", folder), ("test", folder)):
        assert bool(CHINESE.search(shown("pack", *command).replace(str(folder), ""))) == (language == "zh")
    text = shown("policy", "explain", "paid_12m", "--pack", SMALL)
    assert "payments.paid_on" in text and "filter:16" in text and "enterprise_auth" in text
    case = folder / "tests" / "water_pilot_amount_12m.yaml"
    case.write_text(case.read_text("utf-8").replace("a: 320.00", "a: 321.00"), encoding="utf-8")
    assert "320.00" in shown("pack", "test", folder, exit_code=3)
    (folder / "pack.yaml").write_text("format: 1\nname: water-pilot\nsurprise: 1\n", encoding="utf-8")
    assert "water-pilot/pack.yaml:3: form.unknown-key" in shown("pack", "check", folder, exit_code=3)
