"""Columns of a few texts are one byte in the engine, and the same texts to whoever reads the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from puhui.adapters.tables_duckdb import DuckTables
from puhui.model.tables import enum_type, literal


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[DuckTables]:
    made = DuckTables(tmp_path)
    yield made
    made.close()


def test_they_compare_as_their_texts(tables: DuckTables) -> None:
    words = ["乙", "b", "甲", "a", "", "it's", "b"]
    kind = enum_type(words)
    listed = ", ".join(f"({literal(word)})" for word in words)
    tables.execute(f"CREATE TABLE t AS SELECT w, w::{kind} AS e FROM (VALUES {listed}) v(w)")
    assert tables.rows("SELECT w FROM t ORDER BY e, w") == tables.rows("SELECT w FROM t ORDER BY w")
    assert tables.rows("SELECT count(*) FROM t a, t b WHERE (a.e < b.e) <> (a.w < b.w)") == [(0,)]
    assert tables.rows("SELECT count(*) FROM t a, t b WHERE (a.e < b.w) <> (a.w < b.w)") == [(0,)]


@pytest.mark.parametrize("by_bucket", [False, True])
def test_a_file_holds_text_and_its_range_of_periods_is_told(
    tables: DuckTables, tmp_path: Path, by_bucket: bool
) -> None:
    rows = "(VALUES (0, '2026-09', 'a'), (1, '', 'b'), (1, '2026-08', 'a')) t(bucket, period, c)"
    sql = f"SELECT bucket, period, c::{enum_type(['a', 'b'])} AS code FROM {rows}"
    assert tables.rows(f"SELECT DISTINCT typeof(code) LIKE 'ENUM%' FROM ({sql})") == [(True,)]
    written = tables.write_parquet(sql, str(tmp_path / "out"), by_bucket=by_bucket)
    held = [pq.read_table(file.path, partitioning=None) for file in written]
    assert {table.schema.field("code").type for table in held} == {pa.string()}
    assert sorted(code for table in held for code in table["code"].to_pylist()) == ["a", "a", "b"]
    ranges = {(file.bucket_low, file.bucket_high, file.period_low, file.period_high) for file in written}
    two = {(0, 0, "2026-09", "2026-09"), (1, 1, "", "2026-08")}
    assert ranges == (two if by_bucket else {(0, 1, "", "2026-09")})
