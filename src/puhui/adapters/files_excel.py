"""Workbooks, .xlsx and .xls, as text: what the cell holds, never what a column was guessed to be.

The named sheet or the first that is not empty is read; hidden rows count; blank rows are no records; below
the header a merged cell stands in all cells that it covers. A date is ISO text, a number its shortest text
with the 15 digits that a spreadsheet keeps. A whole number of more than 15 digits has already lost its last
ones: its text is led by `DAMAGED`, so that an identifier is set aside for that reason and never silently
wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from puhui.adapters.files_packed import refuse_bomb
from puhui.adapters.files_refused import empty_file, unreadable
from puhui.adapters.files_rows import TextRows
from puhui.adapters.files_scan import digest_of
from puhui.intake.formats import Break, BrokenRow, FileKind, Form, Records
from puhui.intake.header import banner_rows, shown, unique_columns
from puhui.quality.text import DAMAGED

HEADER_WITHIN = 30  # rows in which the header is looked for
_EXACT = 10**15  # a spreadsheet keeps 15 digits
Row = list[str]


def open_excel(path: Path, workdir: Path, kind: FileKind, *, sheet: str = "") -> Records:
    """Open a workbook. Raises ParcelUnreadable."""
    if kind is FileKind.XLSX:
        refuse_bomb(path)
    digest, size = digest_of(path)
    page = _sheet(path, sheet)
    rows = _rows(page)
    head = [row for _, row in zip(range(HEADER_WITHIN), rows, strict=False)]
    above = banner_rows([row for _, row in head])
    if not head or not any(map(shown, head[above][1])):
        raise empty_file(page.name)
    header = _without_blank_tail(head[above][1])
    target = workdir / f"{digest[:16]}.rows.parquet"
    records = Records(
        kind=kind,
        form=Form.PARQUET,
        path=target,
        source=path,
        header=tuple(header),
        columns=unique_columns(header),
        lines=0,
        digest=digest,
        size=size,
        banner=tuple(cell for _, row in head[:above] for cell in row if shown(cell)),
    )
    data = _merged(page, [*head[above + 1 :], *rows], head[above][0])
    return _written(records, data)


def _written(records: Records, data: Iterator[tuple[int, Row]]) -> Records:
    width, line, broken = len(records.columns), 0, []
    with TextRows(records.path, records.columns) as rows:
        for place, row in data:
            if not any(map(shown, row)):
                continue
            line += 1
            if any(map(shown, row[width:])):
                broken.append(BrokenRow(line, place, "\t".join(row), Break.TOO_MANY))
            else:
                rows.add(line, row[:width])
    return replace(records, lines=line, broken=tuple(broken))


def _sheet(path: Path, wanted: str) -> CalamineSheet:
    try:
        book = CalamineWorkbook.from_path(str(path))
        if wanted:
            return book.get_sheet_by_name(wanted)
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            if sheet.height:
                return sheet
    except (CalamineError, OSError, ValueError, KeyError) as error:
        raise unreadable(
            "无法打开工作簿或找不到指定的工作表",
            "the workbook cannot be opened, or has no such sheet",
            todo_zh="请取消密码并另存为 .xlsx 后重新交付",
            todo_en="remove the password, save again as .xlsx, and deliver again",
            where=type(error).__name__,
        ) from None
    raise empty_file(path.name)


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, Row]]:
    """Each row with its number in the sheet, from 1."""
    for number, cells in enumerate(sheet.iter_rows(), 1):
        yield number, [cell_text(cell) for cell in cells]


def _merged(sheet: CalamineSheet, rows: Sequence[tuple[int, Row]], header_place: int) -> Iterator[tuple[int, Row]]:
    """The rows below the header, with merged cells filled."""
    left = sheet.start[1] if sheet.start else 0
    covers: dict[int, list[tuple[int, int, int]]] = {}
    for (top, first), (bottom, last) in sheet.merged_cell_ranges or ():
        for place in range(top + 1, bottom + 2):
            if top + 1 > header_place:
                covers.setdefault(place, []).append((top + 1, first - left, last - left))
    origin: dict[tuple[int, int], str] = {}
    for place, row in rows:
        for top, first, last in covers.get(place, ()):
            if not 0 <= first < len(row):
                continue
            value = origin.setdefault((top, first), row[first])
            for column in range(first, min(last + 1, len(row))):
                row[column] = value
        yield place, row


def _without_blank_tail(header: Row) -> Row:
    width = max(number for number, name in enumerate(header, 1) if shown(name))
    return header[:width]


def cell_text(cell: Any) -> str:
    """The text of a cell's value."""
    match cell:
        case str():
            return cell
        case bool():
            return "TRUE" if cell else "FALSE"
        case int() | float():
            return _number_text(cell)
        case datetime():
            midnight = cell.time() == time()
            return cell.date().isoformat() if midnight else cell.isoformat(" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
        case _:
            return "" if cell is None else str(cell)


def _number_text(number: float) -> str:
    if abs(number) >= _EXACT:
        return f"{DAMAGED}{Decimal(number):f}"
    text = f"{Decimal(f'{number:.15g}'):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
