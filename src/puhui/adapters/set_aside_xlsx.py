"""Rows set aside as a workbook for the agency: what is wrong with each row, in words, beside its text as delivered.

Every cell is text: no formula, no number that loses a digit, no link. The first sheet is the one to mend and
to deliver again as a correction (its columns 行号, 原因, 建议 are then passed over); the second says how.
Rows are streamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from puhui.intake.mapping import RETURNED
from puhui.intake.reasons import Reason, reason_of
from puhui.intake.set_aside import SetAside, SetAsideRow
from puhui.lake.store import StoredParcel
from puhui.packs.forms import Resource
from puhui.quality.text import DAMAGED

ROWS_A_SHEET = 1_048_575  # a workbook's own limit, below the heading
LONGEST_CELL = 32_767
_WIDTHS = (8, 48, 40)
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def write_set_aside(path: Path, resource: Resource, parcel: StoredParcel, aside: SetAside) -> int:
    """Write the workbook; how many rows it holds. Rows beyond a sheet's limit go on in a further sheet."""
    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        sheets = _Sheets(book, resource, aside.header)
        for row in aside.rows:
            sheets.write(row)
        _explain(book, resource, parcel, len(aside.rows))
    return len(aside.rows)


class _Sheets:
    def __init__(self, book: xlsxwriter.Workbook, resource: Resource, header: Sequence[str]) -> None:
        self._book = book
        self._resource = resource
        self._header = header
        self._head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "num_format": "@", "border": 1})
        self._plain = book.add_format({"num_format": "@"})
        self._bad = book.add_format({"num_format": "@", "bg_color": "#FFC7CE"})
        self._count = 0
        self._sheet = self._new()

    def _new(self) -> Worksheet:
        number = self._count // ROWS_A_SHEET
        sheet: Worksheet = self._book.add_worksheet("待更正" if number == 0 else f"待更正{number + 1}")
        sheet.freeze_panes(1, len(RETURNED))
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        sheet.set_column(len(_WIDTHS), len(_WIDTHS) + max(len(self._header), 1) - 1, 18)
        for column, name in enumerate((*RETURNED, *self._header)):
            _text(sheet, 0, column, name, self._head)
        return sheet

    def write(self, row: SetAsideRow) -> None:
        if self._count and self._count % ROWS_A_SHEET == 0:
            self._sheet = self._new()
        at = self._count % ROWS_A_SHEET + 1
        self._count += 1
        reasons = [reason_of(self._resource, reason, self._header) for reason in row.reasons]
        words = (str(row.line), _joined([r.said.zh for r in reasons]), _joined([r.todo.zh for r in reasons]))
        for column, text in enumerate(words):
            _text(self._sheet, at, column, text, self._plain)
        bad = _bad_columns(reasons)
        for column, text in enumerate(row.cells):
            form = self._bad if column in bad else self._plain
            _text(self._sheet, at, len(words) + column, text.removeprefix(DAMAGED), form)


def _bad_columns(reasons: Sequence[Reason]) -> set[int]:
    return {column for reason in reasons for column in reason.columns}


def _joined(parts: Sequence[str]) -> str:
    return "；".join(dict.fromkeys(part for part in parts if part))


def _text(sheet: Worksheet, row: int, column: int, text: str, form: Format) -> None:
    # control characters cannot stand in a workbook's XML; xlsxwriter escapes them as _xHHHH_, which Excel
    # shows as such
    sheet.write_string(row, column, text[:LONGEST_CELL], form)


def _explain(book: xlsxwriter.Workbook, resource: Resource, parcel: StoredParcel, count: int) -> None:
    sheet = book.add_worksheet("说明")
    form = book.add_format({"num_format": "@", "text_wrap": True})
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 90)
    for row, (name, text) in enumerate(_lines(resource, parcel, count)):
        _text(sheet, row, 0, name, form)
        _text(sheet, row, 1, text, form)


def _lines(resource: Resource, parcel: StoredParcel, count: int) -> list[tuple[str, str]]:
    result: dict[str, Any] = dict(parcel.result)
    counts = "，".join(
        f"{title} {result[key]}"
        for key, title in (
            ("lines", "总记录"),
            ("accepted", "接收"),
            ("set_aside", "搁置"),
            ("duplicates", "重复"),
        )
        if key in result
    )
    return [
        ("数据资源", f"{resource.title.zh}（{resource.item_id}）"),
        ("供数部门", resource.agency.zh),
        ("原文件", parcel.file_name),
        ("文件摘要", parcel.digest),
        ("所属期", parcel.period or "—"),
        ("数量", counts),
        ("本表", f"{count} 条记录。红色底色的单元格有问题，原因和建议见前几列；其余各列为交付时的原文。"),
        (
            "如何更正",
            "在“待更正”表中直接改正红色单元格，保留表头，保存后作为原文件的更正重新交付"
            f"（--kind correction --corrects {parcel.digest}）。行号、原因、建议三列读取时自动略过。",
        ),
        (
            "注意",
            "所有单元格均为文本格式，请勿改为数值格式，以免统一社会信用代码、证件号码等长编号丢失末位。",
        ),
    ]
