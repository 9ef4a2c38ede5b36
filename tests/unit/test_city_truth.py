"""The truth of the synthetic city: subjects, links of names, and figures by plain functions over lives."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pyarrow.parquet as pq
import pytest

from puhui.city.figures import ALL
from puhui.city.figures.compute import as_text, fixed, is_retired
from puhui.city.figures.lives import Life, Row, completed_months, longest_run
from puhui.city.registers import plain_name
from puhui.model.subject import kind_of_uscc
from puhui.packs.forms import Retirement

from .city_made import city, packs

AS_OF = date(2026, 6, 30)


def life(parameters: dict[str, object] | None = None, **rows: list[Row]) -> Life:
    return Life(rows, AS_OF, parameters or {})


def payment(paid: str, day: date, **other: object) -> Row:
    return {
        "tax_kind": "正税", "tax_item": "10101", "tax_paid": Decimal(paid), "tax_treasury_date": day,
        "tax_period_from": day, "tax_period_to": day, "tax_sales": Decimal(0), **other,
    }  # fmt: skip


def test_the_city_knows_every_indicator_of_its_packs() -> None:
    assert set(packs().indicators) == set(ALL)


def test_reads_name_fields_that_the_packs_have() -> None:
    fields = {r.name: {f.name for f in r.fields} for r in packs().resources.values()}
    columns = {r.name: {"other", r.subject, *r.columns} for r in packs().relations.values()}
    for truth in ALL.values():
        for source, read in truth.reads.items():
            assert read <= (fields.get(source) or columns[source]), (truth.name, source)


def test_a_third_of_the_subjects_are_organisations_of_the_kind_of_their_code() -> None:
    rows = pq.read_table(city().folder / "truth" / "subjects.parquet").to_pylist()
    organisations = [row for row in rows if row["identifier_kind"] == "uscc"]
    assert (len(rows), len(organisations)) == (600, 200)
    assert all(row["kind"] == kind_of_uscc(row["identifier"]).value for row in organisations)
    assert len({row["identifier"] for row in rows}) == 600


def test_name_links_mean_the_firm_whose_name_they_vary() -> None:
    folder = city(3_000, 5, truth=False).folder / "truth"
    names = {row["identifier"]: row for row in pq.read_table(folder / "subjects.parquet").to_pylist()}
    links = pq.read_table(folder / "name_links.parquet").to_pylist()
    assert len(links) > 50
    assert {"as_registered", "form", "blank_inside", "blank_around"} <= {link["variant"] for link in links}
    assert all(link["uscc"] in names for link in links)
    plain = [plain_name(row["name"]) for row in names.values()]
    sure = [plain_name(names[link["uscc"]]["name"]) for link in links if link["certain"]]
    assert all(plain.count(name) == 1 for name in sure)


def test_figures_are_there_for_the_kinds_of_each_indicator() -> None:
    table = pq.read_table(city().folder / "truth" / "figures.parquet")
    names = set(table.column("indicator").to_pylist())
    assert names == set(ALL)
    reasons = set(table.column("reason").to_pylist())
    assert {None, "absent", "incomplete", "conflict"} >= reasons >= {None, "absent", "incomplete"}


def test_the_month_that_never_came_makes_a_year_on_year_unknown() -> None:
    rows = pq.read_table(city().folder / "truth" / "figures.parquet").to_pylist()
    yoy = [row for row in rows if row["indicator"] == "kwh_yoy" and row["reason"] != "absent"]
    assert yoy and {(r["reason"], r["months_held"], r["months_asked"]) for r in yoy} == {("incomplete", 23, 24)}
    assert any(row["known"] for row in rows if row["indicator"] == "kwh_12m")


def test_tax_paid_counts_the_window_and_its_last_day() -> None:
    rows = [payment("1.00", date(2025, 6, 30)), payment("2.50", date(2025, 7, 1)), payment("4.00", AS_OF)]
    one = life({"counted_tax_items": ["10101"]}, enterprise_tax_payments=rows)
    assert ALL["tax_paid_12m"].compute(one) == Decimal("6.50")


def test_growth_is_undefined_over_nothing() -> None:
    one = life({"counted_tax_items": ["10101"]}, enterprise_tax_payments=[payment("5", date(2026, 1, 1))])
    assert ALL["tax_paid_yoy"].compute(one) is None


def test_unbroken_months_end_with_the_last_whole_month() -> None:
    months = [date(2026, 6, 30), date(2026, 5, 31), date(2026, 3, 31)]
    one = life({"contribution_gap_months": 1}, housing_fund_deposits=[{"hf_paid_to": day} for day in months])
    assert ALL["hf_cont_months"].compute(one) == 2


def test_an_open_case_counts_until_the_day_it_is_closed() -> None:
    rows: list[Row] = [
        {"case_file_date": date(2026, 1, 5), "exec_close_date": None},
        {"case_file_date": date(2026, 1, 5), "exec_close_date": AS_OF},
        {"case_file_date": date(2026, 7, 1), "exec_close_date": None},
    ]
    assert ALL["enforced_open_cnt"].compute(life(enforcement_cases=rows)) == 1


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (Fraction(1, 8), 2, "0.12"),
        (Fraction(3, 8), 2, "0.38"),
        (Fraction(-1, 3), 4, "-0.3333"),
        (Fraction(5), 0, "5"),
    ],
)
def test_figures_round_half_to_even(value: Fraction, scale: int, text: str) -> None:
    assert fixed(value, scale) == text


def test_values_as_text() -> None:
    assert [as_text(True, "bool"), as_text("A", "code"), as_text(3, "int"), as_text(AS_OF, "date")] == [
        "true", "A", "3", "2026-06-30",
    ]  # fmt: skip


def test_completed_months_and_runs() -> None:
    assert completed_months(date(2026, 1, 31), date(2026, 6, 30)) == 4
    assert longest_run([3, 9, 4, 5, 10]) == 3


@pytest.mark.parametrize(
    ("rule", "value", "gone"),
    [
        (Retirement(rule="years_after", field="x", years=5, source=""), date(2021, 6, 30), True),
        (Retirement(rule="years_after", field="x", years=5, source=""), date(2021, 7, 1), False),
        (Retirement(rule="end_of", field="x", source=""), date(2026, 6, 30), False),
        (Retirement(rule="repaired", field="x", values=["已修复"], source=""), "已修复", True),
    ],
)
def test_facts_retire_as_the_pack_says(rule: Retirement, value: object, gone: bool) -> None:
    assert is_retired(rule, value, AS_OF) is gone
