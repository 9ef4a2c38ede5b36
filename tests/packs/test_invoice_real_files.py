"""The published invoices of 123 firms through the pack `invoice`: every row in one place, oddities named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from puhui.bootstrap import Zone, init_zone, parcel_of, shipped_packs
from puhui.desk.snapshots import build_snapshot
from puhui.intake.take import take
from puhui.model.figures import Value
from puhui.subjects.lookup import find

DATA = Path(os.environ.get("PUHUI_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
AS_OF = date(2020, 2, 29)
pytestmark = pytest.mark.skipif(
    not (DATA / "sme_firms_123.csv").is_file(), reason=f"the real files are not in {DATA} (PUHUI_REAL_DATA)"
)


@dataclass(frozen=True)
class Delivered:
    zone: Zone
    results: dict[str, dict[str, Any]]

    def issues(self, resource: str) -> dict[str, int]:
        return {issue["check"]: issue["count"] for issue in self.results[resource]["issues"]}

    def figure(self, firm: str, name: str) -> Value | None:
        subject = find(self.zone.intake.vault, "local:cumcm", firm, today=AS_OF)
        reader = self.zone.desk.figures.reader(None)
        try:
            return reader.get(subject, [name]).figures[0].value
        finally:
            reader.close()


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivered]:
    home = tmp_path_factory.mktemp("invoices") / "home"
    zone = init_zone(home, [shipped_packs() / "base", shipped_packs() / "invoice"])
    results = {}
    for name, file in (
        ("sme_firms", "sme_firms_123.csv"),
        ("invoices_in", "sme_invoices_in_123.csv.gz"),
        ("invoices_out", "sme_invoices_out_123.csv.gz"),
    ):
        results[name] = dict(take(parcel_of(zone, name, DATA / file), zone.intake).result)
    build_snapshot(zone.desk, AS_OF)
    yield Delivered(zone, results)


@pytest.mark.parametrize(
    ("resource", "lines", "repeats"), [("invoices_in", 210_947, 803), ("invoices_out", 162_484, 4_436)]
)
def test_every_row_is_in_one_place(delivered: Delivered, resource: str, lines: int, repeats: int) -> None:
    result = delivered.results[resource]
    assert result["lines"] == lines == result["accepted"] + result["set_aside"] + result["duplicates"]
    assert (result["duplicates"], result["set_aside"], result["conflicts"]) == (repeats, 0, 0)


@pytest.mark.parametrize(
    ("resource", "odd", "red", "repeats"), [("invoices_in", 2, 1_881, 803), ("invoices_out", 1, 8_556, 4_436)]
)
def test_oddities_are_reported_as_what_they_are(
    delivered: Delivered, resource: str, odd: int, red: int, repeats: int
) -> None:
    issues = delivered.issues(resource)
    assert issues["parts_add_up"] == issues["one_sign"] == odd  # the tax has its sign turned
    assert (issues["red_letter"], issues["duplicate"]) == (red, repeats)


def test_every_firm_has_its_figures(delivered: Delivered) -> None:
    assert delivered.results["sme_firms"]["new_subjects"] == 123
    assert delivered.results["invoices_out"]["new_subjects"] == 0
    assert delivered.figure("E1", "sales_amt_12m") == Decimal("1546483823.93")
    assert delivered.figure("E1", "sales_hoh") == Decimal("0.576124")
