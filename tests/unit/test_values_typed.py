"""What becomes of a column: value, problems and warnings of each field, as the engine gives them."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from puhui.adapters.tables_duckdb import DuckTables
from puhui.packs import forms
from puhui.packs.forms import Column
from puhui.quality import codes
from puhui.quality.text import DAMAGED
from puhui.quality.values import Typed, typed_expression

from .files_resource import CODES, field, resource


def typed(name: str, texts: list[str | None], **more: Any) -> list[tuple[Any, set[str], set[str]]]:
    """Value, problems and warnings of each text."""
    one = typed_expression(resource().field(name), '"x"', **more)
    return [(row[one.field], row["bad"], row["warn"]) for row in run(one, texts)]


def run(one: Typed, texts: list[str | None]) -> list[dict[str, Any]]:
    db = duckdb.connect(config={"threads": 1})
    db.register("src", pa.table({"x": pa.array(texts, pa.string())}))
    values = {one.field: one.value_sql, **one.extra}
    named = ", ".join(f'{sql} AS "v_{name}"' for name, sql in values.items())
    checks = {**one.problem_sql, **{f"w:{name}": sql for name, sql in one.warn_sql.items()}}
    flags = "".join(f', {sql} AS "{name}"' for name, sql in checks.items())
    rows = db.execute(
        f'SELECT * {flags} FROM (SELECT *, {named} FROM (SELECT {one.clean_sql} AS "t_{one.field}" FROM src))'
    ).fetchall()
    shaped = []
    for row in rows:
        flagged = dict(zip(checks, row[1 + len(values) :], strict=True))
        assert None not in flagged.values()
        found = dict(zip(values, row[1:], strict=False))
        bad = {name for name in one.problem_sql if flagged[name]}
        shaped.append({**found, "bad": bad, "warn": {n for n in one.warn_sql if flagged[f"w:{n}"]}})
    return shaped


def test_a_required_identifier() -> None:
    found = typed("uscc", ["91360500159860977T", "９１", None, "无", " x " * 9])
    assert found[0] == ("91360500159860977T", set(), set())
    assert found[1] == ("91", set(), set())
    assert found[2] == found[3] == (None, {"required"}, set())
    assert found[4][1] == {"length"}


def test_a_number_damaged_by_a_spreadsheet_says_so() -> None:
    found = typed("uscc", [DAMAGED + "914403000000002048"], excel=True)
    assert "damaged" in found[0][1]


def test_dates_that_no_calendar_has_are_set_aside() -> None:
    found = typed("est_date", ["2024-13-45", "2024-02-29", "暂无", "", "2024年2月30日"])
    assert [row[0] for row in found] == [None, date(2024, 2, 29), None, None, None]
    assert [row[1] for row in found] == [{"type"}, set(), set(), set(), {"type"}]


def test_days_since_1899_are_dates_in_workbooks_only() -> None:
    assert typed("est_date", ["45678"], excel=True)[0][0] == date(2025, 1, 21)
    assert typed("est_date", ["45678"])[0] == (None, {"type"}, set())


def test_an_amount_gives_its_currency_and_keeps_what_it_does_not_understand() -> None:
    column = Column(from_="x", as_="amount", currency_to="reg_capital_currency", unit="万")
    one = typed_expression(resource().field("reg_capital"), '"x"', mapping_column=column, nulls=["未公示"])
    rows = run(one, ["46.7000(万美元)", "人民币壹万元", "未公示", "5000元"])
    assert [(r["reg_capital"], r["reg_capital_currency"]) for r in rows] == [
        (Decimal("46.70"), "USD"),
        (None, None),
        (None, None),
        (Decimal("0.50"), "CNY"),
    ]
    assert [(r["bad"], r["warn"]) for r in rows] == [
        (set(), set()),
        (set(), {"amount_text"}),
        (set(), set()),
        (set(), set()),
    ]


def test_digits_beyond_the_scale_are_rounded_and_reported() -> None:
    found = typed("reg_capital", ["1.005", "1.0500", "１．００５", "1,000.5万元", "1e20"])
    assert [row[0] for row in found[:4]] == [
        Decimal("1.01"),
        Decimal("1.05"),
        Decimal("1.01"),
        Decimal("1000.50"),
    ]
    assert [row[2] for row in found] == [{"precision"}, set(), {"precision"}, set(), set()]
    assert found[4] == (None, {"type"}, set())


def test_integers_are_never_rounded() -> None:
    assert typed("staff", ["12", "12.0", "12.5", "1,200", "十"]) == [
        (12, set(), set()),
        (12, set(), set()),
        (None, {"type"}, set()),
        (1200, set(), set()),
        (None, {"type"}, set()),
    ]


def test_closed_code_lists_set_aside_and_open_ones_warn() -> None:
    assert typed("status", ["存续", "开业", "不明", "-"], codes=CODES) == [
        ("存续", set(), set()),
        ("存续", set(), set()),
        (None, {"code_list"}, set()),
        (None, set(), set()),
    ]
    open_list = CODES.__class__(**{**{n: getattr(CODES, n) for n in CODES.__struct_fields__}, "open": True})
    assert typed("status", ["不明"], codes=open_list) == [("不明", set(), {"code_list"})]


def test_a_null_word_that_means_something_in_the_field_is_a_value() -> None:
    assert typed("listed", ["有", "无", "是", "不详", "maybe"]) == [
        (True, set(), set()),
        (False, set(), set()),
        (True, set(), set()),
        (None, set(), set()),
        (None, {"type"}, set()),
    ]


def test_names_lose_full_width_brackets_only() -> None:
    assert typed("ent_name", ["\u3000甲（江西）Ａ公司\ufeff"]) == [("甲(江西)Ａ公司", set(), set())]


def test_the_first_filled_of_several_columns_counts() -> None:
    one = typed_expression(field("d", "date", "日期"), ["nullif('无', '')", "x"])
    assert run(one, ["2025-01-02"])[0]["d"] == date(2025, 1, 2)


def test_the_area_of_a_credit_code() -> None:
    column = Column(from_="x", as_="region_of_uscc")
    one = typed_expression(field("region", "code(6)", "区划"), '"x"', mapping_column=column)
    assert [r["region"] for r in run(one, ["91360500159860977T", "short"])] == ["360500", None]


@pytest.mark.parametrize("city", ["xinyu", "jian"])
def test_every_stated_capital_of_the_real_registers_is_an_amount(city: str) -> None:
    here = Path(os.environ.get("PUHUI_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
    path = here / f"registry_{city}.csv"
    if not path.is_file():
        pytest.skip(f"no real data: {path.name} is not shipped; name its folder in PUHUI_REAL_DATA")
    with duckdb.connect() as db:
        texts = [r[0] for r in db.execute("SELECT 注册资金 FROM read_csv(?, all_varchar=true)", [str(path)]).fetchall()]
    column = Column(from_="x", as_="amount", currency_to="reg_capital_currency", unit="万")
    rows = run(typed_expression(resource().field("reg_capital"), '"x"', mapping_column=column), texts)
    stated = [row for row, text in zip(rows, texts, strict=True) if text != "N/A"]
    assert len(stated) > 3000
    assert all(row["reg_capital"] is not None and row["reg_capital_currency"] for row in stated)


def test_a_long_list_is_looked_up_like_a_short_one(tmp_path: Path) -> None:
    values = [
        forms.CodeValue(code=f"{n:04}", title=forms.Words(zh=f"第{n}类", en=""), also=[f"类{n}"]) for n in range(200)
    ]
    words = ["0007", "第7类", "类199", "００１１", "9999", None, "第200类"]
    for is_open in (True, False):
        long_list = forms.CodeList(
            format=1, name="classes", title=forms.Words(zh="", en=""), open=is_open, values=values, source="made up"
        )
        assert codes.is_long(long_list)
        tables = DuckTables(tmp_path)
        for statement in codes.lookup_statements(long_list) * 2:  # a file may be staged twice
            tables.execute(statement)
        listed = ", ".join("(NULL)" if word is None else f"('{word}')" for word in words)
        found = tables.rows(f"SELECT {codes.codes_sql('x', long_list)} FROM (VALUES {listed}) t(x)")
        assert [row[0] for row in found] == [codes.code(word, long_list) for word in words]
        tables.close()
