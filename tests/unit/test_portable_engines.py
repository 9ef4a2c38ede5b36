"""The allow list on two engines: each function gives equal results in DuckDB and in Sail, each trap
shown does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from puhui.indicators.allowlist import FUNCTIONS

Run = Callable[[str], tuple[Any, Any]]
DECIMALS = [Decimal("1.25"), Decimal("7.35"), Decimal("-7.35"), None, Decimal("0.00")]
ROWS = pa.table(
    {
        "subject": ["a", "a", "b", "c", "d"],
        "i": pa.array([1, 7, -7, None, 0], pa.int64()),
        "d": pa.array(DECIMALS, pa.decimal128(16, 2)),
        "s": ["ab", "é中", "AB ", None, ""],
        "dt": [date(2026, 1, 31), date(2025, 2, 28), date(2024, 2, 29), None, date(1899, 12, 31)],
        "b": [True, False, True, None, False],
    }
)
WINDOWS = (
    "row_number() OVER (PARTITION BY subject ORDER BY i DESC, s)",
    "rank() OVER (PARTITION BY subject ORDER BY b)",
    "dense_rank() OVER (PARTITION BY subject ORDER BY b DESC)",
    "lag(i) OVER (PARTITION BY subject ORDER BY i)",
    "lead(d) OVER (PARTITION BY subject ORDER BY i, d)",
    "first_value(s) OVER (PARTITION BY subject ORDER BY s)",
    "sum(i) OVER (PARTITION BY subject ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
)
OPERATORS = (
    "max(i % 3)",
    "sum(d * 1.5)",
    "sum(d * d) * count(*)",
    "max(dt + 30)",
    "max(CASE WHEN i > 1 THEN d ELSE i END)",
    "max(CAST(d AS DECIMAL(18, 1)))",
    "max(CAST(b AS BIGINT))",
    "count(*) FILTER (WHERE i IS DISTINCT FROM 1)",
    "count(*) FILTER (WHERE s LIKE 'a_')",
    "count(DISTINCT i) FILTER (WHERE b)",
    "bit_or(CAST(1 AS BIGINT) << (i & 7))",
)
TRAPS = (
    "avg(d)",
    "max(CAST(d + 0.15 AS BIGINT))",
    "max(date_diff('month', dt, DATE '2026-06-30'))",
    "max(dt + INTERVAL 1 MONTH)",
    "count_if(b)",
    "max(dayofweek(dt))",
    "max(substr(s, 0, 2))",
    "max(sign(d))",
    "max(floor(i))",
    "max(month(dt) * 999999999)",
    "sum(b)",
    "count(*) FILTER (WHERE b = 1)",
    "sum(i) / 0",
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs one query on DuckDB and, transpiled, on Sail: sorted rows with their types, or the word
    `error`."""
    sail = pytest.importorskip("pysail.spark")
    sessions = pytest.importorskip("pyspark.sql")
    path: Path = tmp_path_factory.mktemp("rows") / "t.parquet"
    pq.write_table(ROWS, path)
    server = sail.SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    _, port = server.listening_address
    spark = sessions.SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    spark.read.parquet(str(path)).createOrReplaceTempView("t")
    duck = duckdb.connect()
    duck.execute(f"CREATE VIEW t AS FROM '{path}'")

    def run(sql: str) -> tuple[Any, Any]:
        spoken = sqlglot.transpile(sql, read="duckdb", write="spark")[0]
        try:
            other = _plain(spark.sql(spoken).collect())
        except Exception as error:  # pyspark has no one root for what an engine refuses
            other = f"error: {type(error).__name__}"
        return _plain(duck.execute(sql).fetchall()), other

    yield run
    spark.stop()
    server.stop()


def _plain(rows: list[Any]) -> list[tuple[str, str, str]]:
    return sorted((str(row[0]), type(row[1]).__name__, str(row[1])) for row in rows)


@pytest.mark.parametrize("value", [*(one.example for one in FUNCTIONS if one.example), *OPERATORS])
def test_what_is_allowed_is_equal(both: Run, value: str) -> None:
    duck, sail = both(
        f"SELECT subject, {value} AS value FROM t WHERE i >= 0 OR i < 0 OR i IS NULL GROUP BY subject"
    )
    assert duck == sail


@pytest.mark.parametrize("value", WINDOWS)
def test_windows_are_equal(both: Run, value: str) -> None:
    duck, sail = both(f"SELECT subject, {value} AS value FROM t")
    assert duck == sail


@pytest.mark.parametrize("value", TRAPS)
def test_what_is_refused_differs(both: Run, value: str) -> None:
    duck, sail = both(f"SELECT subject, {value} AS value FROM t GROUP BY subject")
    assert duck != sail
