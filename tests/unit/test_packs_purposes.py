"""purposes/NAME.yaml: dated limits of letters, each with its source."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from puhui.model.refusals import PackRefused
from puhui.packs.load import load_pack

PACKS = Path(__file__).parents[2] / "packs"
PACK = """format: 1
name: one
version: 1.0.0
title: {zh: 一, en: One}
owner: {zh: 局, en: Bureau}
"""
TABLE = """format: 1
name: lending
title: {zh: 贷款, en: Lending}
values:
  - from: 2020-01-01
    range_months: 24
    uses: {month: 2}
    life_days: 90
    retention_days: 30
    sources: {range_months: a, uses: b, life_days: c, retention_days: d}
  - from: 2026-07-01
    range_months: 12
    uses: {letter: 1}
    life_days: 60
    retention_days: 30
    sources: {range_months: a, uses: b, life_days: c, retention_days: d}
"""


def pack(folder: Path, table: str, name: str = "lending") -> Path:
    home = folder / "one"
    (home / "purposes").mkdir(parents=True)
    (home / "pack.yaml").write_text(PACK, encoding="utf-8")
    (home / "purposes" / f"{name}.yaml").write_text(table, encoding="utf-8")
    return home


def test_the_newest_limits_of_the_day_count(tmp_path: Path) -> None:
    table = load_pack(pack(tmp_path, TABLE)).contents.purposes["lending"]
    old, new = table.at(date(2026, 6, 30)), table.at(date(2026, 7, 1))
    assert table.at(date(2019, 12, 31)) is None
    assert old is not None and (old.range_months, old.cap("month"), old.cap("letter")) == (24, 2, 0)
    assert new is not None and (new.range_months, new.cap("month"), new.cap("letter")) == (12, 0, 1)


@pytest.mark.parametrize(
    ("from_", "to"),
    [
        ("name: lending", "name: gambling"),
        ("uses: {month: 2}", "uses: {}"),
        ("uses: {month: 2}", "uses: {day: 2}"),
        ("uses: {month: 2}", "uses: {month: 0}"),
        ("range_months: 24", "range_months: -1"),
        ("life_days: 90", "life_days: 0"),
        ("sources: {range_months: a, ", "sources: {"),
        ("range_months: a", "range_months: ''"),
        ("life_days: 90", "life: 90"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, from_: str, to: str) -> None:
    assert from_ in TABLE
    with pytest.raises(PackRefused) as told:
        load_pack(pack(tmp_path, TABLE.replace(from_, to, 1)))
    assert all(mistake.file.startswith("one/purposes/lending.yaml") for mistake in told.value.mistakes)


def test_every_shipped_letter_has_limits_for_its_purpose() -> None:
    tables = load_pack(PACKS / "base").contents.purposes
    for pack_ in sorted(PACKS.iterdir()):
        for letter in load_pack(pack_).contents.letters.values() if (pack_ / "pack.yaml").is_file() else ():
            assert letter.purpose in tables, letter.name


def test_the_limits_reach_as_far_as_the_shipped_indicators_look() -> None:
    """No product of ours asks for a longer range than its purpose lets a letter say."""
    tables = load_pack(PACKS / "base").contents.purposes
    for pack_ in sorted(PACKS.iterdir()):
        for one in load_pack(pack_).contents.indicators.values():
            months = int(found.group(1)) if (found := re.fullmatch(r"(\d+)M", one.head.window)) else 0
            for purpose in one.head.purposes:
                limits = tables[purpose].at(date(2026, 11, 22)) if purpose in ("lending", "guarantee") else None
                assert limits is None or months <= limits.range_months, one.name


def test_an_overlay_replaces_a_table(tmp_path: Path) -> None:
    """Another city's limits: a pack that says it replaces `lending`."""
    from puhui.packs.load import load_packs

    for name, more in (("one", ""), ("two", "needs: [one]\nreplaces: [lending]\n")):
        home = tmp_path / name
        (home / "purposes").mkdir(parents=True)
        (home / "pack.yaml").write_text(PACK.replace("name: one", f"name: {name}") + more, encoding="utf-8")
        months = "24" if name == "one" else "6"
        text = TABLE.replace("range_months: 24", f"range_months: {months}")
        (home / "purposes" / "lending.yaml").write_text(text, encoding="utf-8")
    limits = load_packs([tmp_path / "one", tmp_path / "two"]).purposes["lending"].at(date(2021, 1, 1))
    assert limits is not None and limits.range_months == 6
    shutil.rmtree(tmp_path / "two")


LETTER = """format: 1
name: query
title: {zh: 书, en: Letter}
purpose: medical
ticks: [{id: all, gate: prohibited, items: [], text: {zh: 全部, en: All}}]
text: {zh: 文, en: Text}
"""


def test_a_letter_without_limits_or_for_what_is_prohibited_is_refused(tmp_path: Path) -> None:
    from puhui.packs.load import load_packs

    home = pack(tmp_path, TABLE)
    (home / "letters").mkdir()
    (home / "letters" / "query.yaml").write_text(LETTER, encoding="utf-8")
    with pytest.raises(PackRefused) as told:
        load_packs([home])
    assert [(one.code, one.line) for one in told.value.mistakes] == [("letter.no-limits", 4), ("letter.prohibited", 5)]
