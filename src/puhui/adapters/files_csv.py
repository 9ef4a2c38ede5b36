"""Delimited text. A plain UTF-8 file is read by the engine where it lies; anything else is split exactly
first.

How no record vanishes: `lines` is counted here, without the engine. The engine's rejected rows are read back
with their raw text from the file itself. If accepted plus rejected rows are not `lines`, the caller splits
the file exactly (`files_split.split_exactly`) and reads that instead.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from puhui.adapters.files_refused import empty_file, unreadable
from puhui.adapters.files_scan import CHUNK, Scan, scan
from puhui.adapters.files_split import Splitter, split_exactly
from puhui.adapters.files_text import HEAD, decode_to_utf8, encoding_of
from puhui.intake.formats import Break, BrokenRow, Dialect, FileKind, Form, Records
from puhui.intake.header import banner_rows, unique_columns
from puhui.model.tables import Tables, literal, quoted

DELIMITERS = (",", "\t", ";", "|")
SAMPLE = 200  # records looked at to tell the delimiter
REJECTS = "puhui_rejects"
_LINE = 2_000_000  # bytes that a line may have without a word to the engine
_LINES_IN_BUFFER = 6  # longest lines that a buffer of the engine holds: more take more memory and no less time
_TITLE_COSTS = 0.4  # a header in the first line speaks for a delimiter; one below a title speaks less
MAX_LINE = 16 << 20  # bytes; a longer line is no record of a register
MOST_BROKEN = 100_000  # above this and above half of all records, the file is not what it claims


def open_csv(path: Path, workdir: Path) -> Records:
    """Open delimited text of any encoding. Scratch files go to `workdir`. Raises ParcelUnreadable."""
    found = scan(path)
    with path.open("rb") as file:
        head = file.read(HEAD)
    encoding, bom = encoding_of(head, found)
    text, text_scan = path, found
    if encoding != "utf-8":
        text = workdir / f"{found.digest[:16]}.utf8.csv"
        decode_to_utf8(path, text, encoding)
        text_scan = scan(text)
    header, dialect, banner = _told(text, text_scan)
    records = Records(
        kind=FileKind.CSV,
        form=Form.CSV,
        path=text,
        source=path,
        header=header,
        columns=unique_columns(header),
        lines=text_scan.physical_lines - dialect.skip - 1,
        digest=found.digest,
        size=found.size,
        dialect=replace(dialect, encoding=encoding, bom=bom, longest=text_scan.longest),
        banner=banner,
        marks=text_scan.marks,
    )
    return records if text_scan.plain else split_exactly(records, workdir)


def _told(path: Path, found: Scan) -> tuple[tuple[str, ...], Dialect, tuple[str, ...]]:
    """Header, dialect and the texts above the header, told from the first lines."""
    if found.longest > MAX_LINE:
        raise unreadable(
            f"有一行长达 {found.longest} 字节",
            f"a line is {found.longest} bytes long",
            todo_zh="请检查行分隔符后重新导出",
            todo_en="check the line ends and export again",
        )
    with path.open("rb") as file:
        sample = _whole_lines(file.read(max(HEAD, 2 * found.longest)), found)
    delimiter, rows = _delimiter(sample, found.newline)
    above = banner_rows(rows[:SAMPLE])
    if not rows or not any(cell.strip() for cell in rows[above]):
        raise empty_file(path.name)
    header_starts = _physical_line(sample, delimiter, above)
    dialect = Dialect(delimiter=delimiter, newline=found.newline, skip=header_starts)
    banner = tuple(cell for row in rows[:above] for cell in row if cell.strip())
    return tuple(rows[above]), dialect, banner


def _whole_lines(head: bytes, found: Scan) -> str:
    if len(head) < found.size:
        head = head[: head.rfind(b"\r" if found.newline == "\r" else b"\n") + 1]
    return head.decode("utf-8").removeprefix("\ufeff")


def _delimiter(sample: str, newline: str) -> tuple[str, list[list[str]]]:
    """The delimiter under which most records have as many columns as the widest of the first ones, and the
    records."""
    best: tuple[float, int, str, list[list[str]]] = (-1.0, 0, ",", [])
    for delimiter in DELIMITERS:
        rows = _read_some(sample, delimiter)
        above = banner_rows(rows)
        width = len(rows[above]) if rows else 0
        if width < 2:
            continue
        agree = sum(len(row) == width for row in rows) / len(rows)
        score = (round(agree - (_TITLE_COSTS if above else 0), 2), width)
        if score > best[:2]:
            best = (*score, delimiter, rows)
    if best[3]:
        return best[2], best[3]
    return ",", _read_some(sample, ",")


def _read_some(sample: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) > SAMPLE:
                break
    except csv.Error:  # a NUL or an endless quote: what was read so far is the sample
        pass
    return rows


def _physical_line(sample: str, delimiter: str, record: int) -> int:
    """How many physical lines stand before a record of the sample."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, skipinitialspace=True)
    for _ in range(record):
        next(reader)
    return reader.line_num


