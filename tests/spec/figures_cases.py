"""Tables in, answers out: what indicators mean, one case each. Run on every engine and on the referee.

A row is written short; absent columns are null. Subjects are one letter; `P` in front makes a person. In `gives`, a
value is written as it is shown: `12.30`, `undefined`, `unknown(absent)`.
"""

# ruff: noqa: E501 - a table is read by its rows

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from puhui.indicators.sources import Column, Source
from puhui.model.subject import SubjectKind
from puhui.packs.forms import Retirement

AS_OF = date(2026, 6, 30)
PAID = Source(
    "paid",
    (
        Column("amount", "DECIMAL(16,2)", 0),
        Column("kind", "VARCHAR", 1),
        Column("day", "DATE", 2),
        Column("n", "BIGINT", 3),
        Column("share", "DECIMAL(9,4)", 4),
        Column("good", "BOOLEAN", 5),
    ),
    True,
    frozenset(),
    (),
)
LISTED = Source(
    "listed",
    (Column("since", "DATE", 0), Column("until", "DATE", 1), Column("state", "VARCHAR", 2)),
    False,
    frozenset({SubjectKind.ENTERPRISE}),
    (
        Retirement(rule="years_after", field="until", years=5, source="test"),
        Retirement(rule="repaired", field="state", values=["mended"], source="test"),
        Retirement(rule="standing", field="since", source="test"),
    ),
)
SHOWN = Source(
    "shown",
    (Column("day", "DATE", 0), Column("until", "DATE", 1)),
    False,
    frozenset(),
    (Retirement(rule="end_of", field="until", source="test"),),
)
SOURCES = {source.name: source for source in (PAID, LISTED, SHOWN)}


@dataclass(frozen=True, slots=True)
class Case:
    """One indicator over a few rows. `months`: how many of the last months `paid` holds (None: all)."""

    name: str
    sql: str
    type: str
    gives: dict[str, str]
    paid: list[dict[str, Any]] = field(default_factory=list)
    listed: list[dict[str, Any]] | None = None
    shown: list[dict[str, Any]] | None = None
    empty: Any = None
    window: str = "at"
    months: int | None = None
    any: bool | list[str] = False
    parameters: dict[str, Any] = field(default_factory=dict)


def d(text: str) -> date:
    return date.fromisoformat(text)


def row(subject: str, amount: str | None = None, **columns: Any) -> dict[str, Any]:
    made = {"subject": subject, **columns}
    return made if amount is None else {**made, "amount": Decimal(amount)}


SUM = "SELECT subject, sum(amount) AS value FROM paid GROUP BY subject"
TAX = "SELECT subject, sum(amount) AS value FROM paid WHERE kind = 'tax' GROUP BY subject"
MEAN = "SELECT subject, sum(amount) / nullif(count(amount), 0) AS value FROM paid GROUP BY subject"
RATIO = "SELECT subject, sum(amount) / nullif(sum(share), 0) AS value FROM paid GROUP BY subject"
SPREAD = (
    "SELECT subject, sqrt((count(n) * sum(n * n) - sum(n) * sum(n)) / nullif(count(n) * (count(n) - 1), 0))"
    " / nullif(sum(n) / nullif(count(n), 0), 0) AS value FROM paid GROUP BY subject"
)
CORR = (
    "SELECT subject, (count(*) * sum(amount * n) - sum(amount) * sum(n)) / nullif("
    "sqrt((count(*) * sum(amount * amount) - sum(amount) * sum(amount)) * (count(*) * sum(n * n) - sum(n) * sum(n))), 0)"
    " AS value FROM paid GROUP BY subject"
)
EITHER = (
    "WITH u AS (SELECT subject FROM paid UNION ALL SELECT subject FROM shown UNION ALL SELECT subject FROM listed)"
    " SELECT subject, count(*) AS value FROM u GROUP BY subject"
)
COUNT = "SELECT subject, count(*) AS value FROM listed GROUP BY subject"
WINDOW = "SELECT subject, sum(amount) AS value FROM paid WHERE day > :back_12m AND day <= :as_of GROUP BY subject"


def function_case(name: str, function: str, gives: str, type: str = "int", /, **columns: Any) -> Case:
    sql = f"SELECT subject, max({function}) AS value FROM paid GROUP BY subject"
    return Case(name, sql, type, {"a": gives}, [row("a", **columns)])


