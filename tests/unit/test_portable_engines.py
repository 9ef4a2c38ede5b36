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
Typed = Callable[[str], tuple[str, bool]]
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
    "sum(CAST(d AS DECIMAL(19, 2)) * d) * count(*)",
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
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[duckdb.DuckDBPyConnection, Any]]:
    """DuckDB and a session of Sail over the same rows."""
    sail = pytest.importorskip("pysail.spark")
    clients = pytest.importorskip("pyspark.sql")
    path: Path = tmp_path_factory.mktemp("rows") / "t.parquet"
    pq.write_table(ROWS, path)
    server = sail.SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    _, port = server.listening_address
    spark = clients.SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    spark.read.parquet(str(path)).createOrReplaceTempView("t")
    duck = duckdb.connect()
    duck.execute(f"CREATE VIEW t AS FROM '{path}'")
    yield duck, spark
    spark.stop()
    server.stop()


@pytest.fixture(scope="module")
def both(sessions: tuple[duckdb.DuckDBPyConnection, Any]) -> Run:
    """Runs one query on DuckDB and, transpiled, on Sail: sorted rows with their types, or the word `error`."""
    duck, spark = sessions

    def run(sql: str) -> tuple[Any, Any]:
        spoken = sqlglot.transpile(sql, read="duckdb", write="spark")[0]
        try:
            other = _plain(spark.sql(spoken).collect())
        except Exception as error:  # pyspark has no one root for what an engine refuses
            other = f"error: {type(error).__name__}"
        return _plain(duck.execute(sql).fetchall()), other

    return run


@pytest.fixture(scope="module")
def typed_by_sail(sessions: tuple[duckdb.DuckDBPyConnection, Any]) -> Typed:
    """The type that Sail gives to `value`, and whether the Arrow answer has the values that DuckDB gives."""
    duck, spark = sessions

    def run(sql: str) -> tuple[str, bool]:
        frame = spark.sql(sqlglot.transpile(sql, read="duckdb", write="spark")[0])
        wanted = sorted(str(row[1]) for row in duck.execute(sql).fetchall())
        try:
            found = sorted(str(row["value"]) for row in frame.toArrow().to_pylist())
        except pa.ArrowInvalid:
            found = []
        return frame.schema["value"].dataType.simpleString(), found == wanted

    return run


def _plain(rows: list[Any]) -> list[tuple[str, str, str]]:
    return sorted((str(row[0]), type(row[1]).__name__, str(row[1])) for row in rows)


@pytest.mark.parametrize("value", [*(one.example for one in FUNCTIONS if one.example), *OPERATORS])
def test_what_is_allowed_is_equal(both: Run, value: str) -> None:
    duck, sail = both(f"SELECT subject, {value} AS value FROM t WHERE i >= 0 OR i < 0 OR i IS NULL GROUP BY subject")
    assert duck == sail


@pytest.mark.parametrize("value", WINDOWS)
def test_windows_are_equal(both: Run, value: str) -> None:
    duck, sail = both(f"SELECT subject, {value} AS value FROM t")
    assert duck == sail


@pytest.mark.parametrize("value", TRAPS)
def test_what_is_refused_differs(both: Run, value: str) -> None:
    duck, sail = both(f"SELECT subject, {value} AS value FROM t GROUP BY subject")
    assert duck != sail


LARGE = "CAST(9999999999999.99 AS DECIMAL(16, 2))"


def test_a_product_of_short_decimals_ends_the_query_in_duckdb(both: Run) -> None:
    with pytest.raises(duckdb.OutOfRangeException):
        both(f"SELECT subject, max({LARGE} * {LARGE}) AS value FROM t GROUP BY subject")


@pytest.mark.parametrize("value", [f"CAST({LARGE} AS DECIMAL(19, 2)) * {LARGE}", f"sum({LARGE}) * {LARGE}"])
def test_a_product_in_128_bits_is_equal(both: Run, value: str) -> None:
    duck, sail = both(f"SELECT subject, {value} AS value FROM t WHERE subject = 'b' GROUP BY subject")
    assert duck == sail
    assert duck[0][2].startswith("99999999999999800000000000.000")


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        ("CASE WHEN b THEN d ELSE 0 END", "decimal(16,2)"),
        ("CASE WHEN NOT b THEN 0 ELSE d END", "int"),
        ("CASE WHEN b THEN d ELSE i END", "decimal(16,2)"),
        ("CASE WHEN NOT b THEN i ELSE d END", "bigint"),
        ("CASE WHEN NOT b THEN 0.5 ELSE d END", "decimal(1,1)"),
        ("CASE WHEN NOT b THEN CAST(0.5 AS DECIMAL(16, 2)) ELSE d END", "decimal(16,2)"),
    ],
)
def test_sail_types_a_case_by_its_first_result(typed_by_sail: Typed, value: str, typed: str) -> None:
    """The stock client casts what comes back to this type, and loses or refuses what it does not hold."""
    found, kept = typed_by_sail(f"SELECT subject, {value} AS value FROM t")
    assert found == typed
    assert kept == (typed == "decimal(16,2)")
