"""Rows for the snapshot benchmark: three resources as bucketed Parquet files, and 100 indicators over them.

Deterministic. 100 rows a subject: 60 of tax, 30 of social insurance, 10 of power, over four years.
"""

# ruff: noqa: E501 - a table is read by its rows

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from puhui.indicators.sources import Column, Source
from puhui.model.delivery import DeliveryKind, Edition, EditionFile
from puhui.model.subject import SubjectKind
from puhui.packs.forms import Words
from puhui.packs.forms_answers import IndicatorHead
from puhui.packs.packset import Indicator

AS_OF = date(2026, 6, 30)
BUCKETS = 16
ROWS_A_SUBJECT = 100
SOURCES = {
    "tax": Source(
        "tax",
        (
            Column("item", "VARCHAR", 0),
            Column("kind", "VARCHAR", 1),
            Column("paid", "DECIMAL(16,2)", 2),
            Column("sales", "DECIMAL(18,2)", 3),
            Column("day", "DATE", 4),
        ),
        False,
        frozenset({SubjectKind.ENTERPRISE}),
        (),
    ),
    "social": Source(
        "social",
        (Column("month", "DATE", 0), Column("base", "DECIMAL(12,2)", 1), Column("heads", "BIGINT", 2)),
        False,
        frozenset(),
        (),
    ),
    "power": Source(
        "power",
        (
            Column("month", "DATE", 0),
            Column("kwh", "DECIMAL(14,2)", 1),
            Column("due", "DATE", 2),
            Column("settled", "DATE", 3),
        ),
        False,
        frozenset(),
        (),
    ),
}
_TOKENS = "'360500a1' || CASE WHEN s % 7 = 0 THEN 'I' ELSE 'E' END || printf('%018x', hash(s) % 1000000000000000000) || printf('%02x', s % 256)"
_SHARES = {"tax": 60, "social": 30, "power": 10}
_COLUMNS = {
    "tax": """CASE WHEN h % 3 = 0 THEN '增值税' WHEN h % 3 = 1 THEN '企业所得税' ELSE '印花税' END AS item,
        CASE WHEN h % 20 = 0 THEN '滞纳金' ELSE '正税' END AS kind,
        CAST(CAST(h % 10000000 AS DECIMAL(16,2)) / 100 AS DECIMAL(16,2)) AS paid,
        CAST(CAST(h % 90000000 AS DECIMAL(18,2)) / 10 AS DECIMAL(18,2)) AS sales,
        DATE '2022-07-01' + CAST(h % 1461 AS INTEGER) AS day""",
    "social": """last_day(DATE '2022-07-01' + CAST(h % 1461 AS INTEGER)) AS month,
        CAST(3000 + CAST(h % 2000000 AS DECIMAL(12,2)) / 100 AS DECIMAL(12,2)) AS base, CAST(h % 40 AS BIGINT) AS heads""",
    "power": """last_day(DATE '2022-07-01' + CAST(h % 1461 AS INTEGER)) AS month,
        CAST(CAST(h % 5000000 AS DECIMAL(14,2)) / 100 AS DECIMAL(14,2)) AS kwh,
        last_day(DATE '2022-07-01' + CAST(h % 1461 AS INTEGER)) + 20 AS due,
        CASE WHEN h % 11 = 0 THEN NULL ELSE last_day(DATE '2022-07-01' + CAST(h % 1461 AS INTEGER)) + CAST(h % 60 AS INTEGER) END AS settled""",
}


@dataclass(frozen=True, slots=True)
class Lake:
    """The editions of the benchmark."""

    editions: dict[str, tuple[Edition, tuple[EditionFile, ...]]]
    rows: int
    subjects: int


def lake(rows: int, cache: Path) -> Lake:
    """The files for so many rows, made once and kept in the cache folder."""
    subjects = rows // ROWS_A_SUBJECT
    folder = cache / f"snapshot-{rows}"
    if not (folder / "whole").exists():
        _make(folder, subjects)
        (folder / "whole").touch()
    editions = {name: _edition(name, folder, subjects * share) for name, share in _SHARES.items()}
    return Lake(editions, subjects * ROWS_A_SUBJECT, subjects)


