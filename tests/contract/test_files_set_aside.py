"""Rows set aside go to the agency as a workbook of text cells, and the mended workbook comes back as a delivery."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from puhui.adapters.files_csv import read_sql
from puhui.adapters.files_open import open_records
from puhui.adapters.set_aside_xlsx import write_set_aside
from puhui.adapters.tables_duckdb import DuckTables
from puhui.intake.mapping import implicit_mapping
from puhui.intake.set_aside import SetAside, SetAsideRow
from puhui.lake.store import StoredParcel
from puhui.quality.text import DAMAGED
from tests.unit.files_resource import resource

HEADER = ("统一社会信用代码", "企业名称", "成立日期")
ROWS = (
    SetAsideRow(3, 4, "set_aside", ("uscc:check-digit", "est_date:type"), ("913605001598609770", "=1+1", "2024-13-45")),
    SetAsideRow(7, 9, "set_aside", ("uscc:damaged",), (DAMAGED + "914403000000002048", "@甲", "+1")),
    SetAsideRow(8, 10, "set_aside", (":broken:too_many_columns",), ("-甲,5,000(万美元),2020",)),
    SetAsideRow(9, 11, "set_aside", (":staff_positive",), ("1", "http://a", "007")),
)


def parcel() -> StoredParcel:
    return StoredParcel(
        resource="registrations", digest="ab" * 32, state="taken", sealed=None,
        result={"lines": 10, "accepted": 6, "set_aside": 4, "duplicates": 0},
        mapping="", period="2026-09", file_name="登记.csv",
    )  # fmt: skip


def written(tmp_path: Path) -> Path:
    path = tmp_path / "out.xlsx"
    assert write_set_aside(path, resource(), parcel(), SetAside(HEADER, ROWS)) == len(ROWS)
    return path


def test_every_cell_is_text_and_every_reason_is_in_words(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(written(tmp_path))
    assert book.sheetnames == ["待更正", "说明"]
    sheet = book["待更正"]
    assert [cell.value for cell in sheet[1]] == ["行号", "原因", "建议", *HEADER]
    assert all(cell.data_type == "s" for row in sheet.iter_rows() for cell in row if cell.value is not None)
    first = [cell.value for cell in sheet[2]]
    assert first[0] == "3"
    assert first[1] == "统一社会信用代码校验位不符；成立日期格式不正确或日期不存在"
    assert first[3:] == ["913605001598609770", "=1+1", "2024-13-45"]
    assert [cell.value for cell in sheet[3]][3:] == ["914403000000002048", "@甲", "+1"]
    assert str(sheet[4][1].value).startswith("该行列数多于表头")
    assert sheet[5][1].value == "人数应非负"


def test_the_bad_cells_are_coloured_and_no_others(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(written(tmp_path))["待更正"]
    coloured = [cell.coordinate for row in sheet.iter_rows(min_row=2) for cell in row if cell.fill.fill_type]
    assert coloured == ["D2", "F2", "D3"]


def test_the_second_sheet_says_how_to_return_it(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(written(tmp_path))["说明"]
    lines = {row[0].value: row[1].value for row in sheet.iter_rows()}
    assert lines["文件摘要"] == "ab" * 32
    assert "搁置 4" in str(lines["数量"])
    assert f"--corrects {'ab' * 32}" in str(lines["如何更正"])


def test_the_workbook_reads_back_as_a_delivery(tmp_path: Path) -> None:
    records = open_records(written(tmp_path), workdir=tmp_path)
    mapping = implicit_mapping(resource(), records)
    assert mapping is not None
    assert set(mapping.columns) == {"uscc", "ent_name", "est_date"}
    tables = DuckTables(tmp_path)
    rows = tables.rows(f'SELECT "行号", "企业名称" FROM {read_sql(records)}')
    tables.close()
    assert rows == [("3", "=1+1"), ("7", "@甲"), ("8", None), ("9", "http://a")]
