"""Staging in one step, in two steps, and by a slow twin in plain Python: the same values, bits, counts, numbers."""

from __future__ import annotations

import csv
import re
import tempfile
import unicodedata
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from puhui.adapters.files_csv import open_csv, read_sql, rejected_rows
from puhui.adapters.tables_duckdb import DuckTables
from puhui.packs.forms import CodeList, CodeValue, Column, Resource, RowCheck, Words
from puhui.packs.forms import Mapping as MappingForm
from puhui.quality import check as checking
from puhui.quality import codes, dates, numbers, text
from puhui.quality.check import BrokenRecord, Source, stage
from puhui.quality.names import NUMBERED
from puhui.quality.plan import PLAIN, STAGED, Check, bit_is_set
from tests.unit.files_resource import CODES, field, resource

KIND = numbers.Decimals(16, 2)
SPACES = "".join(
    chr(code) for code in range(0x3001) if unicodedata.category(chr(code)) == "Zs"
)  # what the engine trims
FIELDS = [
    field("uscc", "str(18)", "代码", semantic="uscc", required=True),
    field("ent_name", "str(20)", "名称", semantic="name"),
    field("est_date", "date", "成立", semantic="date"),
    field("end_date", "date", "终止", semantic="date"),
    field("paid", "decimal(16,2)", "实缴", semantic="amount", unit="CNY"),
    field("staff", "int", "人数", semantic="count"),
    field("status", "code(10)", "状态", semantic="code", code_list="reg_status"),
    field("remark", "str(12)", "备注"),
]
ORDER = RowCheck(
    id="ends_after_start", severity="warn", holds="end_date >= est_date", title=Words(zh="先起后止", en="order")
)
RESOURCE = resource(fields=FIELDS, checks=[ORDER])
TITLES = [f.title.zh for f in FIELDS]
MAPPING = MappingForm(
    format=1,
    name="m",
    resource="registrations",
    header=TITLES,
    columns={f.name: Column(from_=f.title.zh) for f in FIELDS},
)
PLAINLY: dict[str, list[str]] = {
    "uscc": ["91360502YY001TM57F", "91360502YYBWGJR44J"],
    "ent_name": ["甲乙丙丁有限公司", "甲（余）厂", "Acme"],
    "est_date": ["2024-01-31", "2024-1-5"],
    "end_date": ["2024-02-01", "2023-12-31", "9999-12-31"],
    "paid": ["12.30", "0.5", "7", "-3.10"],
    "staff": ["5", "0", "-2"],
    "status": ["存续", "注销"],
    "remark": ["abcdefg", "一二三", "ok"],
}
ODD = [
    "", " ", "无", "N/A", "-", "　x　", "x\u00a0", "\u200b1", " 12 ", "１２", "12.345", "12.30元", "1,234.50", "1e3",
    "1.5e-4",
    "1_000", "99999999999999999", "2024-13-45", "2024年1月5日", "20240105", "epoch", "infinity", "10000-01-01",
    "999-01-01",
    "0999-01-01", " 2024-01-05", "2024-01-05 00:00:00", "2024/01/05", "长期", "开业", " 存续 ", "在", "+5", "05", "5.0",
    "９１３６０５０２ＹＹ００１ＴＭ５７Ｆ", "91360502YY001TM57F\u3000", "91360502YY001TM57FF", "甲" * 21,
    "abcdefghijklm", "甲" * 12,
    "\x7f", "a\x0b", "\ufeffq", "（", "nan", "NULL", "．5", "1．234", "12.3元", "12.345元",
]  # fmt: skip


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, str]]:
    count = draw(st.integers(1, 12))
    odd = st.one_of(st.sampled_from(ODD), st.text("019.-年 无xX（甲", max_size=8))
    made = []
    for _ in range(count):
        row = {name: draw(st.sampled_from(cells)) for name, cells in PLAINLY.items()}
        for name in draw(st.lists(st.sampled_from(list(PLAINLY)), max_size=3)):
            row[name] = draw(odd)
        made.append(row)
    return made


def as_csv(table: list[dict[str, str]], folder: Path) -> Source:
    path = folder / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([TITLES, *([row[f.name] for f in FIELDS] for row in table)])
    records = open_csv(path, folder)
    return Source(read_sql(records), False, lines=len(table), sample_sql=read_sql(records, rejects=None))