def read_sql(records: Records, *, rejects: str | None = REJECTS) -> str:
    """What to write after FROM: all columns as text, in file order. The Parquet form has LINE beside them.

    For the CSV form, rejected records go to the temporary tables `<rejects>_scans` and `<rejects>_errors`; without a
    name they are passed over.
    """
    if records.form is Form.PARQUET:
        return f"read_parquet({literal(str(records.path))})"
    dialect = records.dialect
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in records.columns)
    limit = max(dialect.longest + 16, _LINE)
    kept = (
        "ignore_errors=true"
        if rejects is None
        else f"store_rejects=true, rejects_limit=0, rejects_scan={literal(rejects + '_scans')}, "
        f"rejects_table={literal(rejects + '_errors')}"
    )
    return (
        f"read_csv({literal(str(records.path))}, auto_detect=false, all_varchar=true, header=true, "
        f"skip={dialect.skip}, "
        f"delim={literal(dialect.delimiter)}, quote='\"', escape='\"', nullstr='', strict_mode=true, "
        f"columns={{{columns}}}, max_line_size={limit}, buffer_size={_LINES_IN_BUFFER * limit}, {kept})"
    )


def rejected_rows(tables: Tables, records: Records, *, rejects: str = REJECTS) -> tuple[BrokenRow, ...]:
    """The records that the engine rejected while it read `read_sql(records, rejects=rejects)`, by record
    number.

    Empty for the Parquet form, whose broken records are in `records.broken` already. Call it once after each
    read.
    """
    if records.form is Form.PARQUET:
        return ()
    found = tables.rows(
        f"SELECT line_byte_position - 1, list(DISTINCT CAST(error_type AS VARCHAR)) "
        f"FROM {quoted(rejects + '_errors')} GROUP BY 1 ORDER BY 1"
    )
    if len(found) > max(MOST_BROKEN, records.lines // 2):
        raise unreadable(
            f"{records.lines} 条记录中有 {len(found)} 条列数或引号不对",
            f"{len(found)} of {records.lines} records have the wrong number of columns or broken quotes",
            todo_zh="请检查分隔符和引号后重新导出",
            todo_en="check delimiter and quotes and export again",
        )
    return _located(records, found) if found else ()


def _located(records: Records, found: Sequence[tuple[int, list[str]]]) -> tuple[BrokenRow, ...]:
    """Rejected positions as broken rows: number and text come from the file, not from the engine, whose
    position may be anywhere in the line, or on the line feed before it.
    """
    errors: dict[int, list[str]] = {}
    texts: dict[int, str] = {}
    with records.path.open("rb") as file:
        last = _last_of_text(file)
        found = [(min(at, last), kinds) for at, kinds in found]
        lines = _lines_at(records.path, [at for at, _ in found])
        for (at, kinds), (before, start) in zip(found, lines, strict=True):
            file.seek(at)
            if file.read(1) == b"\n":
                before, start = before + 1, at + 1
            line = before - records.dialect.skip
            errors.setdefault(line, []).extend(kinds)
            if line not in texts:
                file.seek(start)
                texts[line] = file.readline().rstrip(b"\r\n").decode("utf-8")
    skip = records.dialect.skip
    return tuple(BrokenRow(n, n + skip + 1, texts[n], _reason(errors[n])) for n in sorted(errors))


def _last_of_text(file: BinaryIO) -> int:
    """Offset of the last byte that belongs to a line: the engine may also point behind the last line's end."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - 2, 0))
    ends = file.read(2)
    return max(size - 1 - (len(ends) - len(ends.rstrip(b"\r\n"))), 0)


def _lines_at(path: Path, offsets: Sequence[int]) -> list[tuple[int, int]]:
    """For each offset (ascending) how many line feeds stand before it, and where its line starts."""
    wanted = np.array(offsets)
    counts = np.zeros(len(wanted), dtype=np.int64)
    starts = np.zeros(len(wanted), dtype=np.int64)
    for ends in _line_feeds(path):
        before = np.searchsorted(ends, wanted)
        counts += before
        inside = before > 0
        starts[inside] = ends[before[inside] - 1] + 1
        if len(ends) and ends[-1] > wanted[-1]:
            break
    return list(zip(counts.tolist(), starts.tolist(), strict=True))


def _line_feeds(path: Path) -> Iterator[np.ndarray[Any, np.dtype[np.int64]]]:
    """Offsets of all line feeds, part by part."""
    start = 0
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            yield np.flatnonzero(np.frombuffer(part, dtype=np.uint8) == 0x0A) + start
            start += len(part)


def _reason(errors: Sequence[str]) -> Break:
    if "UNQUOTED VALUE" in errors:
        return Break.QUOTES
    return Break.TOO_FEW if "MISSING COLUMNS" in errors else Break.TOO_MANY


class PlainLines:
    """The physical lines of a plain CSV by record number; the places of all line ends are found once."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._ends = np.concatenate(list(_line_feeds(records.path)))

    def cells(self, lines: Sequence[int]) -> dict[int, list[str]]:
        """Record number → its cells as delivered."""
        splitter = Splitter(self._records.path, self._records.dialect, len(self._records.columns))
        found = {}
        with self._records.path.open("rb") as file:
            for line in lines:
                file.seek(int(self._ends[self._records.dialect.skip + line - 1]) + 1)
                values = splitter.cells(file.readline().rstrip(b"\r\n"))
                found[line] = [value.decode("utf-8") for value in values]
        return found
