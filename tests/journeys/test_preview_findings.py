"""A preview can write the rows with nothing against them, and name every cell with something against it."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from puhui.bootstrap import open_zone, parcel_of
from puhui.intake.take import preview
from puhui.quality import check
from tests.journeys.town import FIRMS, Town, firm, uscc


@pytest.mark.parametrize("two_steps_from", [0, 50_000])
def test_every_bad_cell_is_named(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, two_steps_from: int
) -> None:
    monkeypatch.setitem(check.stage.__kwdefaults__, "two_steps_from", two_steps_from)
    wrong = uscc(4)[:17] + ("0" if uscc(4)[17] != "0" else "1")
    rows = [
        firm(1),
        firm(2, est="2015-13-01", state="睡着"),
        firm(3, capital="1.005"),
        (wrong, *firm(4)[1:]),
        ("", *firm(5)[1:]),
        firm(6, est="2015年3月1日"),
    ]
    path = town.file("next.csv", FIRMS, rows)
    path.write_text(path.read_text(encoding="utf-8") + f"{uscc(7)},too,few\n", encoding="utf-8")
    zone = open_zone(town.home)
    good, bad = tmp_path / "good.parquet", tmp_path / "bad.parquet"
    seen = preview(parcel_of(zone, "firms", path), zone.intake, good_rows=good, bad_cells=bad)
    cells = [tuple(row.values()) for row in pq.read_table(bad).to_pylist()]
    assert cells == [
        (2, "est_date", "type", "set_aside"),
        (2, "state", "code_list", "set_aside"),
        (3, "capital", "precision", "warn"),
        (4, "uscc", "identifier-check-digit", "warn"),
        (5, "uscc", "required", "set_aside"),
        (7, "", "broken:too_few_columns", "set_aside"),
    ]
    kept = sorted(pq.read_table(good).to_pylist(), key=lambda row: int(row["line"]))  # they are written in no order
    assert [(row["line"], row["uscc"]) for row in kept] == [(1, uscc(1)), (6, uscc(6))]
    assert kept[0]["est_date"] == kept[1]["est_date"]
    assert (seen["lines"], seen["clean_rows"], seen["bad_cells"]) == (7, 2, 6)
    assert town.editions("firms") == []