def as_parquet(table: list[dict[str, str]], folder: Path) -> Source:
    columns = {f.title.zh: pa.array([row[f.name] or None for row in table], pa.string()) for f in FIELDS}
    path = folder / "in.parquet"
    pq.write_table(pa.table({**columns, "line": pa.array(range(1, len(table) + 1), pa.int64())}), path)
    sql = f"read_parquet('{path}')"
    return Source(sql, True, lines=len(table), sample_sql=sql)


def staged(source: Source, two_steps_from: int) -> tuple[list[dict[str, Any]], tuple[Check, ...], int]:
    tables = DuckTables(Path(tempfile.mkdtemp()))
    try:
        beside = {"_number": 'hash("uscc", "paid")'}
        known = {"reg_status": CODES}
        checks = stage(RESOURCE, MAPPING, source, known, tables, beside=beside, two_steps_from=two_steps_from)
        checking._number(source, (), tables)
        found = tables.arrow(f"SELECT * FROM {NUMBERED} ORDER BY line").to_pylist()
        return found, checks, int(tables.rows(f"SELECT count(*) FROM {PLAIN} WHERE plain")[0][0])
    finally:
        tables.close()


def broken_of(row: Mapping[str, Any], checks: tuple[Check, ...]) -> set[tuple[str, str]]:
    return {(c.field, c.name) for c in checks if int(row[c.column]) >> c.bit & 1}


# --- the twin ---


def twin(row: Mapping[str, str]) -> tuple[dict[str, Any], set[tuple[str, str]]]:
    cell = {name: value or None for name, value in row.items()}
    clean = {name: text.clean(value, text.NULL_WORDS) for name, value in cell.items()}
    values: dict[str, Any] = {
        "uscc": clean["uscc"] and text.narrow(clean["uscc"]),
        "ent_name": clean["ent_name"] and text.brackets(clean["ent_name"]),
        "est_date": dates.day(cell["est_date"]),
        "end_date": dates.day(cell["end_date"]),
        "paid": numbers.decimal(cell["paid"], KIND, "CNY"),
        "staff": numbers.integer(cell["staff"], ""),
        "status": codes.code(clean["status"], CODES),
        "remark": clean["remark"],
    }
    found = {
        (name, "type") for name in ("est_date", "end_date", "paid", "staff") if clean[name] and values[name] is None
    }
    longest = {"uscc": 18, "ent_name": 20, "status": 10, "remark": 12}
    found |= {(name, "length") for name, most in longest.items() if len(values[name] or "") > most}
    if values["uscc"] is None:
        found.add(("uscc", "required"))
    if clean["status"] and values["status"] is None:
        found.add(("status", "code_list"))
    if cell["status"] and cell["status"] != cell["status"].strip(SPACES):
        found.add(("status", "blank_padded"))
    if values["paid"] is not None and re.search("[.][0-9]{2}[0-9]*[1-9]0*[^0-9eE]*$", text.narrow(cell["paid"] or "")):
        found.add(("paid", "precision"))
    start, end = values["est_date"], values["end_date"]
    if isinstance(start, date) and isinstance(end, date) and end < start:
        found.add(("", "ends_after_start"))
    return values, found


@settings(max_examples=60, deadline=None)
@given(rows(), st.sampled_from([as_csv, as_parquet]))
def test_both_forms_and_the_twin_agree(table: list[dict[str, str]], written: Any) -> None:
    folder = Path(tempfile.mkdtemp())
    source = written(table, folder)
    one, checks, _ = staged(source, 10**9)
    two, again, _ = staged(source, 0)
    assert two == one
    assert again == checks
    assert [row["line"] for row in one] == list(range(1, len(table) + 1))
    for row, delivered in zip(one, table, strict=True):
        values, broken = twin(delivered)
        assert {name: row[name] for name in values} == values
        assert broken_of(row, checks) == broken


@pytest.mark.parametrize("written", [as_csv, as_parquet])
def test_every_odd_cell_in_every_field(written: Any, tmp_path: Path) -> None:
    plain = {name: cells[0] for name, cells in PLAINLY.items()}
    table = [plain] * 300 + [{**plain, name: odd} for name in PLAINLY for odd in (*ODD, *PLAINLY[name])]
    source = written(table, tmp_path)
    one, checks, _ = staged(source, 10**9)
    two, _, plainly = staged(source, 0)
    assert two == one
    assert plainly >= 300  # the first step did take the plain rows
    for row, delivered in zip(one, table, strict=True):
        values, broken = twin(delivered)
        assert ({name: row[name] for name in values}, broken_of(row, checks)) == (values, broken), delivered