def _make(folder: Path, subjects: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    db = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
    for name, share in _SHARES.items():
        for bucket in range(BUCKETS):
            db.execute(
                f"""COPY (SELECT {_TOKENS} AS subject, CAST({bucket} AS INTEGER) AS bucket, '' AS period, 'p' AS parcel,
                    CAST(i AS BIGINT) AS line, CAST(0 AS BIGINT) AS conflict, {_COLUMNS[name]}
                    FROM (SELECT i, (i % {max(subjects // BUCKETS, 1)}) * {BUCKETS} + {bucket} AS s, hash(i * 31 + {bucket}) >> 1 AS h
                          FROM range({subjects // BUCKETS * share}) AS r(i)))
                    TO '{folder}/{name}-{bucket:02}.parquet' (FORMAT parquet, COMPRESSION zstd)"""
            )
    db.close()


def _edition(name: str, folder: Path, rows: int) -> tuple[Edition, tuple[EditionFile, ...]]:
    files = tuple(
        EditionFile(str(folder / f"{name}-{bucket:02}.parquet"), rows // BUCKETS, bucket, bucket)
        for bucket in range(BUCKETS)
    )
    edition = Edition(name, 1, 0, None, "", DeliveryKind.SNAPSHOT, datetime(2026, 7, 1, tzinfo=UTC), rows)
    return edition, files


@dataclass(frozen=True, slots=True)
class Told:
    """One indicator of the benchmark. `hand` is what a hand-written script selects for it from the same rows."""

    name: str
    table: str
    type: str
    sql: str
    hand: str
    empty: object = 0


def _simple(name: str, table: str, kind: str, value: str, where: str, empty: object = 0) -> Told:
    """`value` holds {F} where a hand-written script filters by hand."""
    sql = f"SELECT subject, {value.replace('{F}', '')} AS value FROM {table}" + (f" WHERE {where}" if where else "")
    return Told(name, table, kind, f"{sql} GROUP BY subject", value.replace("{F}", f" FILTER (WHERE {where})"), empty)


def indicators() -> list[Told]:
    """The 100: 88 over one scan of a table each, 12 that need their own."""
    return [*_tax(), *_social(), *_power(), *_alone()]


def _window(day: str, months: int) -> str:
    return f"{day} > :back_{months}m AND {day} <= :as_of"


def _tax() -> Iterator[Told]:
    for w in (3, 6, 12, 24):
        inside = _window("day", w)
        yield _simple(f"paid_{w}m", "tax", "decimal(18,2)", "sum(paid){F}", f"kind = '正税' AND {inside}")
        yield _simple(
            f"vat_{w}m",
            "tax",
            "decimal(18,2)",
            "sum(paid){F}",
            f"item = '增值税' AND kind = '正税' AND {inside}",
        )
        yield _simple(f"sales_{w}m", "tax", "decimal(18,2)", "sum(sales){F}", f"item = '增值税' AND {inside}")
        yield _simple(f"late_{w}m", "tax", "decimal(18,2)", "sum(paid){F}", f"kind = '滞纳金' AND {inside}")
        yield _simple(f"late_cnt_{w}m", "tax", "int", "count(*){F}", f"kind = '滞纳金' AND {inside}")
        yield _simple(f"entries_{w}m", "tax", "int", "count(*){F}", inside)
        yield _simple(f"max_paid_{w}m", "tax", "decimal(16,2)", "max(paid){F}", inside, None)
        yield _simple(f"min_paid_{w}m", "tax", "decimal(16,2)", "min(paid){F}", inside, None)
        yield _simple(f"last_day_{w}m", "tax", "date", "max(day){F}", inside, None)
        yield _simple(
            f"mean_paid_{w}m",
            "tax",
            "decimal(18,4)",
            "sum(paid){F} / nullif(count(paid){F}, 0)",
            inside,
            None,
        )
        yield _simple(
            f"burden_{w}m",
            "tax",
            "decimal(12,6)",
            "sum(paid){F} / nullif(sum(sales){F}, 0)",
            f"item = '增值税' AND {inside}",
            None,
        )
        yield _simple(
            f"tax_months_{w}m",
            "tax",
            "int",
            "count(DISTINCT year(day) * 12 + month(day)){F}",
            f"paid > 0 AND {inside}",
        )


def _social() -> Iterator[Told]:
    for w in (3, 6, 12, 24):
        inside = _window("month", w)
        yield _simple(f"base_{w}m", "social", "decimal(18,2)", "sum(base){F}", inside)
        yield _simple(f"base_max_{w}m", "social", "decimal(12,2)", "max(base){F}", inside, None)
        yield _simple(f"heads_{w}m", "social", "int", "sum(heads){F}", inside)
        yield _simple(f"heads_max_{w}m", "social", "int", "max(heads){F}", inside, None)
        yield _simple(
            f"mean_heads_{w}m",
            "social",
            "decimal(12,4)",
            "sum(heads){F} / nullif(count(heads){F}, 0)",
            inside,
            None,
        )
        yield _simple(f"small_{w}m", "social", "int", "count(*){F}", f"heads < 5 AND {inside}")


def _power() -> Iterator[Told]:
    for w in (3, 6, 12, 24):
        inside = _window("month", w)
        yield _simple(f"kwh_{w}m", "power", "decimal(18,2)", "sum(kwh){F}", inside)
        yield _simple(f"kwh_max_{w}m", "power", "decimal(14,2)", "max(kwh){F}", inside, None)
        yield _simple(f"owed_{w}m", "power", "int", "count(*){F}", f"(settled IS NULL OR settled > due) AND {inside}")
        yield _simple(
            f"mean_kwh_{w}m", "power", "decimal(18,4)", "sum(kwh){F} / nullif(count(kwh){F}, 0)", inside, None
        )


def _alone() -> Iterator[Told]:
    for w in (12, 24, 36):
        months = f"""WITH m AS (SELECT subject, year(day) * 12 + month(day) AS mon, sum(sales) AS s FROM tax
            WHERE item = '增值税' AND {_window("day", w)} GROUP BY subject, year(day) * 12 + month(day))"""
        spread = "sqrt((count(*) * sum(s * s) - sum(s) * sum(s)) / nullif(count(*) * (count(*) - 1), 0)) / nullif(sum(s) / nullif(count(*), 0), 0)"
        yield Told(f"sales_cv_{w}m", "tax", "decimal(12,6)", f"{months} SELECT subject, {spread} AS value FROM m GROUP BY subject",
                   f"{months} SELECT subject, stddev_samp(CAST(s AS DOUBLE)) / nullif(avg(s), 0) AS value FROM m GROUP BY subject", None)  # fmt: skip
    for w in (12, 24, 36):
        runs = f"""WITH m AS (SELECT DISTINCT subject, year(month) * 12 + month(month) AS mon FROM social
            WHERE {_window("month", w)}),
            g AS (SELECT subject, mon - row_number() OVER (PARTITION BY subject ORDER BY mon) AS run FROM m),
            r AS (SELECT subject, run, count(*) AS n FROM g GROUP BY subject, run)
            SELECT subject, max(n) AS value FROM r GROUP BY subject"""
        yield Told(f"longest_run_{w}m", "social", "int", runs, runs)
    for w in (12, 24, 36):
        gaps = f"""WITH d AS (SELECT DISTINCT subject, day FROM tax WHERE {_window("day", w)}),
            g AS (SELECT subject, date_diff('day', lag(day) OVER (PARTITION BY subject ORDER BY day), day) AS gap FROM d)
            SELECT subject, max(gap) AS value FROM g GROUP BY subject"""
        yield Told(f"longest_gap_{w}m", "tax", "int", gaps, gaps, None)
    for w in (12, 24, 36):
        last = f"""SELECT subject, kwh AS value FROM (SELECT subject, kwh, row_number() OVER
            (PARTITION BY subject ORDER BY month DESC, kwh DESC) AS rn FROM power WHERE {_window("month", w)}) AS t WHERE rn = 1"""
        yield Told(f"last_kwh_{w}m", "power", "decimal(14,2)", last, last, None)


def indicator_of(told: Told) -> Indicator:
    """The indicator as a pack would hold it."""
    head = IndicatorHead(
        format=1, id="B", title=Words(zh=told.name, en=told.name), group="bench",
        subjects=["enterprise", "sole_trader"], type=told.type, window="at", empty=told.empty,
        release=["value"], purposes=["lending"],
    )  # fmt: skip
    return Indicator(told.name, "bench", head, told.sql, f"{told.name}.sql", 1)
