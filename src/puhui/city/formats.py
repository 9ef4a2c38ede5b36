"""Files of text rows in the forms that agencies send. Writers take tables of text in the file's column order and keep
nothing; the same tables give the same bytes. Records are numbered from 1 over the life of a writer.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from puhui.city.columns import around_filled, data_of, joined
from puhui.city.layouts import Style
from puhui.city.sheets import SheetWriter

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
    """Delimited text: lines are joined by Arrow, so that a column's text is copied and never looked at
    cell by cell.
    """

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
        data = data_of(joined(lines, self._style.newline))
        if self._style.encoding == "utf-8":
            self._out.write(data)
        else:
            self._out.write(bytes(data).decode().encode(self._style.encoding))

    def close(self) -> None:
        self._out.close()
        self._raw.close()


def _quoted(cells: pa.Array) -> pa.Array:
    text = bytes(data_of(cells))
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
        self._out.write(data_of(joined(*parts, "}\n")))

    def close(self) -> None:
        self._out.close()


def _json_text(cells: pa.Array) -> pa.Array:
    safe = pc.replace_substring(pc.replace_substring(cells, "\\", "\\\\"), '"', '\\"')
    return pc.fill_null(joined('"', safe, '"'), "null")


class XmlWriter:
    """`<记录><field>…</field></记录>` in the style's encoding; empty cells have no element.

    Titles with brackets or strokes are no names in XML: the elements are named as the fields are.
    """

    def __init__(self, path: Path, style: Style, titles: list[str]) -> None:
        self._out = path.open("wb")
        self._encoding = style.encoding
        self._tags = titles
        self._write(f'<?xml version="1.0" encoding="{style.encoding.upper()}"?>\n<数据>\n')

    def _write(self, text: str) -> None:
        self._out.write(text.encode(self._encoding))

    def append(self, rows: pa.Table, cut: pa.Array) -> None:
        if not rows.num_rows:
            return
        cells = [
            around_filled(f"<{tag}>", column.combine_chunks(), f"</{tag}>")
            for tag, column in zip(self._tags, rows.columns, strict=True)
        ]
        self._write(bytes(data_of(joined("<记录>", *cells, "</记录>\n"))).decode())

    def close(self) -> None:
        self._write("</数据>\n")
        self._out.close()


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