def numbers(subject: str, *values: int | None) -> list[dict[str, Any]]:
    return [row(subject, n=value, day=d("2026-01-01").replace(day=at + 1)) for at, value in enumerate(values)]


CASES = [
    # what is known
    Case("a subject without rows is absent", SUM, "decimal(18,2)", {"a": "3.00", "b": "unknown(absent)"}, [row("a", "3")]),
    Case("absent means none where the source is complete", COUNT, "int", {"a": "1", "b": "0"}, listed=[row("a")], empty=0),
    Case("complete for firms says nothing of persons", COUNT, "int", {"b": "0", "Pb": "unknown(absent)"}, listed=[], empty=0),
    Case("a source without an edition leaves all absent", COUNT, "int", {"a": "unknown(absent)"}, [row("a", "1")], empty=0),
    Case("a row outside WHERE makes known, and empty", TAX, "decimal(18,2)", {"a": "0.00"}, [row("a", "3", kind="fine")], empty=0),
    Case("empty may be undefined", TAX, "decimal(18,2)", {"a": "undefined"}, [row("a", "3", kind="fine")]),
    Case("a sum of nulls is undefined, not empty", TAX, "decimal(18,2)", {"a": "undefined"}, [row("a", kind="tax")], empty=0),
    Case("FILTER leaves a row where WHERE leaves none",
         "SELECT subject, sum(amount) FILTER (WHERE kind = 'tax') AS value FROM paid GROUP BY subject",
         "decimal(18,2)", {"a": "undefined"}, [row("a", "3", kind="fine")], empty=0),
    Case("a count under WHERE", "SELECT subject, count(*) AS value FROM paid WHERE n > 1 GROUP BY subject", "int",
         {"a": "2", "b": "7"}, [*numbers("a", 1, 2, 3, None), *numbers("b", 1)], empty=7),
    Case("both sources must know the subject",
         "SELECT p.subject, sum(p.amount) AS value FROM paid AS p LEFT JOIN shown AS s ON s.subject = p.subject GROUP BY p.subject",
         "decimal(18,2)", {"a": "1.00", "b": "unknown(absent)"}, [row("a", "1"), row("b", "1")], shown=[row("a", day=AS_OF)]),
    Case("one of several sources is enough where the head says so",
         "WITH u AS (SELECT subject FROM paid UNION ALL SELECT subject FROM shown) SELECT subject, count(*) AS value FROM u GROUP BY subject",
         "int", {"a": "2", "b": "1", "c": "unknown(absent)"}, [row("a"), row("b")], shown=[row("a", day=AS_OF)], any=True),
    Case("one of two registers is enough, the third list is not one of them", EITHER, "int",
         {"a": "2", "b": "1", "c": "1", "d": "unknown(absent)", "Pa": "unknown(absent)"},
         [row("a"), row("b"), row("Pa")], listed=[], shown=[row("a", day=AS_OF), row("c", day=AS_OF)], any=["paid", "shown"]),
    Case("one of two registers need not have been delivered", EITHER, "int", {"a": "1", "b": "unknown(absent)"},
         [row("a")], listed=[], any=["paid", "shown"]),
    Case("beside either register the third list must be there", EITHER, "int", {"a": "unknown(absent)"},
         [row("a")], shown=[row("a", day=AS_OF)], any=["paid", "shown"]),
    Case("a missing month leaves the window incomplete", WINDOW, "decimal(18,2)",
         {"a": "unknown(incomplete 11/12)", "b": "unknown(absent)"}, [row("a", "1", day=AS_OF)], window="12M", months=11),
    Case("every month of the window is there", WINDOW, "decimal(18,2)", {"a": "1.00"}, [row("a", "1", day=AS_OF)], window="12M", months=12),
    Case("a conflict over a field that is read", TAX, "decimal(18,2)", {"a": "unknown(conflict)", "b": "1.00"},
         [row("a", "1", kind="tax", conflict=2), row("b", "1", kind="tax")]),
    Case("a conflict over a field that is not read", SUM, "decimal(18,2)", {"a": "1.00"}, [row("a", "1", conflict=2)]),
    # the window
    Case("after the first day, up to the last", WINDOW, "decimal(18,2)", {"a": "6.00"},
         [row("a", "1", day=d("2025-06-30")), row("a", "2", day=d("2025-07-01")), row("a", "4", day=AS_OF), row("a", "8", day=d("2026-07-01"))]),
    # retirement
    Case("facts retire after years, by repair, and standing ones never", COUNT, "int", {"a": "1", "b": "0", "c": "0", "d": "1"},
         listed=[row("a", until=d("2021-07-01")), row("b", until=d("2021-06-30")), row("c", state="mended"), row("d", since=d("1990-01-01"))], empty=0),
    Case("a fact whose publicity ended is no row", "SELECT subject, count(*) AS value FROM shown GROUP BY subject", "int",
         {"a": "1", "b": "unknown(absent)"}, shown=[row("a", until=AS_OF), row("b", until=d("2026-06-29"))]),
    # exact numbers
    Case("half to even, up and down", MEAN, "decimal(18,2)", {"a": "0.12", "b": "0.14", "c": "-0.12"},
         [row("a", "0.12"), row("a", "0.13"), row("b", "0.13"), row("b", "0.14"), row("c", "-0.12"), row("c", "-0.13")]),
    Case("rounded to whole numbers", MEAN, "int", {"a": "2", "b": "4"}, [row("a", "2"), row("a", "3"), row("b", "3"), row("b", "4")]),
    Case("a zero divisor is undefined", RATIO, "decimal(18,4)", {"a": "undefined", "b": "0.0000"},
         [row("a", "1", share=Decimal(0)), row("b", "0", share=Decimal(3))]),
    Case("thirds", RATIO, "decimal(18,6)", {"a": "0.333333", "b": "-0.666667"},
         [row("a", "1", share=Decimal(3)), row("b", "-2", share=Decimal(3))]),
    Case("beyond 64 bits", RATIO, "decimal(38,4)", {"a": "799999999999999920000.0000"},
         [row("a", "99999999999999.99") for _ in range(800)] + [row("a", "0", share=Decimal("0.0001"))]),
    Case("deviation over mean", SPREAD, "decimal(12,6)", {"a": "0.527046", "b": "undefined", "c": "0.000000"},
         [*numbers("a", 1, 2, 3, 4, 5, None), *numbers("b", 7), *numbers("c", 3, 3)]),
    Case("correlation", CORR, "decimal(9,6)", {"a": "1.000000", "b": "-0.500000", "c": "undefined"},
         [row("a", str(n), n=3 * n) for n in (1, 2, 3)] + [row("b", a, n=n) for a, n in (("1", 3), ("2", 1), ("3", 2))]
         + [row("c", "1", n=1), row("c", "1", n=2)]),
    Case("arithmetic over parts", "SELECT subject, (sum(amount) - sum(n)) / nullif(sum(n), 0) + 1 AS value FROM paid GROUP BY subject",
         "decimal(12,4)", {"a": "2.5000"}, [row("a", "5", n=2)]),
    Case("a choice over parts",
         "SELECT subject, CASE WHEN sum(n) > 2 THEN sum(amount) / nullif(count(*), 0) ELSE 0 - sum(amount) END AS value FROM paid GROUP BY subject",
         "decimal(12,2)", {"a": "2.50", "b": "-1.00", "c": "-3.00"}, [row("a", "5", n=3), row("a", "0"), row("b", "1", n=1), row("c", "3")]),
    Case("least and greatest leave nulls out", "SELECT subject, least(greatest(sum(amount) / nullif(sum(n), 0), 1), 2) AS value FROM paid GROUP BY subject",
         "decimal(12,2)", {"a": "1.50", "b": "1.00", "c": "2.00"}, [row("a", "3", n=2), row("b", "3"), row("c", "9", n=1)]),
    Case("coalesce over parts", "SELECT subject, coalesce(sum(amount) / nullif(sum(n), 0), 0.5) AS value FROM paid GROUP BY subject",
         "decimal(12,2)", {"a": "0.50", "b": "2.00"}, [row("a", "3"), row("b", "4", n=2)]),
    Case("a product of parts", "SELECT subject, sum(amount) * sum(share) AS value FROM paid GROUP BY subject", "decimal(38,4)",
         {"a": "0.0000", "b": "0.0002"}, [row("a", "0.01", share=Decimal("0.0050")), row("b", "0.03", share=Decimal("0.0050"))]),
    Case("a truth out of a division", "SELECT subject, sum(amount) / nullif(sum(n), 0) > 0.5 AS value FROM paid GROUP BY subject", "bool",
         {"a": "True", "b": "False", "c": "undefined"}, [row("a", "2", n=3), row("b", "1", n=2), row("c", "1", n=0)]),
    Case("between, not and or over parts",
         "SELECT subject, sum(n) / nullif(count(*), 0) BETWEEN 1 AND 2 OR NOT (sum(amount) / nullif(count(*), 0) < 5) AS value FROM paid GROUP BY subject",
         "bool", {"a": "True", "b": "False", "c": "True"}, [row("a", "1", n=2), row("b", "1", n=3), row("c", "5", n=9)]),
    # shapes of SQL
    Case("distinct counts of one scan", "SELECT subject, 24 - count(DISTINCT n) AS value FROM paid WHERE amount > 0 GROUP BY subject", "int",
         {"a": "22", "b": "24"}, [row("a", "1", n=1), row("a", "1", n=1), row("a", "2", n=2), row("a", "0", n=3), row("a", "1"), row("b", "0", n=1)], empty=24),
    Case("distinct counts over a filter and without", "SELECT subject, count(DISTINCT n) - count(DISTINCT n) FILTER (WHERE good) AS value FROM paid GROUP BY subject",
         "int", {"a": "1"}, [row("a", n=1, good=True), row("a", n=2, good=False), row("a", n=3, good=True), row("a", n=3)]),
    Case("the latest row", "SELECT subject, kind AS value FROM (SELECT subject, kind, row_number() OVER (PARTITION BY subject ORDER BY day DESC, kind) AS rn FROM paid) AS t WHERE rn = 1",
         "code", {"a": "x", "b": "undefined"}, [row("a", kind="z", day=d("2026-01-01")), row("a", kind="y", day=AS_OF), row("a", kind="x", day=AS_OF), row("b", day=AS_OF)]),
    Case("QUALIFY", "SELECT subject, n AS value FROM paid QUALIFY row_number() OVER (PARTITION BY subject ORDER BY n DESC, day) = 1", "int",
         {"a": "3"}, numbers("a", 1, 3, 2)),
    Case("nulls come last, whichever way", "SELECT subject, n AS value FROM (SELECT subject, n, row_number() OVER (PARTITION BY subject ORDER BY n DESC) AS rn FROM paid) AS t WHERE rn = 1",
         "int", {"a": "2"}, numbers("a", None, 1, 2)),
    Case("the longest gap", "WITH g AS (SELECT subject, date_diff('day', lag(day) OVER (PARTITION BY subject ORDER BY day), day) AS gap FROM paid) SELECT subject, max(gap) AS value FROM g GROUP BY subject",
         "int", {"a": "28", "b": "undefined"}, [row("a", day=d("2026-01-31")), row("a", day=d("2026-02-28")), row("a", day=d("2026-03-01")), row("b", day=AS_OF)]),
    Case("the longest run", "WITH m AS (SELECT DISTINCT subject, n FROM paid), g AS (SELECT subject, n - row_number() OVER (PARTITION BY subject ORDER BY n) AS run FROM m),"
         " r AS (SELECT subject, run, count(*) AS c FROM g GROUP BY subject, run) SELECT subject, max(c) AS value FROM r GROUP BY subject",
         "int", {"a": "3"}, numbers("a", 1, 2, 2, 3, 7, 8)),
    Case("a frame of rows", "WITH w AS (SELECT subject, sum(n) OVER (PARTITION BY subject ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM paid) SELECT subject, max(s) AS value FROM w GROUP BY subject",
         "int", {"a": "9"}, numbers("a", 1, 4, 5, 1)),
    Case("lead, first_value and rank",
         "WITH w AS (SELECT subject, lead(n) OVER (PARTITION BY subject ORDER BY day) AS nxt, first_value(n) OVER (PARTITION BY subject ORDER BY day) AS fst,"
         " rank() OVER (PARTITION BY subject ORDER BY n) AS r, dense_rank() OVER (PARTITION BY subject ORDER BY n) AS dr FROM paid)"
         " SELECT subject, max(nxt) * 1000 + max(fst) * 100 + max(r) * 10 + max(dr) AS value FROM w GROUP BY subject",
         "int", {"a": "5143"}, numbers("a", 1, 4, 4, 5)),
    Case("a join keeps those without a match", "WITH s AS (SELECT subject, max(day) AS last FROM paid WHERE kind = 'tax' GROUP BY subject)"
         " SELECT p.subject, count(s.last) AS value FROM paid AS p LEFT JOIN s ON s.subject = p.subject GROUP BY p.subject",
         "int", {"a": "2", "b": "0"}, [row("a", kind="tax", day=AS_OF), row("a", kind="x"), row("b", kind="x")]),
    Case("HAVING", "SELECT subject, sum(n) AS value FROM paid GROUP BY subject HAVING count(*) >= 2", "int",
         {"a": "3", "b": "-1"}, [*numbers("a", 1, 2), *numbers("b", 5)], empty=-1),
    Case("monthly sums, then over them", "WITH m AS (SELECT subject, year(day) * 12 + month(day) AS mon, sum(amount) AS s FROM paid GROUP BY subject, year(day) * 12 + month(day))"
         " SELECT subject, max(s) / nullif(sum(s) / nullif(count(*), 0), 0) AS value FROM m GROUP BY subject",
         "decimal(9,3)", {"a": "1.333"}, [row("a", "1", day=d("2026-01-01")), row("a", "1", day=d("2026-01-31")), row("a", "1", day=d("2026-02-01"))]),
    Case("completed months", "SELECT subject, max(year(:as_of) * 12 + month(:as_of) - year(day) * 12 - month(day) - CASE WHEN day(:as_of) < day(day) THEN 1 ELSE 0 END) AS value FROM paid GROUP BY subject",
         "int", {"a": "0", "b": "12"}, [row("a", day=d("2026-05-31")), row("b", day=d("2025-06-30"))]),
    Case("a parameter and a list of them", "SELECT subject, sum(amount) AS value FROM paid WHERE n >= :least AND kind IN (:kinds) GROUP BY subject", "decimal(18,2)",
         {"a": "3.00"}, [row("a", "1", n=1, kind="x"), row("a", "2", n=2, kind="y"), row("a", "4", n=0, kind="x"), row("a", "8", n=1, kind="z")],
         parameters={"least": 1, "kinds": ["x", "y"]}),
    Case("three-valued logic", "SELECT subject, count(*) FILTER (WHERE NOT (kind = 'x' AND n > 1)) AS value FROM paid GROUP BY subject", "int",
         {"a": "2"}, [row("a", kind="x", n=2), row("a", kind="x"), row("a", kind="y"), row("a", n=1)]),
    Case("IN with a null beside it", "SELECT subject, count(*) FILTER (WHERE kind NOT IN ('x', 'y')) AS value FROM paid GROUP BY subject", "int",
         {"a": "1"}, [row("a", kind="x"), row("a", kind="z"), row("a")]),
    # functions
    function_case("text from the n-th character", "substr(kind, 2, 2)", "bc", "code", kind="abcd"),
    function_case("ends of text", "left(kind, 1) || right(kind, 2)", "acd", "code", kind="abcd"),
    function_case("characters, not bytes", "length(kind)", "2", kind="中文"),
    Case("patterns", "SELECT subject, bool_or(kind LIKE '_税%') AND bool_and(starts_with(kind, '增')) AND bool_or(contains(kind, '税')) AS value FROM paid GROUP BY subject",
         "bool", {"a": "False", "b": "True"}, [row("a", kind="税"), row("b", kind="增税款")]),
    function_case("a decimal cast is rounded half away from zero", "CAST(share AS DECIMAL(9,2))", "0.13", "decimal(9,2)", share=Decimal("0.1250")),
    function_case("remainder", "n % 5", "-2", n=-7),
    function_case("the end of a leap February", "last_day(day)", "2024-02-29", "date", day=d("2024-02-01")),
    function_case("days later", "day + 30", "2026-03-02", "date", day=d("2026-01-31")),
    function_case("quarter", "quarter(day)", "4", day=d("2025-10-01")),
    Case("a bitmap of months", "SELECT subject, bit_count(bit_or(CAST(1 AS BIGINT) << month(day))) AS value FROM paid GROUP BY subject", "int",
         {"a": "2"}, [row("a", day=d("2026-01-01")), row("a", day=d("2026-01-09")), row("a", day=d("2026-03-01"))]),
    Case("truths", "SELECT subject, bool_and(good) AS value FROM paid GROUP BY subject", "bool", {"a": "False", "b": "True", "c": "undefined"},
         [row("a", good=True), row("a", good=False), row("b", good=True), row("b"), row("c")]),
]  # fmt: skip
