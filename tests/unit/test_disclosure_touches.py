"""What an expression makes of a column: the table behind the release forms. And what no author can do to the reader."""

from __future__ import annotations

import time

import pytest

from puhui.packs.sql import read
from puhui.packs.sql_tables import Table
from puhui.packs.sql_ties import ties_of
from puhui.packs.sql_touches import outward, touches_of

COLUMNS = {"subject": "text", "x": "int", "y": "int", "dt": "date", "s": "text"}
TABLES = {
    "t": Table("t", COLUMNS, ("subject", "x")),
    "u": Table("u", COLUMNS, ("subject", "x")),
    "r": Table("r", {"subject": "text", "other": "text", "z": "int"}, ends=("subject", "other"), about="other"),
}


def hows(sql: str) -> dict[str, str]:
    """The columns that flow into the value, and how; the first where a column flows twice."""
    return {touch.name: str(touch.how) for touch in reversed(outward(read(sql, TABLES)))}


@pytest.mark.parametrize(
    ("value", "flows"),
    [
        ("max(x)", {"x": "value"}),
        ("min(-x + 1)", {"x": "value"}),
        ("max(CAST(x AS DECIMAL(18, 2)))", {"x": "value"}),
        ("max(coalesce(x, y))", {"x": "value", "y": "value"}),
        ("sum(x)", {"x": "sum"}),
        ("sum(x * y)", {"x": "sum", "y": "sum"}),
        ("sum(x) / nullif(count(*), 0)", {"x": "sum", "*": "count"}),
        ("avg(x)", {"x": "mean"}),
        ("count(x)", {"x": "count"}),
        ("count(DISTINCT s)", {"s": "count"}),
        ("count(*)", {"*": "count"}),
        ("count(1)", {"*": "count"}),
        ("count(*) > 0", {"*": "flag"}),
        ("bool_or(x > 3)", {"x": "flag"}),
        ("bool_or(x > 3 OR x < 1)", {"x": "flag"}),
        ("max(CASE WHEN x > 3 THEN 1 ELSE 0 END)", {"x": "flag"}),
        ("max(CASE WHEN x > 3 THEN 1 WHEN x > 2 THEN 2 END)", {"x": "band"}),
        ("max(CASE x WHEN 3 THEN 1 WHEN 2 THEN 2 END)", {"x": "band"}),
        ("max(CASE WHEN x > 3 THEN y END)", {"x": "flag", "y": "value"}),
        ("sum(CASE WHEN x > 3 THEN 1 ELSE 0 END)", {"x": "count"}),
        ("count(*) FILTER (WHERE x > 3)", {"*": "count"}),
        ("max(year(dt) * 12 + month(dt))", {"dt": "month"}),
        ("max(day(dt))", {"dt": "value"}),
        ("max(last_day(dt))", {"dt": "month"}),
        ("max(left(s, 1))", {"s": "value"}),
        ("max(s || 'a')", {"s": "value"}),
        ("sum(x) > 3", {"x": "flag"}),
    ],
)
def test_how_a_column_flows(value: str, flows: dict[str, str]) -> None:
    assert hows(f"SELECT subject, {value} AS value FROM t GROUP BY subject") == flows


@pytest.mark.parametrize(
    ("sql", "flows"),
    [
        (
            "WITH c AS (SELECT subject, count(*) AS n FROM t GROUP BY subject, x)"
            " SELECT subject, sum(n) AS value FROM c GROUP BY subject",
            {"*": "count"},
        ),
        (
            "WITH c AS (SELECT subject, sum(x) AS n FROM t GROUP BY subject, y)"
            " SELECT subject, max(n) AS value FROM c GROUP BY subject",
            {"x": "sum"},
        ),
        (
            "SELECT subject, row_number() OVER (PARTITION BY subject ORDER BY x, y) AS value FROM t",
            {"x": "rank", "y": "rank"},
        ),
        ("SELECT subject, lag(x) OVER (PARTITION BY subject ORDER BY y) AS value FROM t", {"x": "value"}),
        (
            "SELECT subject, max(n) AS value FROM (SELECT subject, x AS n FROM t UNION ALL"
            " SELECT subject, y FROM u) AS c GROUP BY subject",
            {"x": "value", "y": "value"},
        ),
    ],
)
def test_how_a_column_flows_through_scopes(sql: str, flows: dict[str, str]) -> None:
    assert hows(sql) == flows


def test_far_tables_are_told_from_near_ones() -> None:
    sql = (
        "WITH c AS (SELECT subject, count(*) AS n FROM t GROUP BY subject)"
        " SELECT r.subject, sum(c.n) + count(u.x) AS value FROM r JOIN c ON c.subject = r.other"
        " LEFT JOIN u ON u.subject = r.subject GROUP BY r.subject"
    )
    reading = read(sql, TABLES)
    ties = ties_of(reading)
    far = {touch.table for touch in touches_of(reading) if touch.at in ties.far}
    assert (far, ties.mistakes) == ({"r", "t"}, [])


@pytest.mark.parametrize(
    "sql",
    [
        "(" * 5000 + "SELECT 1" + ")" * 5000,
        "SELECT subject, x" + " + x" * 5000 + " AS value FROM t",
        "SELECT subject, " + "abs(" * 60 + "x" + ")" * 60 + " AS value FROM t WHERE x = 1" + " AND x = 1" * 3000,
        "WITH c0 AS (SELECT x FROM t), "
        + ", ".join(f"c{n} AS (SELECT x FROM c{n - 1})" for n in range(1, 100))
        + " SELECT x AS value FROM c99",
        "SELECT 'a",
        "SELECT \x00 AS value",
        "",
        ";",
    ],
)
def test_nothing_that_is_written_raises(sql: str) -> None:
    reading = read(sql, TABLES)
    assert reading.unreadable or reading.unresolved
    assert touches_of(reading) == ()


def test_doubling_flows_stay_small() -> None:
    steps = ", ".join(f"c{n} AS (SELECT subject, v + v AS v FROM c{n - 1})" for n in range(1, 40))
    sql = (
        f"WITH c0 AS (SELECT subject, x AS v FROM t), {steps} SELECT subject, sum(v) AS value FROM c39 GROUP BY subject"
    )
    started = time.process_time()
    assert hows(sql) == {"x": "sum"}
    assert time.process_time() - started < 5
