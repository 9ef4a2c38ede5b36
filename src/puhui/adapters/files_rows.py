"""Rows of text written to the Parquet form of Records: the delivered columns and the record number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from puhui.intake.formats import LINE

BATCH = 32_768


class TextRows:
    """Collects rows and writes them batch by batch; empty text becomes null, as the engine's CSV reader does
    it.

    Values are str, bytes (UTF-8) or None. A row shorter than the header is filled with null.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        fields = [pa.field(name, pa.string()) for name in columns]
        self._schema = pa.schema([*fields, pa.field(LINE, pa.int64())])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._width = len(columns)
        self._rows: list[Sequence[Any]] = []
        self._lines: list[int] = []

    def __enter__(self) -> TextRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._write()
        self._writer.close()

    def add(self, line: int, values: Sequence[Any]) -> None:
        """Append one row under its record number."""
        if len(values) < self._width:
            values = [*values, *[None] * (self._width - len(values))]
        self._rows.append(values)
        self._lines.append(line)
        if len(self._rows) >= BATCH:
            self._write()

    def _write(self) -> None:
        if not self._rows:
            return
        columns = [_text_array([value or None for value in column]) for column in zip(*self._rows, strict=True)]
        columns.append(pa.array(self._lines, pa.int64()))
        self._writer.write_batch(pa.record_batch(columns, schema=self._schema))
        self._rows.clear()
        self._lines.clear()


def _text_array(values: list[Any]) -> pa.Array:
    first = next((value for value in values if value is not None), None)
    if isinstance(first, bytes):
        return pa.array(values, pa.binary()).cast(pa.string())
    return pa.array(values, pa.string())
