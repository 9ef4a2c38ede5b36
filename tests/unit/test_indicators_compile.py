"""What the compiler makes of SQL: shared scans, parts and steps, bound literals, what is read."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from puhui.indicators.compile import Plan, compile_indicators
from puhui.indicators.sources import Column, Source
from puhui.model.refusals import PackRefused, UnknownName
from puhui.packs.forms import Words
from puhui.packs.forms_answers import IndicatorHead
from puhui.packs.packset import Indicator

TAX = Source(
    "tax",
    (Column("paid", "DECIMAL(16,2)", 0), Column("day", "DATE", 3), Column("kind", "VARCHAR", 5)),
    True, frozenset(), (),
)  # fmt: skip
WORKS = Source(
    "works_for",
    (Column("other", "VARCHAR", None), Column("day", "DATE", 4)),
    True,
    frozenset(),
    (),
    "jobs",
    2,
)


def plan(*texts: str, type: str = "int", empty: Any = 0, parameters: dict[str, Any] | None = None) -> Plan:
    head = IndicatorHead(
        format=1, id="X", title=Words(zh="例", en="case"), group="g", subjects=["enterprise"], type=type,
        window="at", empty=empty, release=[], purposes=["lending"],
    )  # fmt: skip
    chosen = [Indicator(f"i{at}", "p", head, text, "i.sql", 10) for at, text in enumerate(texts)]
    digests = {one.name: one.sql for one in chosen}
    sources = {"tax": TAX, "works_for": WORKS}
    return compile_indicators(chosen, sources, parameters or {}, digests, date(2026, 2, 28), "set")


def test_simple_indicators_of_a_table_share_one_scan_and_equal_aggregates() -> None:
    made = plan(
        "SELECT subject, sum(paid) AS value FROM tax WHERE kind = 'a' GROUP BY subject",
        "SELECT subject, sum(t.paid) AS value FROM tax AS t WHERE t.kind = 'a' GROUP BY t.subject",
        "SELECT subject, sum(paid) FILTER (WHERE kind = 'b') AS value FROM tax GROUP BY subject",
    )
    assert made.alone == {}
    assert list(made.scans) == ["tax"]
    assert made.indicators[0].columns == made.indicators[1].columns != made.indicators[2].columns
    assert made.scans["tax"].sql(conflicts=True).count("FROM tax") == 1


@pytest.mark.parametrize(
    ("value", "empty", "tracked"),
    [
        ("count(*)", 0, False),
        ("count(*)", 1, True),
        ("sum(paid)", None, False),
        ("sum(paid)", 0, True),
        ("24 - count(DISTINCT day)", 24, False),
    ],
)
def test_rows_are_counted_only_where_empty_could_not_be_told(value: str, empty: Any, tracked: bool) -> None:
    made = plan(f"SELECT subject, {value} AS value FROM tax WHERE kind = 'a' GROUP BY subject", empty=empty)
    assert (made.indicators[0].rows is not None) is tracked


@pytest.mark.parametrize(
    "text",
    [
        "SELECT subject, paid AS value FROM (SELECT subject, paid, row_number() OVER"
        " (PARTITION BY subject ORDER BY day) AS r FROM tax) AS t WHERE r = 1",
        "WITH m AS (SELECT subject, max(paid) AS p FROM tax GROUP BY subject) SELECT subject, p AS value FROM m",
        "SELECT subject, sum(paid) AS value FROM tax GROUP BY subject HAVING count(*) > 1",
        "SELECT t.subject, count(w.other) AS value FROM tax AS t"
        " LEFT JOIN works_for AS w ON w.subject = t.subject GROUP BY t.subject",
    ],
)
def test_every_other_shape_runs_alone_beside_a_scan_for_presence(text: str) -> None:
    made = plan(text)
    assert list(made.alone) == ["i0"]
    assert all(scan.aggregates == {} for scan in made.scans.values())


def test_only_what_divides_is_a_step() -> None:
    made = plan(
        "SELECT subject, sum(paid) - count(*) AS value FROM tax GROUP BY subject",
        "SELECT subject, sum(paid) / nullif(count(*), 0) + 1 AS value FROM tax GROUP BY subject",
        "SELECT subject, sum(paid) * sum(paid) AS value FROM tax GROUP BY subject",
    )
    assert [one.step.sql("duckdb") for one in made.indicators] == [
        "part0",
        "part0 / part1 + 1",
        "part0 * part0",
    ]


def test_days_and_parameters_become_literals() -> None:
    made = plan(
        "SELECT subject, count(*) AS value FROM tax WHERE day > :back_12m AND day <= :as_of"
        " AND paid > :least AND kind IN (:kinds) GROUP BY subject",
        parameters={"least": -1, "kinds": ["a", "o'b"]},
    )
    sql = made.scans["tax"].sql(conflicts=False)
    assert "CAST('2025-02-28' AS DATE)" in sql
    assert "CAST('2026-02-28' AS DATE)" in sql
    assert "kind IN ('a', 'o''b')" in sql
    assert "> -1" in sql


def test_a_parameter_without_a_value_on_the_day_is_refused() -> None:
    with pytest.raises(UnknownName):
        plan(
            "SELECT subject, count(*) AS value FROM tax WHERE paid > :least GROUP BY subject",
            parameters={"least": None},
        )


def test_what_cannot_be_read_is_refused_with_its_line() -> None:
    with pytest.raises(PackRefused) as refused:
        plan("SELECT subject,\n count(nothing) AS value FROM tax GROUP BY subject")
    assert refused.value.mistakes[0].line == 11


def test_the_bits_of_what_is_read() -> None:
    made = plan(
        "SELECT subject, sum(paid) AS value FROM tax WHERE day > :back_1m GROUP BY subject",
        "WITH w AS (SELECT subject, day FROM works_for) SELECT subject, max(day) AS value FROM w GROUP BY subject",
        "SELECT subject, count(*) AS value FROM works_for GROUP BY subject",
    )
    assert [dict(one.reads) for one in made.indicators] == [
        {"tax": 0b1001},
        {"works_for": 0b10010},
        {"works_for": 0b10},
    ]


def test_the_digest_follows_the_day_and_the_definitions() -> None:
    count = "SELECT subject, count(*) AS value FROM tax GROUP BY subject"
    assert plan(count).digest == plan(count).digest
    assert plan(count).digest != plan(count.replace("count(*)", "count(day)")).digest
