"""Every kind of file gives the same records: the same table, written in each way, reads back as the same text."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from puhui.adapters.files_csv import PlainLines, read_sql, rejected_rows
from puhui.adapters.files_open import open_records
from puhui.adapters.tables_duckdb import DuckTables
from puhui.intake.formats import Break, Form, Records
from puhui.model.refusals import ParcelUnreadable
from puhui.quality.text import DAMAGED

from .files_biff import write_xls

HEADER = ["企业名称", "统一社会信用代码", "注册资金"]
ROWS = [["甲公司", "91360500159860977T", "1,000(万元人民币)"], ["乙（江西）厂", "", "46.7000(万美元)"]]


def delimited(delimiter: str, newline: str = "\n") -> str:
    lines = [HEADER, *ROWS]
    return "".join(
        delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in line) + newline for line in lines
    )


def as_xml(encoding: str) -> bytes:
    rows = "".join(
        "<row>" + "".join(f"<{n}>{v}</{n}>" for n, v in zip(HEADER, row, strict=True)) + "</row>" for row in ROWS
    )
    return f'<?xml version="1.0" encoding="{encoding}"?>\n<data><rows>{rows}</rows></data>'.encode(encoding)


def as_xlsx(path: Path) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("空")
        sheet = book.add_worksheet("数据")
        for number, row in enumerate([HEADER, *ROWS]):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)


def zipped(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


Writer = Callable[[Path], object]
JSON_LINES = "".join(
    json.dumps({n: v or None for n, v in zip(HEADER, row, strict=True)}, ensure_ascii=False) + "\n" for row in ROWS
)
KINDS: dict[str, Writer] = {
    "comma.csv": lambda p: p.write_text(delimited(","), "utf-8"),
    "bom.csv": lambda p: p.write_text(delimited(","), "utf-8-sig"),
    "tab.tsv": lambda p: p.write_text(delimited("\t"), "utf-8"),
    "semicolon.csv": lambda p: p.write_text(delimited(";"), "utf-8"),
    "bar.txt": lambda p: p.write_text(delimited("|"), "utf-8"),
    "crlf.csv": lambda p: p.write_bytes(delimited(",", "\r\n").encode()),
    "cr.csv": lambda p: p.write_bytes(delimited(",", "\r").encode()),
    "gb18030.txt": lambda p: p.write_bytes(delimited("\t", "\r\n").encode("gb18030")),
    "gbk.csv": lambda p: p.write_bytes(delimited(",").encode("gbk")),
    "utf16.csv": lambda p: p.write_bytes(delimited(",").encode("utf-16")),
    "utf16le.csv": lambda p: p.write_bytes(delimited(",").encode("utf-16-le")),
    "utf16be.csv": lambda p: p.write_bytes(delimited(",").encode("utf-16-be")),
    "no_last_newline.csv": lambda p: p.write_bytes(delimited(",").rstrip("\n").encode()),
    "blank_lines.csv": lambda p: p.write_bytes(delimited(",", "\n\n").encode()),
    "titled.csv": lambda p: p.write_text("新余市企业登记信息\n" + delimited(","), "utf-8"),
    "book.xlsx": as_xlsx,
    "lines.jsonl": lambda p: p.write_text(JSON_LINES, "utf-8"),
    "array.json": lambda p: p.write_text("[" + ",\n".join(JSON_LINES.splitlines()) + "]", "utf-8"),
    "utf8.xml": lambda p: p.write_bytes(as_xml("utf-8")),
    "gbk.xml": lambda p: p.write_bytes(as_xml("GBK")),
    "table.parquet": lambda p: pq.write_table(pa.table(dict(zip(HEADER, zip(*ROWS, strict=True), strict=True))), p),
    "packed.csv.gz": lambda p: p.write_bytes(gzip.compress(delimited(",").encode())),
    "packed.zip": lambda p: zipped(p, {"in/a.csv": delimited(",").encode(), "a.csv.manifest.json": b"{}"}),
    "packed_xml.zip": lambda p: zipped(p, {"a.xml": as_xml("GBK")}),
}


def read_back(records: Records, workdir: Path) -> list[list[str]]:
    tables = DuckTables(workdir)
    try:
        names = ", ".join(f'"{name}"' for name in records.columns)
        rows = tables.rows(f"SELECT {names} FROM {read_sql(records)}")
        assert not rejected_rows(tables, records)
    finally:
        tables.close()
    return [["" if cell is None else cell for cell in row] for row in rows]


@pytest.mark.parametrize("name", KINDS)
def test_the_same_table_in_each_kind(tmp_path: Path, name: str) -> None:
    (tmp_path / "scratch").mkdir()
    path = tmp_path / name
    KINDS[name](path)
    records = open_records(path, workdir=tmp_path / "scratch")
    assert list(records.header) == HEADER
    assert records.lines == len(ROWS)
    assert not records.broken
    assert read_back(records, tmp_path) == ROWS


def test_a_plain_file_is_read_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(delimited(","), "utf-8")
    records = open_records(path, workdir=tmp_path)
    assert (records.form, records.path) == (Form.CSV, path)
    assert PlainLines(records).cells([2, 1]) == {1: ROWS[0], 2: ROWS[1]}


def test_the_digest_is_of_the_unpacked_bytes(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    plain.write_text(delimited(","), "utf-8")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    (tmp_path / "s").mkdir()
    assert open_records(packed, workdir=tmp_path / "s").digest == open_records(plain, workdir=tmp_path / "s").digest


def test_the_manifest_of_an_archive_comes_along(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"a.csv": b"a,b\n1,2\n", "a.csv.manifest.json": b'{"rows":1}'})
    assert open_records(tmp_path / "a.zip", workdir=tmp_path).manifest == b'{"rows":1}'


def test_cells_of_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        date_format = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.merge_range(0, 0, 0, 3, "登记表")
        sheet.write_row(1, 0, ["代码", "日期", "金额", "部门"])
        sheet.write_number(2, 0, 914403000000002002)
        sheet.write_datetime(2, 1, dt.datetime(2026, 1, 1), date_format)
        sheet.write_number(2, 2, 0.1 + 0.2)
        sheet.write_row(4, 0, ["x", "2026/13/45", "一千二百元"])
        sheet.merge_range(2, 3, 4, 3, "税务局")
        sheet.set_row(4, None, None, {"hidden": True})
    records = open_records(path, workdir=tmp_path)
    rows = read_back(records, tmp_path)
    assert records.banner == ("登记表",)
    assert rows[0][0].startswith(DAMAGED)
    assert rows[0][1:] == ["2026-01-01", "0.3", "税务局"]
    assert rows[-1] == ["x", "2026/13/45", "一千二百元", "税务局"]


def test_old_workbooks_agree_with_another_reader(tmp_path: Path) -> None:
    xlrd = pytest.importorskip("xlrd")
    path = tmp_path / "a.xls"
    write_xls(path, [["名称", "代码", "金额"], ["甲", "", 1.5], ["乙", 914403000000002002.0, "12"]])
    sheet = xlrd.open_workbook(str(path)).sheet_by_index(0)
    records = open_records(path, workdir=tmp_path)
    rows = read_back(records, tmp_path)
    assert (records.kind, list(records.header)) == ("xls", sheet.row_values(0))
    assert rows[0] == ["甲", "", "1.5"] == [*sheet.row_values(1)[:2], str(sheet.cell_value(1, 2))]
    assert rows[1] == ["乙", f"{DAMAGED}{int(sheet.cell_value(2, 1))}", "12"]


def test_exact_text_of_parquet(tmp_path: Path) -> None:
    columns = {
        "d": [Decimal("1.10"), Decimal("-12345678901234567890.000001")],
        "day": [dt.date(2025, 1, 31), None],
        "nested": [{"a": [1, 2]}, None],
        "flag": [True, False],
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    rows = read_back(open_records(tmp_path / "a.parquet", workdir=tmp_path), tmp_path)
    assert rows == [
        ["1.100000", "2025-01-31", '{"a": [1, 2]}', "true"],
        ["-12345678901234567890.000001", "", "", "false"],
    ]


def test_json_numbers_keep_their_digits(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1.10, "b": {"k": [914403000000002002, 1.50]}}\n[1]\n{"a": 2e5}\n', "utf-8")
    records = open_records(path, workdir=tmp_path)
    assert read_back(records, tmp_path) == [["1.10", '{"k": [914403000000002002, 1.50]}'], ["2e5", ""]]
    assert [(row.line, row.place, row.reason) for row in records.broken] == [(2, 2, Break.SYNTAX)]


BOMB = "<!DOCTYPE lolz [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><l><r><x>&b;</x></r></l>"
BAD_FILES: dict[str, tuple[str, bytes]] = {
    "broken UTF-8": ("a.csv", "名称,代码\n".encode() * 4 + b"a,\xe4\xbd\n"),
    "broken GB18030": ("a.csv", "名称,代码\n".encode("gb18030") + b"a,\xff\n"),
    "cut UTF-16": ("a.csv", "名称,代码\n".encode("utf-16") + b"\x00\xd8"),
    "empty": ("a.csv", b""),
    "no header": ("a.csv", b"\n\n\n"),
    "damaged gz": ("a.csv.gz", gzip.compress(b"a,b\n" * 1000)[:-20]),
    "gz in gz": ("a.csv.gz.gz", gzip.compress(gzip.compress(b"a,b\n"))),
    "gz bomb": ("a.csv.gz", gzip.compress(b"0" * (80 << 20))),
    "damaged workbook": ("a.xlsx", b"PK\x03\x04 no workbook"),
    "damaged parquet": ("a.parquet", b"PAR1 no parquet PAR1"),
    "entities": ("a.xml", BOMB.encode()),
    "cut XML": ("a.xml", b"<l><r><x>1</x></r>"),
    "GBK that is none": ("a.xml", b'<?xml version="1.0" encoding="GBK"?><l><x>\xff\xff</x></l>'),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_unreadable_files_are_refused(tmp_path: Path, name: str) -> None:
    file_name, data = BAD_FILES[name]
    (tmp_path / file_name).write_bytes(data)
    (tmp_path / "s").mkdir()
    with pytest.raises(ParcelUnreadable):
        open_records(tmp_path / file_name, workdir=tmp_path / "s")


def test_a_broken_byte_is_named_by_its_offset(tmp_path: Path) -> None:
    good = "名称,代码\n".encode() * 4
    (tmp_path / "a.csv").write_bytes(good + b"ab\xe4\xbd\n")
    with pytest.raises(ParcelUnreadable) as refused:
        open_records(tmp_path / "a.csv", workdir=tmp_path)
    assert refused.value.where == f"offset {len(good) + 2}"


MEMBERS: dict[str, dict[str, bytes]] = {
    "two files": {"a.csv": b"a,b\n", "b.csv": b"a,b\n"},
    "none": {"a.csv.manifest.json": b"{}"},
    "upwards": {"../a.csv": b"a,b\n"},
    "absolute": {"/etc/a.csv": b"a,b\n"},
    "drive": {"C:\\a.csv": b"a,b\n"},
    "nested": {"a.zip": b"PK\x05\x06" + b"\0" * 18},
    "nested gz": {"a.csv.gz": gzip.compress(b"a,b\n")},
    "bomb": {"a.csv": b"0" * (80 << 20)},
}


@pytest.mark.parametrize("name", MEMBERS)
def test_dangerous_archives_are_refused(tmp_path: Path, name: str) -> None:
    zipped(tmp_path / "a.zip", MEMBERS[name])
    (tmp_path / "s").mkdir()
    with pytest.raises(ParcelUnreadable):
        open_records(tmp_path / "a.zip", workdir=tmp_path / "s")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "s"]


def test_an_unknown_archive_is_text_that_nothing_reads(tmp_path: Path) -> None:
    (tmp_path / "a.bz2").write_bytes(bz2.compress("名称,代码\n".encode() * 50))
    with pytest.raises(ParcelUnreadable):
        open_records(tmp_path / "a.bz2", workdir=tmp_path)


def test_records_broken_by_an_unquoted_amount(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("名称,资金,日期\n甲,5,000(万美元),2020-01-01\n乙,1,2020-01-02\n丙,2\n", "utf-8")
    records = open_records(path, workdir=tmp_path)
    tables = DuckTables(tmp_path)
    assert tables.rows(f"SELECT count(*) FROM {read_sql(records)}") == [(1,)]
    broken = rejected_rows(tables, records)
    tables.close()
    assert [(row.line, row.place, row.raw, row.reason) for row in broken] == [
        (1, 2, "甲,5,000(万美元),2020-01-01", Break.TOO_MANY),
        (3, 4, "丙,2", Break.TOO_FEW),
    ]
    assert records.lines == 3


def test_one_open_quote_does_not_swallow_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"x\n2,y\n3,"z\nz"\n4,w\n', "utf-8")
    records = open_records(path, workdir=tmp_path)
    assert [(row.line, row.raw, row.reason) for row in records.broken] == [(1, '1,"x', Break.QUOTES)]
    assert read_back(records, tmp_path) == [["2", "y"], ["3", "z\nz"], ["4", "w"]]
