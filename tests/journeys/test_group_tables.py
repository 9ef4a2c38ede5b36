"""An officer's table over the firms of a town: recorded, then shown; the same again; nobody to be told by comparing."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from puhui.cli.tables import WITHHELD

from .test_activation import edit
from .town import OFFICER, RATINGS, Refused, Town, firm, uscc

STATE = "存续"
GONE = ("注销", 4), ("吊销", 30)
INDICATOR = """/*
format: 1
id: {id}
title: {{zh: {name}, en: {name}}}
group: general
subjects: [enterprise]
type: {type}
window: at
empty: null
release: [{release}]
bands: {bands}
purposes: [lending]
origin: made for tests
*/
SELECT subject, max({column}) AS value FROM {table} GROUP BY subject
"""
BANDED = INDICATOR.format(
    id="S21", name="capital_size", type="decimal(18,2)", release="band", bands="[100, 1000]", column="capital",
    table="firms",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zone of 114 firms, with capital and states; 60 of them have points."""
    town = Town.copy_of(empty_home, tmp_path_factory.mktemp("tables") / "home")
    pack = town.new_pack()
    (pack / "indicators" / "capital_size.sql").write_text(BANDED, "utf-8")
    edit(pack / "codes" / "firm_state.yaml", "source:", "  - {code: 吊销, title: {zh: 吊销, en: Revoked}}\nsource:")
    town.activate()
    states = [STATE] * 80 + [state for state, count in GONE for _ in range(count)]
    rows = [
        firm(serial, state=state, capital=str(50 + serial if serial % 2 else 2000 + serial))
        for serial, state in enumerate(states, 1)
    ]
    town.firms(*rows)
    rate(town, 1, 60)
    town.snapshot()
    return town.home


def rate(town: Town, first: int, last: int) -> None:
    """Points of these firms, released."""
    rows = [(uscc(serial), serial) for serial in range(first, last + 1)]
    edition = town.deliver("ratings", RATINGS, rows, name=f"points-{first}.csv")["edition"]
    town.run("edition", "release", town.home, "ratings", edition, *OFFICER[:2])


@pytest.fixture
def town(made: Path, tmp_path: Path) -> Town:
    return Town.copy_of(made, tmp_path / "home")


def table(town: Town, indicator: str, what: str, *axes: str, more: tuple[object, ...] = ()) -> dict[Any, str]:
    """(row, column) → value or reason; totals are empty."""
    named = [part for name, axis in zip(("--rows", "--columns"), axes, strict=False) for part in (name, axis)]
    answer = town.run("table", town.home, "--indicator", indicator, "--what", what, *named, *OFFICER, *more)
    return {(c["row"], c["column"]): c["withheld"] or c["value"] for c in answer["cells"]}


def test_counts_by_one_attribute(town: Town) -> None:
    found = table(town, "firm_capital", "count", "firm_state_now")
    assert found == {
        ("存续", ""): "80", ("注销", ""): "few", ("吊销", ""): "complement", ("", ""): "114",
    }  # fmt: skip


def test_sums_by_two_attributes_keep_the_totals_of_one(town: Town) -> None:
    alone = table(town, "firm_capital", "sum", "firm_state_now")
    both = table(town, "firm_capital", "sum", "firm_state_now", "capital_size")
    assert {row: cell for (row, column), cell in both.items() if not column} == {
        row: cell for (row, _), cell in alone.items()
    }
    hidden = [place for place, cell in both.items() if not cell.replace(".", "").isdigit()]
    for axis in (0, 1):
        lines = [place[axis] for place in hidden]
        assert all(lines.count(line) > 1 for line in lines), hidden
    turned = table(town, "firm_capital", "sum", "capital_size", "firm_state_now")
    assert turned == {(column, row): cell for (row, column), cell in both.items()}


def test_it_is_recorded_before_it_is_shown_and_again_is_the_same(town: Town) -> None:
    first = table(town, "S02", "mean", "firm_state_now")
    assert table(town, "firm_capital", "mean", "S03") == first
    new, again = [event for event in town.events("access.by-staff") if event["what"].startswith("table")]
    assert new["actor"] == OFFICER[1] and new["reason"] == OFFICER[3]
    assert (new["what"], again["what"]) == ("table", "table again")
    assert {(row, column): why or value for row, column, value, why in new["cells"]} == first


