"""`OpenedFile` for the story of a delivery: engine text, rejected records, and raw cells by record number."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from puhui.adapters.files_csv import read_sql, rejected_rows
from puhui.adapters.files_open import open_records
from puhui.adapters.files_split import split_exactly
from puhui.adapters.tables_duckdb import DuckTables
from puhui.intake.formats import EVERY, LINE, Form, Records
from puhui.quality.check import BrokenRecord

_BLOCK = 1 << 22
_A_JUMP = 100  # lines that are read through in the time that it takes to go to one


@dataclass(slots=True)
class FileOnDisk:
    """A delivered file in scratch form."""

    records: Records
    workdir: Path

    def source_sql(self) -> str:
        return read_sql(self.records)

    def sample_sql(self) -> str:
        return read_sql(self.records, rejects=None)

    def rejected(self, tables: DuckTables, staged: int) -> list[BrokenRecord] | None:
        """Every broken record; None if the engine lost count: the file was split exactly and must be staged again."""
        broken = self.records.broken
        if self.records.form is Form.CSV:
            broken = rejected_rows(tables, self.records)
        if staged + len(broken) != self.records.lines:
            self.records = split_exactly(self.records, self.workdir)
            return None
        return [BrokenRecord(b.line, b.place, b.raw, b.reason.value) for b in broken]

    def raw(self, lines: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """The cells as delivered of some records (ascending numbers)."""
        if self.records.form is Form.PARQUET:
            return self._raw_of_parquet(lines)
        return self._raw_of_csv(lines)

    def _raw_of_parquet(self, lines: Sequence[int]) -> dict[int, list[str]]:
        columns = [LINE, *self.records.columns]
        table = pq.read_table(self.records.path, columns=columns, filters=[(LINE, "in", list(lines))])
        return {row[LINE]: [row[c] or "" for c in self.records.columns] for row in table.to_pylist()}

    def _raw_of_csv(self, lines: Sequence[int]) -> dict[int, list[str]]:
        dialect = self.records.dialect
        skipped = dialect.skip + 1  # lines before the first record; then one record a line
        found: dict[int, list[str]] = {}
        for number, line in self._physical_lines([line + skipped - 1 for line in lines]):
            text = line.decode("utf-8", errors="replace").rstrip("\r\n")
            cells = next(csv.reader(io.StringIO(text), delimiter=dialect.delimiter, skipinitialspace=True), [])
            found[number - skipped + 1] = cells
        return found

    def _physical_lines(self, wanted: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Some lines of the file by their numbers from 0, ascending: few are gone to, for many the file is read."""
        records = self.records
        if records.marks and wanted and len(wanted) * _A_JUMP < wanted[-1]:
            return _lines_by_marks(records.path, wanted, records.marks)
        return _physical_lines(records.path, wanted, records.dialect.newline)


def _lines_by_marks(path: Path, wanted: Sequence[int], marks: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """As `_physical_lines`, of a file whose line ends are line feeds: from the last mark before each line."""
    with path.open("rb") as file:
        for one in wanted:
            mark = (one - 1) // EVERY
            if mark >= len(marks):
                return
            file.seek(marks[mark] if one else 0)
            for _ in range((one - 1) % EVERY if one else 0):
                file.readline()
            if line := file.readline():
                yield one, line.removesuffix(b"\n")


def _physical_lines(path: Path, wanted: Sequence[int], newline: str) -> Iterator[tuple[int, bytes]]:
    """Some lines of a file by their numbers from 0, ascending; line ends are found a block at a time."""
    end = 0x0D if newline == "\r" else 0x0A
    asked = np.array(wanted, np.int64)
    number, rest = 0, b""  # of the line that is under way, and what is read of it
    with path.open("rb") as file:
        while len(asked) and (block := file.read(_BLOCK)):
            ends = np.flatnonzero(np.frombuffer(block, np.uint8) == end)
            here = asked[: np.searchsorted(asked, number + len(ends))]
            for one in here.tolist():
                start = int(ends[one - number - 1]) + 1 if one > number else 0
                line = block[start : int(ends[one - number])]
                yield one, line if start else rest + line
            asked = asked[len(here) :]
            rest = block[int(ends[-1]) + 1 :] if len(ends) else rest + block
            number += len(ends)
    if len(asked) and rest and number == asked[0]:
        yield number, rest


def open_file(path: Path, workdir: Path) -> FileOnDisk:
    """Open a delivered file of any kind. Raises ParcelUnreadable."""
    return FileOnDisk(open_records(path, workdir=workdir), workdir)
