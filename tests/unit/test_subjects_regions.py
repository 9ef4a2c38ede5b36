"""Area codes: today's, older ones with their year, registry offices, and what is none."""

from __future__ import annotations

import pyarrow as pa
import pytest

from puhui.model.regions import places_of, region_of, region_status, regions_today


@pytest.mark.parametrize(
    ("code", "status", "year"),
    [
        ("360502", "today", None),
        ("360000", "today", None),
        ("360782", "older", 2013),  # 南康市, a district of Ganzhou since 2014
        ("360504", "office", None),  # Xinyu's high-tech zone
        ("100000", "office", None),  # the national registry
        ("770101", "unknown", None),
        ("36050", "unknown", None),
        ("3605O2", "unknown", None),
        ("", "unknown", None),
    ],
)
def test_status_of_a_code(code: str, status: str, year: int | None) -> None:
    assert region_of(code) == (status, year)


def test_codes_in_bulk_keep_their_order_and_nulls() -> None:
    table = region_status(pa.array(["360782", None, "360502", "360782"]))
    assert table["status"].to_pylist() == ["older", None, "today", "older"]
    assert table["year"].to_pylist() == [2013, None, None, 2013]


def test_the_places_of_a_city_are_its_own() -> None:
    places = places_of("360500")
    assert {"江西省", "新余市", "渝水区", "分宜县"} <= set(places)
    assert "吉安市" not in places
    assert regions_today()["360500"] == "新余市"
