"""Parquet files as exact text: decimals plainly, dates and moments in ISO form, nested values as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from puhui.adapters.files_refused import empty_file, unreadable
from puhui.adapters.files_scan import digest_of
from puhui.intake.formats import LINE, FileKind, Form, Records
from puhui.intake.header import unique_columns

_BATCH = 65_536


def open_parquet(path: Path, workdir: Path) -> Records:
    """Open a Parquet file. Raises ParcelUnreadable."""
    digest, size = digest_of(path)
    target = workdir / f"{digest[:16]}.rows.parquet"
    try:
        with pq.ParquetFile(path) as source:
            header = tuple(source.schema_arrow.names)
            if not header:
                raise empty_file(path.name)
            columns = unique_columns(header)
            lines = _rewrite(source, target, columns)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(
            "Parquet 文件已损坏或含无法转为文本的列",
            "the Parquet file is damaged or has a column that is no text",
            todo_zh="请重新导出；二进制列请先去掉",
            todo_en="export again, without binary columns",
            where=type(error).__name__,
        ) from None
    return Records(
        kind=FileKind.PARQUET,
        form=Form.PARQUET,
        path=target,
        source=path,
        header=header,
        columns=columns,
        lines=lines,
        digest=digest,
        size=size,
    )


def _rewrite(source: pq.ParquetFile, target: Path, columns: tuple[str, ...]) -> int:
    schema = pa.schema([*(pa.field(name, pa.string()) for name in columns), pa.field(LINE, pa.int64())])
    line = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in source.iter_batches(_BATCH):
            numbers = pa.array(range(line + 1, line + 1 + len(batch)), pa.int64())
            texts = [_as_text(column) for column in batch.columns]
            writer.write_batch(pa.record_batch([*texts, numbers], schema=schema))
            line += len(batch)
    return line


def _as_text(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _as_text(column.dictionary_decode())
    if pa.types.is_nested(kind):
        texts = [None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in column.to_pylist()]
        return pa.array(texts, pa.string())
    if pa.types.is_decimal(kind):
        return pa.array([None if v is None else f"{v:f}" for v in column.to_pylist()], pa.string())
    return pc.cast(column, pa.string())
