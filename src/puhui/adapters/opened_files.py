"""`OpenedFile` for the story of a delivery: engine text, rejected records, and raw cells by record number."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from puhui.adapters.files_csv import read_sql, rejected_rows
from puhui.adapters.files_open import open_records
from puhui.adapters.files_split import split_exactly
from puhui.adapters.tables_duckdb import DuckTables
from puhui.intake.formats import LINE, Form, Records
from puhui.quality.check import BrokenRecord


@dataclass(slots=True)
class FileOnDisk:
    """A delivered file in scratch form."""

    records: Records
    workdir: Path

    def source_sql(self) -> str:
        return read_sql(self.records)

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
        wanted = set(lines)
        first = dialect.skip + 1  # physical line of the header, from 1; records follow, one a line
        found: dict[int, list[str]] = {}
        with self.records.path.open("rb") as file:
            for number, line in enumerate(file, start=0):
                record = number - first + 1
                if record in wanted:
                    text = line.decode("utf-8", errors="replace").rstrip("\r\n")
                    found[record] = next(csv.reader(io.StringIO(text), delimiter=dialect.delimiter), [])
                    if len(found) == len(wanted):
                        break
        return found


def open_file(path: Path, workdir: Path) -> FileOnDisk:
    """Open a delivered file of any kind. Raises ParcelUnreadable."""
    return FileOnDisk(open_records(path, workdir=workdir), workdir)
