"""Each SQL expression that types values equals its plain Python twin, on usual spellings and on any mangled text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.packs.forms import CodeList, CodeValue, Words
from puhui.quality import codes, dates, numbers, text

KIND = numbers.Decimals(16, 2)
WORDS = Words(zh="甲", en="a")
LIST = CodeList(
    format=1,
    name="c",
    title=WORDS,
    open=False,
    source="-",
    values=[
        CodeValue(code="1", title=Words(zh="存续", en="-"), also=["开业", "在业"]),
        CodeValue(code="A", title=Words(zh="注销", en="-")),
    ],
)
OPEN = CodeList(format=1, name="o", title=WORDS, open=True, source="-", values=LIST.values)
TWINS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "clean": (text.clean_sql("x", text.NULL_WORDS), lambda x: text.clean(x, text.NULL_WORDS)),
    "narrow": (text.narrow_if_wide_sql("x"), text.narrow),
    "brackets": (text.brackets_sql("x"), text.brackets),
    "decimal": (numbers.decimal_sql("x", KIND, "CNY"), lambda x: numbers.decimal(x, KIND, "CNY")),
    "decimal_unit": (numbers.decimal_sql("x", KIND, "m2"), lambda x: numbers.decimal(x, KIND, "m2")),
    "integer": (numbers.integer_sql("x", "人"), lambda x: numbers.integer(x, "人")),
    "amount": (numbers.amount_sql("x", KIND, "CNY 10k"), lambda x: numbers.amount(x, KIND, "CNY 10k")),
    "amount_yuan": (numbers.amount_sql("x", KIND, "CNY"), lambda x: numbers.amount(x, KIND, "CNY")),
    "currency": (numbers.currency_sql("x"), numbers.currency),
    "day": (dates.day_sql("x"), dates.day),
    "day_excel": (dates.day_sql("x", excel=True), lambda x: dates.day(x, excel=True)),
    "month": (dates.month_sql("x"), dates.month),
    "moment": (dates.moment_sql("x"), dates.moment),
    "flag": (codes.flag_sql("x"), codes.flag),
    "closed_code": (codes.codes_sql("x", LIST), lambda x: codes.code(x, LIST)),
    "open_code": (codes.codes_sql("x", OPEN), lambda x: codes.code(x, OPEN)),
}
USUAL = [
    "2025-02-11",
    "2025/2/1",
    "2025.02.11",
    "20250211",
    "2025年2月11日",
    "2025-02-11 00:00:00",
    "2025-2",
    "2025-02-11 13:45:10",
    "2025-02-11T13:45:10+08:00",
    "2025-02-11 13:45:10.123",
    "20250211134510",
    "202609",
    "2026年9月",
    "2024-13-45",
    "2024-02-30",
    "45678",
    "长期",
    "1,234.50",
    "(1,234.50)",
    "-5",
    "1.005",
    "1E+05",
    "12元",
    "5 元",
    "3m2",
    "7人",
    "1,000(万元人民币)",
    "46.7000(万美元)",
    "100万人民币",
    "万港币",
    "50万欧元",
    "1亿元",
    "人民币100万元",
    "USD 5,000",
    "HK$5",
    "￥3.5",
    "是",
    "否",
    "有",
    "无",
    "Y",
    "true",
    "存续",
    "开业",
    "１",
    "Ａ",
    "N/A",
    "暂无",
    "（甲）",
    "99999999999999.99",
    "999999999999999",
    "1_000",
    ".5",
    "5.",
    "+7",
    "0x1F",
    "inf",
    "nan",
    "epoch",
]
PIECES = st.sampled_from(
    [
        *USUAL,
        *"0123456789-/.,年月日:T Z+()（）元万eE",
        "\u3000",
        "\ufeff",
        "人民币",
        "美元",
        "１",
        "－",
        " ",
        "\t",
        "\n",
        "00:00",
    ]
)
TEXTS = st.one_of(st.sampled_from(USUAL), st.lists(PIECES, min_size=1, max_size=5).map("".join), st.text(max_size=12))


@pytest.fixture(scope="module")
def db() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def by_sql(db: duckdb.DuckDBPyConnection, sql: str, texts: list[str]) -> list[Any]:
    db.register("texts", pa.table({"x": pa.array(texts, pa.string())}))
    return [row[0] for row in db.execute(f"SELECT {sql} FROM texts").fetchall()]


@pytest.mark.parametrize("name", TWINS)
def test_usual_spellings(db: duckdb.DuckDBPyConnection, name: str) -> None:
    sql, twin = TWINS[name]
    padded = [*USUAL, *(f"\u3000{t} " for t in USUAL)]
    found = by_sql(db, sql, padded)
    assert dict(zip(padded, found, strict=True)) == {t: twin(t) for t in padded}
    assert any(value is not None for value in found)


@pytest.mark.parametrize("name", TWINS)
@settings(max_examples=25, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=60))
def test_any_text(db: duckdb.DuckDBPyConnection, name: str, texts: list[str]) -> None:
    sql, twin = TWINS[name]
    found = by_sql(db, sql, texts)
    assert list(zip(texts, found, strict=True)) == [(t, twin(t)) for t in texts]


@pytest.mark.parametrize("count", [1, 5, 17, 300])
def test_a_code_list_of_any_size_finds_its_codes_and_keeps_the_order_of_rows(count: int) -> None:
    words = [f"{number * 7 % 1000:03d}" for number in range(count)] + ["A", "甲"]
    connection = duckdb.connect(config={"threads": 4})
    connection.execute("CREATE TABLE src AS SELECT i, printf('%03d', i % 1000) AS x FROM range(1000000) t(i)")
    sql = codes.is_one_of_sql("x", words)
    connection.execute(f"CREATE TABLE found AS SELECT i, {sql} AS known, x FROM src")
    moved = connection.execute("SELECT count(*) FROM found WHERE i <> rowid").fetchone()
    wrong = connection.execute("SELECT count(*) FROM found WHERE known <> list_contains(?, x)", [words]).fetchone()
    assert (moved, wrong) == ((0,), (0,))
