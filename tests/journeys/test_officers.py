"""What officers do: look, resolve names, mend rows, erase, hold, and prove who they are."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from .town import FIRMS, INSURED, JUDGMENTS, OFFICER, Refused, Town, firm, ric, uscc


def test_a_look_is_recorded_and_needs_a_reason(town: Town) -> None:
    town.firms(firm(1))
    town.snapshot()
    for by, reason in (("", "a complaint"), ("officer-a", ""), ("officer-a", "x"), ("  ", "a complaint")):
        with pytest.raises(Refused) as no:
            town.run("figures", town.home, "--uscc", uscc(1), "--by", by, "--reason", reason)
        assert (no.value.code, no.value.exit_code) == ("not-allowed", 7)
    assert town.events("access.by-staff") == []
    seen = town.run("figures", town.home, "--key", "uscc", uscc(1), *OFFICER)
    event = town.events("access.by-staff")[-1]
    assert (event["actor"], event["subject"], event["reason"]) == ("officer-a", seen["subject"], OFFICER[3])
    assert event["snapshot"] == seen["snapshot"]


def test_a_look_at_nobody_shows_nothing(town: Town) -> None:
    town.firms(firm(1))
    for options in (("--uscc", uscc(1)),):
        with pytest.raises(Refused) as no:
            town.run("figures", town.home, *options, *OFFICER)
        assert no.value.code == "no-snapshot"
    town.snapshot()
    for options in (("--uscc", uscc(2)), ("--uscc", "123"), (), ("--uscc", uscc(1), "--ric", ric(1))):
        with pytest.raises(Refused) as no:
            town.run("figures", town.home, *options, *OFFICER)
        assert no.value.code == "no-subject"
    with pytest.raises(Refused) as no:
        town.run("figures", town.home, "--uscc", uscc(1), *OFFICER, "--snapshot", 9)
    assert no.value.code == "no-snapshot"


def test_officers_prove_themselves_by_key(town: Town, tmp_path: Path) -> None:
    town.firms(firm(1))
    town.snapshot()
    a, b = tmp_path / "a.key", tmp_path / "b.key"
    town.run("officer", "add", town.home, "anna", "--out", a)
    assert a.stat().st_mode & 0o777 == 0o600
    for key in ((), ("--key", tmp_path / "none.key")):
        with pytest.raises(Refused) as no:
            town.run("officer", "add", town.home, "bela", "--out", b, "--by", "anna", *key)
        assert no.value.code == "not-allowed"
    town.run("officer", "add", town.home, "bela", "--out", b, "--by", "anna", "--key", a)
    with pytest.raises(Refused) as no:
        town.run("officer", "add", town.home, "cara", "--out", b, "--by", "anna", "--key", a)
    assert no.value.code == "home-refused", "a key file is never written over"
    look = ("figures", town.home, "--uscc", uscc(1), "--reason", "a complaint")
    for by, key in (("anna", b), ("cara", a), ("officer-a", a)):
        with pytest.raises(Refused) as no:
            town.run(*look, "--by", by, "--key-file", key)
        assert no.value.code == "not-allowed"
    assert town.run(*look, "--by", "bela", "--key-file", b)["figures"]
    proposal = town.run(
        "subject", "erase", town.home, "--uscc", uscc(1), "--by", "anna", "--key", a, "--reason", "asked"
    )
    with pytest.raises(Refused):
        town.run("approve", town.home, proposal["proposal"], "--by", "anna", "--key", a)
    assert town.run("approve", town.home, proposal["proposal"], "--by", "bela", "--key", b)["erased"]


def mended(book: Path, cell: str, old: str, new: str) -> int:
    """Mend cells in a workbook as a clerk would; how many."""
    workbook = openpyxl.load_workbook(book)
    sheet = workbook.worksheets[0]
    column = next(c.column for c in sheet[1] if c.value == cell)
    found = 0
    for row in sheet.iter_rows(min_row=2):
        if row[column - 1].value == old:
            row[column - 1].value = new
            found += 1
    workbook.save(book)
    return found


def test_rows_set_aside_come_back_mended(town: Town, tmp_path: Path) -> None:
    first = town.firms(firm(1), firm(2, state="睡着"), firm(3, capital="=1+1"), firm(4))
    assert (first["accepted"], first["set_aside"]) == (2, 2)
    book = tmp_path / "back.xlsx"
    written = town.run("set-aside", town.home, first["digest"][:12], "--out", book)
    assert written["rows"] == 2
    sheet = openpyxl.load_workbook(book).worksheets[0]
    assert [c.value for c in sheet[1]][:3] == ["行号", "原因", "建议"]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == ["2", "3"]
    assert all(isinstance(c.value, str) and c.data_type == "s" for row in sheet.iter_rows() for c in row if c.value)
    assert mended(book, "登记状态", "睡着", "存续") + mended(book, "注册资本", "=1+1", "2") == 2
    taken = town.run("deliver", town.home, "firms", book, "--kind", "correction", "--corrects", first["digest"])
    assert (taken["accepted"], taken["set_aside"]) == (2, 0)
    assert len(town.rows("firms")) == 4
    town.snapshot()
    assert town.figures(2)["firm_state_now"] == "存续" and town.figures(3)["firm_capital"] == "2.00"


def test_broken_records_are_set_aside_with_their_text(town: Town, tmp_path: Path) -> None:
    path = town.file("broken.csv", FIRMS, [firm(n) for n in range(1, 6)])
    path.write_text(path.read_text("utf-8") + 'one,"two,three\r\n', encoding="utf-8", newline="")
    taken = town.run("deliver", town.home, "firms", path)
    assert (taken["lines"], taken["accepted"], taken["set_aside"]) == (6, 5, 1)
    book = tmp_path / "back.xlsx"
    town.run("set-aside", town.home, taken["digest"], "--out", book)
    sheet = openpyxl.load_workbook(book).worksheets[0]
    assert "two,three" in "".join(str(c.value) for c in sheet[2])


@pytest.fixture
def court(town: Town) -> Town:
    """Two firms that share a name, one of its own, and judgments that know names only."""
    town.firms(
        firm(1, "新余市光明贸易有限公司"), firm(2, "新余市光明贸易有限公司"), firm(3, "新余市长河竹木制品有限公司")
    )
    rows = [("新余市光明贸易有限公司", "(2026)1", 10), ("新余市长河竹木制品有限公司", "(2026)2", 20)]
    taken = town.deliver("judgments", JUDGMENTS, rows)
    assert (taken["accepted"], taken["set_aside"]) == (1, 1)
    return town


def test_a_name_of_two_firms_waits_for_a_steward(court: Town) -> None:
    court.snapshot()
    assert court.figures(3)["judgments_all"] == 1
    (case,) = court.run("resolve", "list", court.home)
    assert "光明贸易" not in str(case), "names are masked"
    assert {c["token"] for c in case["candidates"]} == {court.token(1), court.token(2)}
    decide = ("resolve", "decide", court.home, case["id"], "--token", court.token(2))
    for by, reason in (("", "seen the file"), ("steward", "")):
        with pytest.raises(Refused) as no:
            court.run(*decide, "--by", by, "--reason", reason)
        assert no.value.code == "not-allowed"
    decided = court.run(*decide, "--by", "steward", "--reason", "seen the file")
    assert [c["accepted"] for c in decided["corrections"]] == [1]
    assert court.run("resolve", "list", court.home) == []
    court.snapshot()
    assert (court.figures(1)["judgments_all"], court.figures(2)["judgments_all"]) == (0, 1)
    again = court.run(*decide, "--by", "steward", "--reason", "seen the file")
    assert len(court.rows("judgments")) == 2 and again["corrections"][0]["accepted"] == 1
    later = court.deliver("judgments", JUDGMENTS, [("新余市光明贸易有限公司", "(2026)3", 30)], name="later.csv")
    assert later["accepted"] == 1, "the decision is remembered"


def test_a_steward_may_say_that_it_is_nobody(court: Town) -> None:
    (case,) = court.run("resolve", "list", court.home)
    decided = court.run("resolve", "decide", court.home, case["id"], "--by", "steward", "--reason", "another city")
    assert decided["corrections"] == []
    assert court.run("resolve", "list", court.home) == []
    assert len(court.rows("judgments")) == 1
    with pytest.raises(Refused) as no:
        court.run("resolve", "decide", court.home, "ab" * 16, "--by", "steward", "--reason", "another city")
    assert no.value.code == "unknown-name"


def test_a_renamed_firm_is_found_by_both_names(town: Town) -> None:
    town.firms(firm(1, "新余市光明贸易有限公司"))
    town.deliver("firms", FIRMS, [firm(1, "新余市朝阳贸易有限公司")], name="renamed.csv")
    rows = [("新余市光明贸易有限公司", "(2026)1", 10), ("新余市朝阳贸易有限公司", "(2026)2", 20)]
    assert town.deliver("judgments", JUDGMENTS, rows)["accepted"] == 2
    town.snapshot()
    assert town.figures(1)["judgments_all"] == 2
    assert town.snapshot()["subjects"] == 1


def erased(town: Town, serial: int) -> str:
    proposal = town.run("subject", "erase", town.home, "--uscc", uscc(serial), "--by", "officer-a", "--reason", "asked")
    return str(town.approve(proposal)["erased"])


def test_an_erased_subject_is_gone(town: Town) -> None:
    town.firms(firm(1), firm(2))
    town.deliver("firms", FIRMS, [firm(1, capital="5")], name="more.csv")
    rows = [(ric(1), "张三", "2026-06", uscc(1), 3000), (ric(2), "李四", "2026-06", uscc(2), 3000)]
    town.deliver("insured", INSURED, rows, "--period", "2026-06")
    old = town.snapshot()
    token = town.token(1)
    assert erased(town, 1) == token
    with pytest.raises(Refused) as no:
        town.figures(1)
    assert no.value.code == "no-subject"
    assert town.events("subject-erased")[-1]["subject"] == token
    dropped = {done["table"]: done["rows_dropped"] for done in town.run("compact", town.home, "--by", "officer-a")}
    assert dropped == {"firms": 1, "insured": 0, "insured_by": 1}
    named = [name for name, data in town.files("lake").items() if name.endswith(".parquet")]
    assert not any(token in str(_read(town.home / "lake" / name)) for name in named), "in no file, old ones included"
    assert [e["state"] for e in town.editions("firms")] == ["redacted", "redacted", "published"]
    built = town.snapshot()
    assert built["subjects"] == old["subjects"] - 1
    assert town.figures(2)["insured_persons"] == 1
    with pytest.raises(Refused) as gone:
        town.snapshot("--known-at", old["known_at"])
    assert gone.value.code == "redacted"
    assert town.run("compact", town.home, "--by", "officer-a") == []
    town.deliver("firms", FIRMS, [firm(1)], name="again.csv")
    town.snapshot()
    assert town.token(1) != token, "who is delivered again is somebody new"


def _read(path: Path) -> object:
    import pyarrow.parquet as pq

    return pq.ParquetFile(path).read().to_pylist()


def test_a_hold_keeps_a_subject(town: Town) -> None:
    town.firms(firm(1))
    town.run(
        "subject",
        "hold",
        town.home,
        "--uscc",
        uscc(1),
        "--by",
        "officer-a",
        "--article",
        "条例 第十二条",
        "--until",
        "2999-01-01",
    )
    with pytest.raises(Refused) as no:
        erased(town, 1)
    assert no.value.code == "legal-hold" and no.value.answer["article"] == "条例 第十二条"
    town.snapshot()
    assert town.figures(1)["firm_capital"] == "100.00"
    with pytest.raises(Refused) as nobody:
        town.run("subject", "erase", town.home, "--by", "officer-a", "--reason", "asked")
    assert nobody.value.code == "no-subject"
    with pytest.raises(Refused) as unnamed:
        town.run("subject", "hold", town.home, "--uscc", uscc(1), "--by", " ", "--article", "x")
    assert unnamed.value.code == "not-allowed"


def test_landings_end_on_their_day(town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from datetime import UTC, datetime

    import puhui.bootstrap

    taken = town.firms(firm(1), firm(2, state="睡着"))
    assert town.run("expire", town.home) == {"expired": []}
    monkeypatch.setattr(puhui.bootstrap, "now", lambda: datetime(2040, 1, 1, tzinfo=UTC))
    assert town.run("expire", town.home) == {"expired": [taken["digest"]]}
    assert town.tree("lake", "base") == {}
    with pytest.raises(Refused) as no:
        town.run("set-aside", town.home, taken["digest"], "--out", tmp_path / "x.xlsx")
    assert no.value.code == "broken"
    assert town.events("landing-expired")[-1]["digest"] == taken["digest"]
    assert town.firms(firm(1), firm(2, state="睡着"))["repeated"]
    assert len(town.rows("firms")) == 1


def test_no_identifier_stands_anywhere_but_in_the_vault(town: Town) -> None:
    names = ["新余市绝无仅有贸易有限公司", "16012345678", "欧阳子虚"]
    identifiers = [uscc(n) for n in (1, 2, 3)] + [ric(1)]
    town.firms(
        firm(1, names[0], phone=names[1]), firm(2, state="睡着"), firm(3, est="昨天"), firm(1, names[0], capital="3")
    )
    town.deliver(
        "insured",
        INSURED,
        [(ric(1), names[2], "2026-06", uscc(1), "许多"), (ric(1), names[2], "2026-05", uscc(1), 1)],
        name=f"{ric(1)}.csv",
    )
    town.deliver("judgments", JUDGMENTS, [(names[0], "(2026)1", 1), ("新余市绝无仅有贸易公司", "(2026)2", 1)])
    with pytest.raises(Refused):
        town.deliver("firms", FIRMS, [firm(2, capital="1000000000")], name="bad.csv")
    town.snapshot()
    (
        town.run("quality", town.home),
        town.run("editions", town.home),
        town.events(),
        town.run("resolve", "list", town.home),
    )
    town.run("figures", town.home, "--uscc", uscc(1), *OFFICER)
    secrets = [text.encode() for text in (*identifiers, *names)]
    stored = {name: data for name, data in town.files().items() if not name.startswith("packs/")}
    for name, data in stored.items():
        assert not any(secret in data for secret in secrets), name
    for path in (town.home / "lake").rglob("*.parquet"):
        assert not any(secret.decode() in str(_read(path)) for secret in secrets), path.name
    said = "".join(town.heard)
    assert not any(secret.decode() in said for secret in secrets), "nor in anything that was printed"
    modes = {p.stat().st_mode & 0o077 for p in (town.home / "keys").rglob("*")}
    assert modes == {0} and town.home.stat().st_mode & 0o077 == 0
