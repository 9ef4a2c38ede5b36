"""The one shape that every delivered file is read into: text columns, record numbers, and the records that
broke.

Promise: whatever the kind of file, `Records` names a file that the engine reads as text only, and every
record of the delivered file is counted once: in that file, or in `broken` (or, for plain CSV, among the
engine's rejected rows).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePath


class FileKind(StrEnum):
    """Kinds of file that are read. `CSV` is any delimited text, whatever the delimiter."""

    CSV = "csv"
    XLSX = "xlsx"
    XLS = "xls"
    PARQUET = "parquet"
    JSONL = "jsonl"
    XML = "xml"
    GZIP = "gz"
    ZIP = "zip"
    TABLE = "table"  # pulled from a database

    @property
    def packed(self) -> bool:
        return self in (FileKind.GZIP, FileKind.ZIP)

    @property
    def excel(self) -> bool:
        return self in (FileKind.XLSX, FileKind.XLS)


class Form(StrEnum):
    """How the engine reads the records."""

    CSV = "csv"  # plain UTF-8 CSV: one record a line, read where it lies
    PARQUET = "parquet"  # text columns and LINE


LINE = "line"  # the column of the record number, from 1, in the Parquet form


class Break(StrEnum):
    """Why a record breaks in the CSV sense."""

    TOO_MANY = "too_many_columns"
    TOO_FEW = "too_few_columns"
    QUOTES = "quotes"  # a quoted value that is not closed, or goes on after its closing quote
    SYNTAX = "syntax"  # a line of JSON that is no object


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A record that is no row: its number from 1, the physical line where it starts, its text, and why."""

    line: int
    place: int
    raw: str
    reason: Break


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text is written. `skip` counts physical lines before the header (a title, blank
    lines)."""

    delimiter: str = ","
    quote: str = '"'
    newline: str = "\n"
    encoding: str = "utf-8"  # utf-8, gb18030, utf-16-le, utf-16-be
    bom: bool = False
    skip: int = 0
    longest: int = 0  # bytes of the longest line


EVERY = 32  # lines from one mark to the next: few to pass over, and a quarter of a byte for each in memory


@dataclass(frozen=True, slots=True)
class Records:
    """A delivered file, opened.

    `path` is what the engine reads, `source` the unpacked delivered bytes whose sha256 is `digest` and length
    `size`. `header` holds the names as delivered, `columns` the same as unique column names of the engine.
    `lines` counts all records without the header, broken ones included. `marks`: where every EVERYth line of a
    delimited text begins, from the second line on.
    """

    kind: FileKind
    form: Form
    path: Path
    source: Path
    header: tuple[str, ...]
    columns: tuple[str, ...]
    lines: int
    digest: str
    size: int
    dialect: Dialect = Dialect()
    broken: tuple[BrokenRow, ...] = ()
    banner: tuple[str, ...] = ()  # texts that stood before the header
    manifest: bytes | None = None  # the manifest that came in the same archive
    marks: Sequence[int] = field(default=(), compare=False, repr=False)


_MAGIC = (
    (b"PAR1", FileKind.PARQUET),
    (b"\x1f\x8b", FileKind.GZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileKind.XLS),
)
_SUFFIX = {
    ".jsonl": FileKind.JSONL,
    ".ndjson": FileKind.JSONL,
    ".json": FileKind.JSONL,
    ".xml": FileKind.XML,
}


def kind_of(name: str, head: bytes) -> FileKind:
    """The kind of a file by its first bytes, and by its name where bytes do not tell (text is text).

    A workbook is an archive too: `.xlsx` and `.xlsm` decide. What looks like nothing else is delimited text.
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    suffix = PurePath(name.lower()).suffix
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return FileKind.XLSX if suffix in (".xlsx", ".xlsm") else FileKind.ZIP
    return _SUFFIX.get(suffix, FileKind.CSV)
