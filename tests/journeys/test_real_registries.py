"""The real registers of two cities go in untouched, and every firm's figures can be read back."""

from __future__ import annotations

import csv
import re
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from puhui.bootstrap import Zone, open_zone, shipped_packs
from puhui.model.subject import Subject

from .town import Town

AS_OF = date(2026, 6, 30)
pytestmark = pytest.mark.xdist_group("registers")
CAPITAL = re.compile(r"([\d,]+(?:\.\d+)?)\((万)?元?(.*)\)")
CURRENCIES = {"人民币": "CNY", "美元": "USD", "港元": "HKD", "港币": "HKD"}

Row = dict[str, str]


@dataclass(frozen=True)
class Registers:
    town: Town
    zone: Zone
    rows: list[Row]
    results: list[dict[str, Any]]
    figures: dict[str, dict[str, Any]]  # credit code → known figures


@pytest.fixture(scope="module")
def registers(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Registers:
    town = Town(tmp_path_factory.mktemp("registers") / "home")
    town.run("init", town.home, "--pack", shipped_packs() / "base")
    rows, results = [], []
    for city in ("xinyu", "jian"):
        path = real_data / f"registry_{city}.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows += list(csv.DictReader(file))
        results.append(town.run("deliver", town.home, "SCJ-01", path))
    town.snapshot()
    zone = open_zone(town.home)
    return Registers(town, zone, rows, results, _figures(zone, [row["统一社会信用代码"] for row in rows]))


def _figures(zone: Zone, codes: list[str]) -> dict[str, dict[str, Any]]:
    vault = zone.desk.vault
    tokens = map(str, vault.tokens_of(pa.array([f"uscc|{code}" for code in codes])))
    with closing(zone.desk.figures.reader()) as reader:
        return {code: reader.values(Subject(token)) for code, token in zip(codes, tokens, strict=True)}


def test_every_row_is_in_one_place(registers: Registers) -> None:
    assert [result["lines"] for result in registers.results] == [4_102, 8_599]
    for result in registers.results:
        assert result["accepted"] + result["set_aside"] + result["duplicates"] == result["lines"]
        assert {i["check"] for i in result["issues"] if i["severity"] != "warn"} <= {"check_digit", "broken:quotes"}
    assert len(registers.figures) == sum(result["accepted"] for result in registers.results)


def test_a_second_delivery_changes_nothing(registers: Registers, real_data: Path) -> None:
    town, path = registers.town, real_data / "registry_xinyu.csv"
    before = town.tree("lake"), town.vault_rows(), town.editions()
    assert town.run("deliver", town.home, "SCJ-01", path) == {**registers.results[0], "repeated": True}
    assert (town.tree("lake"), town.vault_rows(), town.editions()) == before


def test_capital_becomes_amount_and_currency(registers: Registers) -> None:
    stated = [row for row in registers.rows if row["注册资金"] not in ("", "N/A")]
    known = [row for row in stated if "registered_capital" in _of(registers, row)]
    assert len(known) >= 0.995 * len(stated)
    read = [(row, match) for row in known if (match := CAPITAL.fullmatch(row["注册资金"]))]
    assert len(read) > 0.9 * len(known), "the plain spellings are read here once more, by another way"
    wrong = [
        row["注册资金"]
        for row, match in read
        if match[2] and match[3] in CURRENCIES and not _same_capital(_of(registers, row), match)
    ]
    assert wrong == []
    silent = [row for row in registers.rows if row["注册资金"] in ("", "N/A")]
    assert all(_of(registers, row)["registered_capital"] is None for row in silent)


def _same_capital(figures: dict[str, Any], match: re.Match[str]) -> bool:
    amount = Decimal(match[1].replace(",", ""))
    return bool(figures["registered_capital"] == amount and figures["registered_currency"] == CURRENCIES[match[3]])


def test_age_and_type_are_as_stated_and_standing_is_unknown(registers: Registers) -> None:
    for row in registers.rows:
        figures = _of(registers, row)
        founded = date.fromisoformat(row["注册日期"])
        months = (AS_OF.year - founded.year) * 12 + AS_OF.month - founded.month - (AS_OF.day < founded.day)
        assert figures["months_in_business"] == months
        assert (figures["enterprise_type"] is None) == (row["企业类型"] in ("", "N/A"))
        assert figures.get("reg_active") is None, "the files do not say"


def _of(registers: Registers, row: Row) -> dict[str, Any]:
    return registers.figures[row["统一社会信用代码"]]


def test_old_area_codes_warn_and_keep_nobody_out(registers: Registers) -> None:
    found = Counter({i["check"]: i["count"] for result in registers.results for i in result["issues"]})
    assert found["region-office"] + found["region-older"] > 100
    assert sum(result["set_aside"] for result in registers.results) == 0
