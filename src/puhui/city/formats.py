"""Files of text rows in the forms that agencies send. Writers take tables of text in the file's column order and
keep nothing; the same tables give the same bytes. Records are numbered from 1 over the life of a writer.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import BinaryIO, Protocol
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from puhui.city.columns import joined
from puhui.city.layouts import Style

_SIGNS = (b'"', b",", b"\t", b"|", b"\r", b"\n")
_SPECIAL = '[",\t|\r\n]'


class Writer(Protocol):
    """Appends rows to one file. `cut` are places of rows that break in the CSV sense; other forms ignore it."""

    def append(self, rows: pa.Table, cut: pa.Array) -> None: ...

    def close(self) -> None: ...


def open_writer(path: Path, style: Style, titles: list[str]) -> Writer:
    """A writer for the style's kind of file."""
    match style.ending:
        case "csv" | "txt" | "csv.gz":
            return TextWriter(path, style, titles)
        case "xlsx":
            return SheetWriter(path, titles)
        case "jsonl":
            return LinesWriter(path, titles)
        case "xml":
            return XmlWriter(path, style, titles)
        case "parquet":
            return ParquetWriter(path, titles)
        case other:
            raise ValueError(f"no writer for {other}")


class TextWriter:
    """Delimited text: lines are joined by Arrow, so that a column's text is copied and never looked at cell by cell."""

    def __init__(self, path: Path, style: Style, titles: list[str]) -> None:
        self._style = style
        self._raw = path.open("wb")
        self._out: BinaryIO | gzip.GzipFile = self._raw
        if style.ending.endswith(".gz"):
            self._out = gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=self._raw, mtime=0)
        mark = b"\xef\xbb\xbf" if style.bom else b""
        self._out.write(mark + (style.delimiter.join(titles) + style.newline).encode(style.encoding))

    def append(self, rows: pa.Table, cut: pa.Array) -> None:
        if not rows.num_rows:
            return
        cells = [_quoted(pc.fill_null(column, "")) for column in (c.combine_chunks() for c in rows.columns)]
        lines = pc.binary_join_element_wise(*cells, self._style.delimiter)
        lines = pc.if_else(cut, _broken(lines, self._style.delimiter), lines)
        data = _data_of(joined(lines, self._style.newline))
        if self._style.encoding == "utf-8":
            self._out.write(data)
        else:
            self._out.write(bytes(data).decode().encode(self._style.encoding))

    def close(self) -> None:
        self._out.close()
        self._raw.close()


def _data_of(texts: pa.StringArray) -> memoryview:
    """All texts one after another, as they lie in Arrow's memory."""
    _, offsets, data = texts.buffers()
    ends = memoryview(offsets).cast("i")
    return memoryview(data)[ends[texts.offset] : ends[texts.offset + len(texts)]]


def _quoted(cells: pa.Array) -> pa.Array:
    text = bytes(_data_of(cells))
    if not any(sign in text for sign in _SIGNS):  # one look at all cells is quicker than one at each
        return cells
    special = pc.match_substring_regex(cells, _SPECIAL)
    quoted = joined('"', pc.replace_substring(cells, '"', '""'), '"')
    return pc.if_else(special, quoted, cells)


def _broken(lines: pa.Array, delimiter: str) -> pa.Array:
    """Lines with two cells too many, as an unquoted `5,000(万美元)` makes them."""
    return joined(lines, f"{delimiter}5{delimiter}000(万美元)")


class LinesWriter:
    """One JSON object a line; nulls are null."""

    def __init__(self, path: Path, titles: list[str]) -> None:
        self._out = path.open("wb")
        self._titles = titles

    def append(self, rows: pa.Table, cut: pa.Array) -> None:
        if not rows.num_rows:
            return
        parts: list[pa.Array | str] = []
        for place, (title, column) in enumerate(zip(self._titles, rows.columns, strict=True)):
            before = ("{" if place == 0 else ",") + json.dumps(title, ensure_ascii=False) + ":"
            parts += [before, _json_text(column.combine_chunks())]
        self._out.write(_data_of(joined(*parts, "}\n")))

    def close(self) -> None:
        self._out.close()


