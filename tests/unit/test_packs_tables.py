"""tables/NAME.yaml: dated rules of tables over groups, each with its source; a pack may only make them stricter."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from puhui.disclosure.groups import GroupRules, rules_at
from puhui.model.refusals import PackRefused
from puhui.packs.diff import pack_changes
from puhui.packs.diff_effects import Effect
from puhui.packs.load import load_packs

PACKS = Path(__file__).parents[2] / "packs"
DAY = date(2026, 11, 22)
PACK = """format: 1
name: {name}
version: 1.0.0
title: {{zh: 一, en: One}}
owner: {{zh: 局, en: Bureau}}
"""
TABLE = """format: 1
name: {name}
title: {{zh: 规则, en: Rules}}
values:
  - {{from: 2020-01-01, least: {least}, largest: 2, share: {share}, percent: 0.1, anonymous: 5, sources: {sources}}}
"""
SOURCES = "{least: a, largest: b, share: c, percent: d, anonymous: e}"


def pack(folder: Path, name: str, *, least: object = 10, share: object = 0.9, sources: str = SOURCES) -> Path:
    home = folder / name
    (home / "tables").mkdir(parents=True)
    (home / "pack.yaml").write_text(PACK.format(name=name), encoding="utf-8")
    table = TABLE.format(name=f"of_{name}", least=least, share=share, sources=sources)
    (home / "tables" / f"of_{name}.yaml").write_text(table, encoding="utf-8")
    return home


def test_the_base_keeps_the_defaults_with_a_source_each() -> None:
    packs = load_packs([PACKS / "base"])
    assert rules_at(packs, DAY) == GroupRules()
    (dated,) = packs.tables["groups"].values
    assert all(getattr(dated.sources, name) for name in dated.sources.__struct_fields__)


def test_the_strictest_of_several_packs_counts(tmp_path: Path) -> None:
    packs = load_packs([pack(tmp_path, "one", least=20), pack(tmp_path, "two", share=0.5)])
    assert rules_at(packs, DAY) == GroupRules(least=20, share=Decimal("0.5"))
    assert rules_at(packs, date(2019, 1, 1)) == GroupRules(), "before the first day the house's own"


@pytest.mark.parametrize("looser", [{"least": 9}, {"share": 0.95}, {"share": 0}, {"sources": "{least: a}"}])
def test_a_pack_cannot_loosen(tmp_path: Path, looser: dict[str, object]) -> None:
    with pytest.raises(PackRefused):
        load_packs([pack(tmp_path, "one", **looser)])  # type: ignore[arg-type]


@pytest.mark.parametrize(("now", "effect"), [({"least": 30}, Effect.TIGHTENED), ({"least": 15}, Effect.LOOSENED)])
def test_a_change_says_what_it_does(tmp_path: Path, now: dict[str, int], effect: Effect) -> None:
    old, new = (load_packs([pack(tmp_path / side, "one", **rules)])
                for side, rules in (("old", {"least": 20}), ("new", now)))  # fmt: skip
    assert effect in {change.effect for change in pack_changes("one", old, new)}
