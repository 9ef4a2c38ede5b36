"""The portable lint as a table: SQL in, the codes that it must be told, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from puhui.indicators.allowlist import FUNCTIONS, render_portable_reference
from puhui.indicators.portable import lint
from puhui.indicators.traps import TRAPS
from puhui.packs.forms_answers import IndicatorHead
from puhui.packs.sql import read
from puhui.packs.sql_numbers import Number
from puhui.packs.sql_tables import Table
from tests.spec import policy_packs as tiny

COLUMNS = {
    "subject": "text",
    "period": "text",
    "i": "int",
    "d": "decimal(16,2)",
    "e": "decimal(8,4)",
    "s": "str(20)",
    "dt": "date",
    "b": "bool",
    "k": "int",
}
TABLES = {"t": Table("t", COLUMNS, ("subject", "k")), "u": Table("u", COLUMNS, ("subject", "k"))}


def codes(sql: str, **head: Any) -> set[str]:
    form = msgspec.convert(tiny.head(**head), IndicatorHead) if head else None
    reading = read(sql, TABLES)
    assert reading.unresolved == ()
    return {mistake.code for mistake in lint(reading, form)}


def grouped(value: str) -> str:
    return f"SELECT subject, {value} AS value FROM t GROUP BY subject"


def windowed(window: str) -> str:
    return (
        f"WITH w AS (SELECT subject, k, i, {window} AS x FROM t) SELECT subject, max(x) AS value "
        f"FROM w GROUP BY subject"
    )


GOOD = [
    grouped("sum(d)"),
    grouped("sum(d) / nullif(count(*), 0)"),
    grouped("coalesce(sum(d) FILTER (WHERE dt > :back_12m), 0)"),
    grouped("CASE WHEN sum(d) > 3 THEN sum(d) / nullif(sum(i), 0) END"),
    grouped("sqrt(sum(CAST(d AS DECIMAL(19, 2)) * d) - sum(d))"),
    grouped("sum(i * 1.5)"),
    grouped("sum(d * 1.5)"),
    grouped("sum(d * 12)"),
    grouped("sum(d * i)"),
    grouped("sum(d) * sum(d)"),
    grouped("sum(e * e) * count(*)"),
    grouped("sum(d * CASE WHEN b THEN 1 ELSE 0 END)"),
    grouped("sum(CASE WHEN b THEN d ELSE 0 END)"),
    grouped("sum(CASE WHEN b THEN NULL WHEN i > 0 THEN d ELSE i END)"),
    grouped("sum(CASE WHEN b THEN 1 ELSE i END)"),
    grouped("sum(CASE WHEN b THEN CAST(e AS DECIMAL(18, 4)) ELSE d END)"),
    grouped("sum(CASE WHEN b THEN CAST(0.5 AS DECIMAL(2, 1)) ELSE 1 END)"),
    grouped("date_diff('day', max(dt), :as_of)"),
    grouped("count(*) FILTER (WHERE dt + 30 < :as_of)"),
    grouped("count(*) FILTER (WHERE dt > DATE '2026-01-31' AND s IN ('a', 'b') AND NOT b AND i BETWEEN 1 AND 3)"),
    grouped("count(DISTINCT s || '-' || period)"),
    grouped("max(i % 12)"),
    grouped("bit_count(bit_or(CAST(1 AS BIGINT) << (year(dt) * 12 + month(dt) - 24000)))"),
    windowed("row_number() OVER (PARTITION BY subject ORDER BY i, k)"),
    windowed("rank() OVER (PARTITION BY subject ORDER BY i)"),
    windowed("sum(i) OVER (PARTITION BY subject ORDER BY k ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"),
    windowed("lag(i) OVER (PARTITION BY subject ORDER BY k)"),
    "SELECT subject, i AS value FROM t QUALIFY row_number() OVER (PARTITION BY subject ORDER BY k) = 1",
    "WITH r AS (SELECT subject, d, row_number() OVER (PARTITION BY subject ORDER BY dt, d) AS n FROM t)"
    " SELECT subject, d AS value FROM r WHERE n = 1",
    "WITH m AS (SELECT DISTINCT subject, dt FROM t), g AS (SELECT subject, dt, lag(dt) OVER"
    " (PARTITION BY subject ORDER BY dt) AS p FROM m) SELECT subject, max(date_diff('day', "
    "p, dt)) AS value FROM g"
    " GROUP BY subject",
    "WITH a AS (SELECT subject, sum(d) AS x FROM t GROUP BY subject), v AS (SELECT DISTINCT subject FROM u)"
    " SELECT a.subject, CASE WHEN v.subject IS NULL THEN a.x ELSE 0 END AS value FROM a LEFT JOIN v"
    " ON v.subject = a.subject",
    "WITH a AS (SELECT subject, sum(d) AS x FROM t GROUP BY subject)"
    " SELECT a.subject, a.x - count(u.k) AS value FROM a LEFT JOIN u ON u.subject = "
    "a.subject GROUP BY a.subject, a.x",
]
BAD = [
    ("sql.unreadable", "SELECT FROM WHERE"),
    ("sql.one-statement", grouped("sum(d)") + "; " + grouped("sum(i)")),
    ("sql.not-a-select", "DROP TABLE t"),
    ("sql.not-a-select", "INSERT INTO t SELECT subject FROM u"),
    ("sql.not-a-select", "VALUES (1, 2)"),
    ("sql.star", "SELECT * FROM t"),
    ("sql.star", "WITH a AS (SELECT t.* FROM t) SELECT subject, count(*) AS value FROM a GROUP BY subject"),
    ("sql.part", grouped("sum(d)") + " LIMIT 10"),
    ("sql.part", grouped("sum(d)") + " OFFSET 10"),
    ("sql.part", "SELECT DISTINCT ON (subject) subject, d AS value FROM t"),
    (
        "sql.part",
        "WITH RECURSIVE a AS (SELECT subject FROM t) SELECT subject, count(*) AS value FROM a GROUP BY subject",
    ),
    (
        "sql.part",
        "WITH a AS (SELECT subject FROM t EXCEPT SELECT subject FROM u) SELECT subject, count(*) "
        "AS value FROM a GROUP BY subject",
    ),
    ("sql.part", "SELECT subject, count(*) AS value FROM t USING SAMPLE 10 GROUP BY subject"),
    (
        "sql.part",
        "WITH a(x) AS (SELECT subject FROM t) SELECT subject, count(*) AS value FROM a GROUP BY subject",
    ),
    ("sql.part", "SELECT subject, count(*) OVER w AS value FROM t WINDOW w AS (PARTITION BY subject)"),
    ("sql.output-name", "SELECT subject, sum(d) FROM t GROUP BY subject"),
    (
        "sql.source-name",
        "SELECT t.subject, count(*) AS value FROM t JOIN t ON t.subject = t.subject GROUP BY t.subject",
    ),
    ("portable.outputs", "SELECT subject, sum(d) AS total FROM t GROUP BY subject"),
    ("portable.outputs", "SELECT subject, sum(d) AS value, sum(i) AS more FROM t GROUP BY subject"),
    ("portable.one-row", "SELECT subject, d AS value FROM t"),
    ("portable.one-row", "SELECT subject, sum(d) AS value FROM t GROUP BY subject, s"),
    ("portable.one-row", "SELECT DISTINCT subject, s AS value FROM t"),
    (
        "portable.one-row",
        "SELECT subject, d AS value FROM t QUALIFY row_number() OVER (PARTITION BY subject, s ORDER BY k) = 1",
    ),
    (
        "portable.one-row",
        "SELECT subject, d AS value FROM t QUALIFY row_number() OVER (PARTITION BY subject ORDER BY k) <= 2",
    ),
    ("portable.one-row", "SELECT subject, d AS value FROM t UNION ALL SELECT subject, d AS value FROM u"),
    ("portable.inexact", grouped("avg(d)")),
    ("portable.inexact", grouped("stddev_samp(d)")),
    ("portable.inexact", grouped("corr(d, i)")),
    ("portable.percentile", grouped("median(d)")),
    ("portable.percentile", grouped("quantile_cont(d, 0.9)")),
    ("portable.percentile", grouped("percentile_cont(0.9) WITHIN GROUP (ORDER BY d)")),
    ("portable.percentile", grouped("approx_count_distinct(s)")),
    ("portable.clock", grouped("count(*) FILTER (WHERE dt < current_date)")),
    ("portable.clock", grouped("count(*) FILTER (WHERE dt < now())")),
    ("portable.clock", grouped("count(*) FILTER (WHERE dt < today())")),
    ("portable.random", grouped("max(random())")),
    ("portable.arg-max", grouped("arg_max(d, dt)")),
    ("portable.arg-max", grouped("any_value(d)")),
    ("portable.arg-max", grouped("max(d, 2)")),
    ("portable.month-difference", grouped("max(date_diff('month', dt, :as_of))")),
    ("portable.month-difference", grouped("max(datediff('year', dt, :as_of))")),
    ("portable.interval", grouped("count(*) FILTER (WHERE dt + INTERVAL 1 MONTH < :as_of)")),
    ("portable.integer-division", grouped("sum(i // 3)")),
    ("portable.rounding", grouped("round(sum(d), 1)")),
    ("portable.count-if", grouped("count_if(b)")),
    ("portable.weekday", grouped("max(dayofweek(dt))")),
    ("portable.date-trunc", grouped("count(DISTINCT date_trunc('month', dt))")),
    ("portable.hash", grouped("max(md5(s))")),
    ("portable.regexp", grouped("bool_or(regexp_matches(s, 'a'))")),
    ("portable.regexp", grouped("bool_or(s ILIKE 'a%')")),
    ("portable.list", grouped("string_agg(s, ',')")),
    ("portable.function", grouped("max(lower(s))")),
    ("portable.function", grouped("max(my_function(s))")),
    ("portable.function", grouped("max(i ^ 2)")),
    ("portable.division", grouped("sum(d / nullif(i, 0))")),
    (
        "portable.division",
        "WITH a AS (SELECT subject, sum(d) / nullif(sum(i), 0) AS x FROM t GROUP BY subject) "
        "SELECT subject, x AS value FROM a",
    ),
    ("portable.division", grouped("count(*) FILTER (WHERE d / nullif(i, 0) > 1)")),
    ("portable.division", grouped("max(sqrt(d))")),
    ("portable.divisor", grouped("sum(d) / count(*)")),
    ("portable.divisor", grouped("sum(d) / nullif(count(*), 1)")),
    ("portable.divisor", grouped("max(i % k)")),
    ("portable.double", grouped("sum(CAST(d AS DOUBLE))")),
    ("portable.double", grouped("sum(d) * 1e3")),
    ("portable.cast", grouped("sum(CAST(d AS BIGINT))")),
    ("portable.cast", grouped("sum(CAST(i AS INTEGER))")),
    ("portable.cast", grouped("max(CAST(s AS DATE))")),
    ("portable.cast", grouped("max(CAST(dt AS TIMESTAMP))")),
    ("portable.mixed-kinds", grouped("count(*) FILTER (WHERE s = 1)")),
    ("portable.mixed-kinds", grouped("count(*) FILTER (WHERE b = 1)")),
    ("portable.mixed-kinds", grouped("count(*) FILTER (WHERE dt > '2026-01-01')")),
    ("portable.mixed-kinds", grouped("count(*) FILTER (WHERE i IN (1, 'a'))")),
    ("portable.mixed-kinds", grouped("max(s || i)")),
    ("portable.mixed-kinds", grouped("max(coalesce(s, i))")),
    ("portable.mixed-kinds", grouped("max(CASE WHEN b THEN i ELSE 'x' END)")),
    ("portable.mixed-kinds", grouped("sum(b)")),
    ("portable.mixed-kinds", grouped("sum(b + 1)")),
    (
        "portable.mixed-kinds",
        "WITH a AS (SELECT subject, i AS x FROM t UNION ALL SELECT subject, s FROM u) SELECT "
        "subject, count(x) AS value FROM a GROUP BY subject",
    ),
    ("portable.date-minus-date", grouped("max(:as_of - dt)")),
    ("portable.overflow", grouped("max(year(dt) * 10000000)")),
    ("portable.overflow", grouped("bit_or(1 << i)")),
    ("portable.decimal-product", grouped("sum(d * d)")),
    ("portable.decimal-product", grouped("sum(d * 100)")),
    ("portable.decimal-product", grouped("sum(coalesce(d, 0) * -d)")),
    ("portable.decimal-product", grouped("max(d * 1.5 * 1.5)")),
    ("portable.decimal-product", grouped("max(d) * min(d)")),
    ("portable.decimal-product", grouped("sum(CASE WHEN b THEN d ELSE 0 END * e)")),
    ("portable.decimal-product", grouped("sum(CAST(i AS DECIMAL(10, 0)) * CAST(i AS DECIMAL(9, 0)))")),
    (
        "portable.decimal-product",
        "WITH a AS (SELECT subject, max(d) AS x FROM t GROUP BY subject UNION ALL SELECT subject, "
        "max(e) FROM u GROUP BY subject) SELECT subject, sum(x * x) AS value FROM a GROUP BY subject",
    ),
    ("portable.case-order", grouped("sum(CASE WHEN b THEN 0 ELSE d END)")),
    ("portable.case-order", grouped("sum(CASE WHEN b THEN i ELSE d END)")),
    ("portable.case-order", grouped("sum(CASE WHEN b THEN NULL WHEN i > 0 THEN 0 ELSE d END)")),
    ("portable.case-order", grouped("sum(CASE WHEN b THEN d ELSE e END)")),
    ("portable.case-order", grouped("sum(CASE WHEN b THEN e ELSE d END)")),
    ("portable.case-order", grouped("sum(CASE WHEN b THEN 0.5 ELSE 1 END)")),
    ("portable.case-order", grouped("CASE WHEN bool_or(b) THEN 0 ELSE sum(d) END")),
    ("portable.like", grouped("bool_or(s LIKE 'a\\_%')")),
    ("portable.substring", grouped("max(substr(s, 0, 2))")),
    ("portable.distinct", grouped("sum(DISTINCT i)")),
    ("portable.list", grouped("count(DISTINCT (s, i))")),
    ("portable.distinct", grouped("count(DISTINCT s, i)")),
    (
        "portable.join",
        "SELECT t.subject, count(*) AS value FROM t, u WHERE u.subject = t.subject GROUP BY t.subject",
    ),
    (
        "portable.join",
        "SELECT t.subject, count(*) AS value FROM t FULL JOIN u ON u.subject = t.subject GROUP BY t.subject",
    ),
    (
        "portable.join",
        "SELECT t.subject, count(*) AS value FROM t ANTI JOIN u ON u.subject = t.subject GROUP BY t.subject",
    ),
    ("portable.join", "SELECT t.subject, count(*) AS value FROM t CROSS JOIN u GROUP BY t.subject"),
    ("portable.ordinal", "SELECT subject, sum(d) AS value FROM t GROUP BY 1"),
    ("portable.group", "SELECT subject, sum(d) AS value FROM t GROUP BY ALL"),
    ("portable.group", "SELECT subject, sum(d) AS value FROM t GROUP BY ROLLUP (subject)"),
    ("portable.order", grouped("sum(d)") + " ORDER BY subject"),
    ("portable.window-order", windowed("row_number() OVER (PARTITION BY subject ORDER BY i)")),
    ("portable.window-order", windowed("row_number() OVER (PARTITION BY subject)")),
    ("portable.window-order", windowed("lag(i) OVER (PARTITION BY subject ORDER BY dt)")),
    (
        "portable.window-order",
        windowed("sum(i) OVER (PARTITION BY subject ORDER BY dt ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"),
    ),
    (
        "portable.window-order",
        windowed("row_number() OVER (PARTITION BY subject ORDER BY coalesce(i, 0), coalesce(k, 0))"),
    ),
    ("portable.window-filter", windowed("count(*) FILTER (WHERE b) OVER (PARTITION BY subject)")),
    (
        "portable.window",
        windowed("sum(i) OVER (PARTITION BY subject ORDER BY k RANGE BETWEEN 2 PRECEDING AND CURRENT ROW)"),
    ),
]


@pytest.mark.parametrize("sql", GOOD)
def test_accepted(sql: str) -> None:
    assert codes(sql) == set()


@pytest.mark.parametrize(("code", "sql"), BAD)
def test_refused(code: str, sql: str) -> None:
    assert code in {mistake.code for mistake in lint(read(sql, TABLES))}


@pytest.mark.parametrize(
    ("value", "head", "found"),
    [
        ("sum(d)", {"type": "decimal(18,2)"}, set()),
        ("count(*)", {"type": "decimal(18,2)"}, set()),
        ("sum(d)", {"type": "bool"}, {"portable.type"}),
        ("count(*) > 0", {"type": "int"}, {"portable.type"}),
        ("max(dt)", {"type": "code"}, {"portable.type"}),
        ("max(s)", {"type": "code"}, set()),
        ("count(*) FILTER (WHERE i > :floor)", {"type": "int"}, {"portable.bound-name"}),
        ("count(*) FILTER (WHERE i > :floor)", {"type": "int", "parameters": ["floor"]}, set()),
        ("count(*) FILTER (WHERE dt > :back_0m)", {"type": "int"}, {"portable.bound-name"}),
        ("count(*) FILTER (WHERE i > ?)", {"type": "int"}, {"portable.bound-name"}),
    ],
)
def test_against_the_head(value: str, head: dict[str, Any], found: set[str]) -> None:
    assert codes(grouped(value), **head) == found


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("sum(d * e)", "CAST(d AS DECIMAL(19,2))"),
        ("sum(100 * d)", "CAST(d AS DECIMAL(19,2))"),
        ("sum(CASE WHEN b THEN 0 ELSE d END)", "let d,"),
        ("sum(CASE WHEN b THEN e ELSE d END)", "CAST(e AS DECIMAL(18,4))"),
        ("sum(CASE WHEN b THEN 0.5 ELSE 1 END)", "CAST(0.5 AS DECIMAL(2,1))"),
    ],
)
def test_a_refusal_says_what_to_write(value: str, written: str) -> None:
    (mistake,) = lint(read(grouped(value), TABLES))
    assert written in mistake.said.en


@pytest.mark.parametrize(
    ("named", "found"),
    [(["t", "u"], set()), (["t"], {"portable.sources"}), (["t", "u", "v"], {"portable.sources"}), (True, set())],
)
def test_sources_that_stand_for_each_other_are_read(named: Any, found: set[str]) -> None:
    sql = (
        "WITH a AS (SELECT subject FROM t UNION ALL SELECT subject FROM u) "
        "SELECT subject, count(*) AS value FROM a GROUP BY subject"
    )
    assert codes(sql, type="int", sources_any=named) == found


def test_a_parameter_is_as_long_as_its_longest_value() -> None:
    reading = read(grouped("sum(d * :rate)"), TABLES)
    found = [lint(reading, None, {"rate": Number(digits, 2, True)}) for digits in (2, 3)]
    assert [[one.code for one in some] for some in found] == [[], ["portable.decimal-product"]]


def test_every_mistake_at_once_with_its_line() -> None:
    sql = "SELECT subject,\n avg(d)\n  / count(*) AS value\nFROM t\nWHERE dt < current_date\n AND s = 3\nGROUP BY 1"
    found = lint(read(sql, TABLES, file="x.sql", first_line=20))
    assert [(mistake.line, mistake.code) for mistake in found if mistake.code != "portable.one-row"] == [
        (21, "portable.divisor"),
        (21, "portable.inexact"),
        (24, "portable.clock"),
        (25, "portable.mixed-kinds"),
        (26, "portable.ordinal"),
    ]
    assert all(mistake.file == "x.sql" and mistake.said.zh and mistake.said.en for mistake in found)


def test_a_bound_name_keeps_the_lines_that_follow() -> None:
    sql = (
        "SELECT subject, max(:as_of) AS value\nFROM t\nWHERE dt > :back_12m\nAND s = 'a:b'\nAND b = 1\nGROUP BY subject"
    )
    assert [mistake.line for mistake in lint(read(sql, TABLES))] == [5]


def test_tables_and_functions_name_each_thing_once() -> None:
    nodes = [node for one in (*FUNCTIONS, *TRAPS) for node in one.nodes]
    assert len(nodes) == len(set(nodes))


def test_the_reference_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "portable-sql.md"
    assert page.read_text(encoding="utf-8") == render_portable_reference()