def test_a_field_that_is_hardly_ever_plain_is_typed_the_full_way_at_once(tmp_path: Path) -> None:
    plain = {name: cells[0] for name, cells in PLAINLY.items()}
    table = [{**plain, "est_date": "2024年1月5日"} for _ in range(2_000)]
    rows_, checks, plainly = staged(as_csv(table, tmp_path), 0)
    assert plainly == 2_000
    assert {row["est_date"] for row in rows_} == {date(2024, 1, 5)}
    assert all(not broken_of(row, checks) for row in rows_)


def types_of(resource_: Resource, known: CodeList) -> list[set[str]]:
    """The engine's types of `status`, in each form: of all rows, plainly written or not."""
    found = []
    for two_steps_from in (0, 10**9):
        tables = DuckTables(Path(tempfile.mkdtemp()))
        plain = {name: cells[0] for name, cells in PLAINLY.items()}
        source = as_csv([plain, {**plain, "status": "开业"}, {**plain, "status": "睡着"}], Path(tempfile.mkdtemp()))
        stage(resource_, MAPPING, source, {"reg_status": known}, tables, two_steps_from=two_steps_from)
        found.append({kind for (kind,) in tables.rows(f"SELECT typeof(status) FROM {STAGED}")})
        tables.close()
    return found


def with_status(**more: Any) -> Resource:
    return resource(fields=[f if f.name != "status" else replace(f, **more) for f in FIELDS], checks=[ORDER])


def test_codes_of_a_short_closed_list_are_staged_as_one_type_of_the_engine() -> None:
    assert types_of(RESOURCE, CODES) == [{"ENUM('存续', '注销')"}] * 2


@pytest.mark.parametrize(
    ("more", "known"),
    [({}, replace(CODES, open=True)), ({"keep": "vault"}, CODES), ({"semantic": "local"}, CODES)],
    ids=["an open list", "kept in the vault", "an identifier"],
)
def test_other_codes_stay_text(more: dict[str, Any], known: CodeList) -> None:
    assert types_of(with_status(**more), known) == [{"VARCHAR"}] * 2


def test_a_code_that_is_too_long_for_its_field_is_set_aside_in_both_forms(tmp_path: Path) -> None:
    short = with_status(type="code(1)")
    long = replace(CODES, values=[*CODES.values, CodeValue(code="在", title=Words(zh="在", en="on"))])
    table = [{**{n: c[0] for n, c in PLAINLY.items()}, "status": status} for status in ("在", "存续", "开业")]
    for two_steps_from in (0, 10**9):
        tables = DuckTables(Path(tempfile.mkdtemp()))
        source = as_csv(table, tmp_path)
        checks = stage(short, MAPPING, source, {"reg_status": long}, tables, two_steps_from=two_steps_from)
        rows_ = tables.arrow(f"SELECT * FROM {STAGED} ORDER BY row_at").to_pylist()
        assert [(row["status"], broken_of(row, checks)) for row in rows_] == [
            ("在", set()), ("存续", {("status", "length")}), ("存续", {("status", "length")}),
        ]  # fmt: skip
        tables.close()


def test_records_after_broken_ones_keep_their_numbers_in_both_forms(tmp_path: Path) -> None:
    lines = ["91360502YY001TM57F,甲,2024-01-31,,1.00,1,存续,x"] * 9
    lines[1] = lines[5] = "1,2"
    lines[7] = "91360502YY001TM57F,甲,2024-13-31,,1.00,1,存续,x"
    path = tmp_path / "in.csv"
    path.write_text("\n".join([",".join(TITLES), *lines]) + "\n", encoding="utf-8")
    records = open_csv(path, tmp_path)
    for two_steps_from in (0, 10**9):
        tables = DuckTables(tmp_path)
        source = Source(read_sql(records), False, lines=9, sample_sql=read_sql(records, rejects=None))
        known = {"reg_status": CODES}
        checks = stage(RESOURCE, MAPPING, source, known, tables, two_steps_from=two_steps_from)
        broken = [BrokenRecord(b.line, b.place, b.raw, b.reason.value) for b in rejected_rows(tables, records)]
        checking._number(source, broken, tables)
        assert [b.line for b in broken] == [2, 6]
        assert [line for (line,) in tables.rows(f"SELECT line FROM {NUMBERED} ORDER BY 1")] == [1, 3, 4, 5, 7, 8, 9]
        bit = next(c.bit for c in checks if (c.field, c.name) == ("est_date", "type"))
        bad = tables.rows(f"SELECT line FROM {NUMBERED} WHERE {bit_is_set('bad', bit)}")
        assert bad == [(8,)]
        assert tables.rows(f"SELECT count(*) FROM {STAGED}") == [(7,)]
        tables.close()
