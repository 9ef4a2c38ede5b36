"""Workbooks of one sheet, written without a library so that the same rows give the same bytes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from puhui.city.columns import around_filled, data_of, joined

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OVERRIDE = '<Override PartName="/xl/{part}" ContentType="application/vnd.openxmlformats-officedocument.{kind}+xml"/>'
_CONTENT_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    + _OVERRIDE.format(part="workbook.xml", kind="spreadsheetml.sheet.main")
    + _OVERRIDE.format(part="worksheets/sheet1.xml", kind="spreadsheetml.worksheet")
    + "</Types>"
)
_RELS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/{{kind}}" Target="{{target}}"/></Relationships>'
)
_WORKBOOK = (
    f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}/relationships">'
    '<sheets><sheet name="数据" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_OPEN = '" t="inlineStr"><is><t xml:space="preserve">'
_CLOSE = "</t></is></c>"


class SheetWriter:
    """A workbook with text cells, kept in memory and written when it is closed; for small parcels."""

    def __init__(self, path: Path, titles: list[str]) -> None:
        self._path = path
        self._body = bytearray()
        self._count = 0
        head = pa.table({title: pa.array([title], pa.string()) for title in titles})
        self.append(head, pa.array([False]))

    def append(self, rows: pa.Table, cut: pa.Array) -> None:
        if not rows.num_rows:
            return
        numbers = pc.cast(pa.array(np.arange(rows.num_rows) + self._count + 1), pa.string())
        cells = [
            around_filled(joined(f'<c r="{_letters(at)}', numbers, _OPEN), column.combine_chunks(), _CLOSE)
            for at, column in enumerate(rows.columns)
        ]
        self._body += data_of(joined('<row r="', numbers, '">', *cells, "</row>"))
        self._count += rows.num_rows

    def close(self) -> None:
        sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{self._body.decode()}</sheetData></worksheet>'
        parts = {
            "[Content_Types].xml": _CONTENT_TYPES,
            "_rels/.rels": _RELS.format(kind="officeDocument", target="xl/workbook.xml"),
            "xl/_rels/workbook.xml.rels": _RELS.format(kind="worksheet", target="worksheets/sheet1.xml"),
            "xl/workbook.xml": _WORKBOOK,
            "xl/worksheets/sheet1.xml": sheet,
        }
        with zipfile.ZipFile(self._path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
            for name, text in parts.items():
                _put(book, name, text)


def _put(book: zipfile.ZipFile, name: str, text: str) -> None:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # a fixed time: same rows, same bytes
    entry.compress_type = zipfile.ZIP_DEFLATED
    book.writestr(entry, text)


def _letters(at: int) -> str:
    """0 → A, 26 → AA."""
    return (chr(64 + at // 26) if at >= 26 else "") + chr(65 + at % 26)