def test_no_record_no_table(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*given: object, **more: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("puhui.adapters.register_django.DjangoRegister.event", fails)
    heard = len(town.heard)
    with pytest.raises(OSError, match="full"):
        table(town, "firm_capital", "count", "firm_state_now")
    assert not "".join(town.heard[heard:])


def test_a_reason_is_needed(town: Town) -> None:
    with pytest.raises(Refused) as no:
        town.run(
            "table", town.home, "--indicator", "firm_capital", "--rows", "firm_state_now", "--by", "a", "--reason", "x"
        )
    assert no.value.code == "not-allowed"


def test_officers_of_audit_and_system_make_tables(town: Town) -> None:
    keys = {role: town.home.parent / f"{role}.key" for role in ("security", "audit")}
    for role, key in keys.items():
        by = ("--by", "security", "--key", keys["security"]) if role == "audit" else ()
        town.run("officer", "add", town.home, role, "--role", role, "--out", key, *by)
    asked = ("--indicator", "firm_capital", "--rows", "firm_state_now", "--reason", "yearly report")
    with pytest.raises(Refused) as no:
        town.run("table", town.home, *asked, "--by", "security", "--key", keys["security"])
    assert no.value.code == "not-allowed"
    assert town.run("table", town.home, *asked, "--key", keys["audit"])["cells"]


@pytest.mark.parametrize(
    ("indicator", "what", "axes"),
    [
        ("firm_capital", "count", ("firm_years",)),  # neither codes nor bands
        ("firm_state_now", "sum", ("capital_size",)),  # no number
        ("firm_capital", "count", ("firm_state_now", "firm_state_now")),
        ("firm_capital", "count", ("points_now",)),
        ("base_now", "count", ("firm_state_now",)),  # nobody has it
    ],
)
def test_what_is_no_table_is_refused(town: Town, indicator: str, what: str, axes: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as no:
        table(town, indicator, what, *axes)
    assert (no.value.code, no.value.exit_code) == ("table-refused", 3)
    assert not [event for event in town.events("access.by-staff") if event["what"] == "table"]


def test_after_an_erasure_tables_wait_for_the_next_snapshot(town: Town) -> None:
    first = table(town, "firm_capital", "count", "firm_state_now")
    town.approve(town.run("subject", "erase", town.home, "--uscc", uscc(1), *OFFICER))
    assert table(town, "firm_capital", "count", "firm_state_now") == first, "what is out is out"
    with pytest.raises(Refused) as no:
        table(town, "firm_capital", "count", "capital_size")
    assert no.value.code == "table-refused"
    town.snapshot()
    assert table(town, "firm_capital", "count", "firm_state_now")["", ""] == "113"


def test_a_count_that_differs_by_few_from_another_is_refused(town: Town) -> None:
    table(town, "firm_capital", "count", "capital_size")
    assert table(town, "points_now", "count", "capital_size")["", ""] == "60", "27 lack points in each of two groups"
    rate(town, 61, 111)
    town.snapshot()
    table(town, "firm_capital", "count", "capital_size")
    with pytest.raises(Refused) as no:
        table(town, "points_now", "count", "firm_state_now")
    assert no.value.code == "table-refused", "three lack points: the totals would say so"
    assert table(town, "capital_size", "count", "firm_state_now")["", ""] == "114", "nobody differs"


def test_a_sum_that_few_changed_since_the_last_snapshot_is_withheld(town: Town) -> None:
    before = table(town, "firm_capital", "sum", "capital_size")
    assert set(before) == {("<100", ""), (">=1000", ""), ("[100,1000)", ""), ("", "")}
    town.firms(*(firm(serial, capital="2500") for serial in (200, 201)))
    town.snapshot()
    with pytest.raises(Refused):
        table(town, "firm_capital", "sum", "capital_size")
    assert table(town, "firm_capital", "count", "capital_size")["", ""] == "116", "counts may differ by few"


def test_people_see_a_table_with_reasons_and_a_csv(town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from puhui.cli.main import app

    path = tmp_path / "table.csv"
    asked = ["table", str(town.home), "--indicator", "firm_capital", "--rows", "firm_state_now", *OFFICER]
    for language, few in (("zh", WITHHELD_FEW[0]), ("en", WITHHELD_FEW[1])):
        monkeypatch.setenv("PUHUI_LANG", language)
        done = CliRunner().invoke(app, [*asked, "--csv", str(path)])
        assert done.exit_code == 0 and few in done.stdout and "114" in done.stdout
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
        assert few in [cell for line in lines for cell in line] and lines[-1][1] == "114"
        assert not any(cell in ("", "0") for line in lines for cell in line)


WITHHELD_FEW = next((said.zh, said.en) for why, said in WITHHELD.items() if why == "few")
