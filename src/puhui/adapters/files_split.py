"""Delimited text split exactly, record by record: the slow, sure way, for files that the engine would
misread.

The grammar (`docs/reference/files.md`): lines end with LF or CRLF (with CR where the file has no LF); blank
lines are no records; a value that starts with a quote ends at its closing quote, a doubled quote inside
stands for one; blanks before an opening and after a closing quote do not count; empty values too many at
the end of a record (trailing delimiters) are forgiven, as the engine does. A record over several lines that does
not come out whole breaks at its first line only, and reading goes on with the next line: one open quote never
swallows the rest of a file.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from puhui.adapters.files_rows import TextRows
from puhui.intake.formats import Break, BrokenRow, Dialect, Form, Records

MOST_LINES = 500  # physical lines that one record may span
MOST_BYTES = 1 << 20


def split_exactly(records: Records, workdir: Path) -> Records:
    """The same file in the Parquet form, with every broken record listed and all records counted anew."""
    target = workdir / f"{records.digest[:16]}.rows.parquet"
    width = len(records.columns)
    broken: list[BrokenRow] = []
    line = 0
    splitter = Splitter(records.path, records.dialect, width)
    with TextRows(target, records.columns) as rows:
        for record in splitter.records():
            line += 1
            if isinstance(record, _Broken):
                text = record.raw.decode("utf-8")
                broken.append(BrokenRow(line, record.place, text, record.reason))
            else:
                rows.add(line, record)
    return replace(records, form=Form.PARQUET, path=target, lines=line, broken=tuple(broken))


class _Broken:
    """One physical line that is no record."""

    __slots__ = ("place", "raw", "reason")

    def __init__(self, place: int, raw: bytes, reason: Break) -> None:
        self.place = place
        self.raw = raw
        self.reason = reason


class Splitter:
    """Cuts one file into records by the grammar above. `width` is the number of its columns."""

    def __init__(self, path: Path, dialect: Dialect, width: int) -> None:
        self._path = path
        self._dialect = dialect
        self._width = width
        self._delimiter = dialect.delimiter.encode()
        self._quoted = re.compile(rb' *"([^"]*(?:""[^"]*)*)" *(%b|\Z)' % re.escape(self._delimiter))
        self._opened = re.compile(rb' *"[^"]*(?:""[^"]*)*\Z')
        self._starts_quoted = re.compile(rb' *"')
        self._ahead: deque[tuple[int, bytes]] = deque()  # lines to be read again
        self._lines = _physical_lines(path, dialect)

    def records(self) -> Iterator[list[bytes] | _Broken]:
        """Every record after the header, whole or broken."""
        self._header()
        while (numbered := self._next()) is not None:
            place, line = numbered
            if not line.rstrip(b"\r\n"):
                continue
            yield self._record(place, line)

    def cells(self, line: bytes) -> list[bytes]:
        """The cells of one physical line that is a record; the line itself where its quotes are broken."""
        values, _ = self._values(line)
        return [line] if values is None else values[: max(self._width, 1)]

    def _header(self) -> None:
        for _ in range(self._dialect.skip):
            self._next()
        numbered = self._next()
        while numbered is not None and not numbered[1].rstrip(b"\r\n"):
            numbered = self._next()
        if numbered is not None and b'"' in numbered[1]:
            self._several(*numbered)

    def _next(self) -> tuple[int, bytes] | None:
        return self._ahead.popleft() if self._ahead else next(self._lines, None)

    def _record(self, place: int, line: bytes) -> list[bytes] | _Broken:
        body = line.rstrip(b"\r\n")
        if b'"' not in body:
            values = body.split(self._delimiter)
        else:
            several = self._several(place, line, self._width)
            if several is None:
                return _Broken(place, body, Break.QUOTES)
            values = several
        if len(values) > self._width and not any(values[self._width :]):
            values = values[: self._width]
        if len(values) == self._width:
            return values
        return _Broken(place, body, Break.TOO_MANY if len(values) > self._width else Break.TOO_FEW)

    def _several(self, place: int, line: bytes, width: int | None = None) -> list[bytes] | None:
        """The values of a record with quotes, reading on over newlines; None where its quotes are broken."""
        text, taken = line, [(place, line)]
        values, is_open = self._values(_without_end(text))
        while is_open and len(taken) < MOST_LINES and len(text) < MOST_BYTES:
            following = self._next()
            if following is None:
                break
            taken.append(following)
            text += following[1]
            values, is_open = self._values(_without_end(text))
        if len(taken) > 1 and not self._whole(values, width):
            self._ahead.extendleft(reversed(taken[1:]))
            return None
        return values

    def _whole(self, values: list[bytes] | None, width: int | None) -> bool:
        if values is None or width is None:
            return values is not None
        return len(values) == width or (len(values) > width and not any(values[width:]))

    def _values(self, body: bytes) -> tuple[list[bytes] | None, bool]:
        """The values, or None and whether a quoted value is still open at the end."""
        values: list[bytes] = []
        at = 0
        while True:
            if found := self._quoted.match(body, at):
                values.append(found[1].replace(b'""', b'"'))
                at = found.end()
                if not found[2]:
                    return values, False
            elif self._starts_quoted.match(body, at):
                return None, self._opened.match(body, at) is not None
            else:
                end = body.find(self._delimiter, at)
                if end < 0:
                    return [*values, body[at:]], False
                values.append(body[at:end])
                at = end + len(self._delimiter)


def _without_end(text: bytes) -> bytes:
    """The text without its last line end."""
    for end in (b"\r\n", b"\n", b"\r"):
        if text.endswith(end):
            return text[: -len(end)]
    return text


def _physical_lines(path: Path, dialect: Dialect) -> Iterator[tuple[int, bytes]]:
    """Each physical line with its end, numbered from 1, without a byte-order mark."""
    with path.open("rb") as file:
        lines = _carriage_lines(file) if dialect.newline == "\r" else file
        for place, line in enumerate(lines, 1):
            yield place, line.removeprefix(codecs.BOM_UTF8) if place == 1 else line


def _carriage_lines(file: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while part := file.read(MOST_BYTES):
        *whole, rest = (rest + part).split(b"\r")
        for line in whole:
            yield line + b"\r"
    if rest:
        yield rest
