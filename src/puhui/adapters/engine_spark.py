"""The engine of indicators on what speaks Spark's dialect: Sail in this process, or Apache Spark in a local session.

The same SQL, transpiled. Exactness needs three settings that differ from a fresh Spark: ANSI mode (an
overflow is an error, never a wrong number), no loss of decimal digits, and UTC.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlglot

from puhui.indicators.engine import Buckets, Table, engine_refused

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.session.timeZone": "UTC",
}


class SparkEngine:
    """Runs queries in a Spark session that `sail` or `pyspark` made; `close` ends what they started."""

    def __init__(self, name: str, session: SparkSession, stop: Any) -> None:
        self.name = name
        self._session = session
        self._stop = stop

    def run(self, queries: Mapping[str, str], tables: Mapping[str, Table], buckets: Buckets) -> dict[str, pa.Table]:
        for name, table in tables.items():
            self._rows(table, buckets).createOrReplaceTempView(name)
        return {name: self._answer(name, sql) for name, sql in queries.items()}

    def _rows(self, table: Table, buckets: Buckets) -> DataFrame:
        files = table.files_of(buckets)
        if not files:
            nulls = ", ".join(f"CAST(NULL AS {spark_type(kind)}) AS `{name}`" for name, kind in table.columns)
            return self._session.sql(f"SELECT {nulls} WHERE FALSE")
        rows = self._session.read.option("mergeSchema", "true").parquet(*(os.fspath(file.path) for file in files))
        held = frozenset(rows.columns)
        condition = table.condition(buckets)
        if condition:
            rows = rows.where(spark_condition(condition))
        return rows.selectExpr(*(_column(name, kind, held) for name, kind in table.columns))

    def _answer(self, name: str, sql: str) -> pa.Table:
        from pyspark.errors import PySparkException

        try:
            return _arrow(self._session.sql(spark_sql(sql)))
        except PySparkException as error:
            # only the kind of error: its text may hold values of rows
            raise engine_refused(name, type(error).__name__) from error

    def close(self) -> None:
        self._session.stop()
        self._stop()


def _arrow(frame: DataFrame) -> pa.Table:
    """The answer as it came. `toArrow` over Spark Connect casts it to the analysed types, and Sail analyses
    a UNION by its first branch alone: a decimal that was computed right would be cast to an integer.
    """
    to_table = getattr(frame, "_to_table", None)  # frames of Spark Connect only
    return to_table()[0] if to_table is not None else frame.toArrow()


def sail(*, threads: int = 2) -> SparkEngine:
    """Sail: a server of Spark's protocol inside this process, started on a free local port."""
    os.environ.setdefault("SAIL_PARALLELISM", str(threads))
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    _, port = server.listening_address
    session = _set(SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate())
    return SparkEngine("sail", session, server.stop)


def pyspark(*, threads: int = 2, memory: str = "2g") -> SparkEngine:
    """Apache Spark in a local session; needs Java 17 and the whole `pyspark` package."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{threads}]").config("spark.driver.memory", memory)
    local = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    for key, value in {**local, "spark.sql.shuffle.partitions": str(threads), **_SETTINGS}.items():
        builder = builder.config(key, value)
    return SparkEngine("pyspark", builder.getOrCreate(), lambda: None)


def _set(session: SparkSession) -> SparkSession:
    for key, value in _SETTINGS.items():
        session.conf.set(key, value)
    return session


def spark_sql(sql: str) -> str:
    """A query of DuckDB's dialect in Spark's."""
    return sqlglot.transpile(sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]


def spark_condition(condition: str) -> str:
    """A condition of DuckDB's dialect in Spark's."""
    return sqlglot.parse_one(condition, read="duckdb").sql("spark")


def spark_type(kind: str) -> str:
    return "STRING" if kind == "VARCHAR" else kind


def _column(name: str, kind: str, held: frozenset[str]) -> str:
    value = f"`{name}`" if name in held else "NULL"
    return f"CAST({value} AS {spark_type(kind)}) AS `{name}`"