def _json_text(cells: pa.Array) -> pa.Array:
    safe = pc.replace_substring(pc.replace_substring(cells, "\\", "\\\\"), '"', '\\"')
    return pc.fill_null(joined('"', safe, '"'), "null")


class XmlWriter:
    """`<记录><标题>…</标题></记录>` in the style's encoding; empty cells have no element."""

    def __init__(self, path: Path, style: Style, titles: list[str]) -> None:
        self._out = path.open("wb")
        self._encoding = style.encoding
        self._tags = [_tag(title) for title in titles]
        self._write(f'<?xml version="1.0" encoding="{style.encoding.upper()}"?>\n<数据>\n')

    def _write(self, text: str) -> None:
        self._out.write(text.encode(self._encoding))

    def append(self, rows: pa.Table, cut: pa.Array) -> None:
        columns = [column.to_pylist() for column in rows.columns]
        for cells in zip(*columns, strict=True):
            parts = [f"<{t}>{escape(c)}</{t}>" for t, c in zip(self._tags, cells, strict=True) if c is not None]
            self._write("<记录>" + "".join(parts) + "</记录>\n")

    def close(self) -> None:
        self._write("</数据>\n")
        self._out.close()


def _tag(title: str) -> str:
    """A title as an element's name: no brackets, slashes or blanks."""
    return "".join(sign for sign in title if sign.isalnum() or sign in "_-.")


class ParquetWriter:
    """Typed Parquet: columns keep the types they come in."""

    def __init__(self, path: Path, titles: list[str]) -> None:
        self._path = path
        self._titles = titles
        self._writer: pq.ParquetWriter | None = None

    def append(self, rows: pa.Table, cut: pa.Array) -> None:
        titled = rows.rename_columns(self._titles)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, titled.schema, compression="zstd")
        self._writer.write_table(titled)

    def close(self) -> None:
        if self._writer is None:
            schema = pa.schema([(title, pa.string()) for title in self._titles])
            self._writer = pq.ParquetWriter(self._path, schema, compression="zstd")
        self._writer.close()


_CONTENT_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_RELS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
    "</Relationships>"
)
_WORKBOOK = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="数据" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


class SheetWriter:
    """A workbook of one sheet with text cells, written in one go when it is closed; for small parcels."""

    def __init__(self, path: Path, titles: list[str]) -> None:
        self._path = path
        self._body = io.StringIO()
        self._count = 0
        self._row(titles)

    def _row(self, cells: list[str | None]) -> None:
        parts = [
            f'<c r="{_letters(at)}{self._count + 1}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
            for at, cell in enumerate(cells)
            if cell is not None
        ]
        self._body.write(f'<row r="{self._count + 1}">' + "".join(parts) + "</row>")
        self._count += 1

    def append(self, rows: pa.Table, cut: pa.Array) -> None:
        for cells in zip(*[column.to_pylist() for column in rows.columns], strict=True):
            self._row(list(cells))

    def close(self) -> None:
        kinds = {"_rels/.rels": ("officeDocument", "xl/workbook.xml")}
        kinds["xl/_rels/workbook.xml.rels"] = ("worksheet", "worksheets/sheet1.xml")
        with zipfile.ZipFile(self._path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
            _put(book, "[Content_Types].xml", _CONTENT_TYPES)
            for name, (kind, target) in kinds.items():
                _put(book, name, _RELS.format(kind=kind, target=target))
            _put(book, "xl/workbook.xml", _WORKBOOK)
            _put(book, "xl/worksheets/sheet1.xml", _SHEET + self._body.getvalue() + "</sheetData></worksheet>")


def _put(book: zipfile.ZipFile, name: str, text: str) -> None:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # a fixed time: same rows, same bytes
    entry.compress_type = zipfile.ZIP_DEFLATED
    book.writestr(entry, text)


def _letters(at: int) -> str:
    """0 → A, 26 → AA."""
    return (chr(64 + at // 26) if at >= 26 else "") + chr(65 + at % 26)
