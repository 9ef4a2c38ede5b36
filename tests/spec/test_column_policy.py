"""The column policy as a table: SQL and head in, the refusal (code, column, clause) or none out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from puhui.disclosure.derive import derive
from puhui.disclosure.explain import explain
from puhui.packs.sql import read
from puhui.packs.sql_tables import tables_of

from . import policy_packs as tiny

SUM = "SELECT subject, sum(paid) AS value FROM taxes GROUP BY subject"
INT: dict[str, Any] = {"type": "int"}
PERSON: dict[str, Any] = {"subjects": ["person"], "type": "int"}
MEDICAL: dict[str, Any] = {"subjects": ["person"], "purposes": ["medical"]}


NO_HEAD: Mapping[str, Any] = MappingProxyType({})


class Case(NamedTuple):
    """`refused`: code, column and clause of a refusal that must be among those found; None: the set is accepted."""

    name: str
    sql: str
    refused: tuple[str, str, str] | None = None
    head: Mapping[str, Any] = NO_HEAD


ACCEPTED = [
    Case("a sum of a column that may leave as a sum", SUM),
    Case("a count", "SELECT subject, count(*) AS value FROM taxes GROUP BY subject", head=INT),
    Case("a public resource", "SELECT subject, count(*) AS value FROM court_cases GROUP BY subject", head=INT),
    Case(
        "a filter on a column that may be counted",
        "SELECT subject, sum(paid) AS value FROM taxes WHERE tax_kind = 'a' AND on_day > :back_12m GROUP BY subject",
    ),
    Case(
        "a flag-only column let out as a flag",
        "SELECT subject, bool_or(status = 'x') AS value FROM taxes GROUP BY subject",
        head={"type": "bool", "release": ["flag"]},
    ),
    Case(
        "a band-only column let out as a band",
        "SELECT subject, max(rating) AS value FROM taxes GROUP BY subject",
        head={"release": ["band"]},
    ),
    Case("a sum-only column summed", "SELECT subject, sum(turnover) AS value FROM taxes GROUP BY subject"),
    Case(
        "a month-only date as months",
        "SELECT subject, max(year(begun_on) * 12 + month(begun_on)) AS value FROM taxes GROUP BY subject",
        head=INT,
    ),
    Case(
        "a name that is only counted",
        "SELECT subject, count(DISTINCT payer_name) AS value FROM taxes GROUP BY subject",
        head=INT,
    ),
    Case(
        "another subject's token that is only counted",
        "SELECT subject, count(DISTINCT guarantor) AS value FROM taxes GROUP BY subject",
        head=INT,
    ),
    Case(
        "CTEs joined on subject",
        "WITH a AS (SELECT subject, sum(paid) AS p FROM taxes GROUP BY subject),"
        " b AS (SELECT subject, count(*) AS n FROM court_cases GROUP BY subject)"
        " SELECT a.subject, a.p / nullif(b.n, 0) AS value FROM a LEFT JOIN b ON b.subject = a.subject",
    ),
    Case(
        "tables joined USING (subject)",
        "SELECT subject, count(t.on_day) AS value FROM taxes AS t JOIN court_cases AS c USING "
        "(subject) GROUP BY subject",
        head=INT,
    ),
    Case(
        "a union of two tables by subject",
        "WITH u AS (SELECT subject, paid AS x FROM taxes UNION ALL SELECT subject, amount FROM court_cases)"
        " SELECT subject, sum(x) AS value FROM u GROUP BY subject",
    ),
    Case(
        "the latest row by a window",
        "WITH r AS (SELECT subject, paid, row_number() OVER (PARTITION BY subject ORDER BY "
        "on_day DESC, paid) AS n"
        " FROM taxes) SELECT subject, paid AS value FROM r WHERE n = 1",
    ),
    Case(
        "a headcount through an aggregate gate",
        "SELECT subject, count(DISTINCT other) AS value FROM works_for WHERE on_day > :back_1m GROUP BY subject",
        head=INT,
    ),
    Case(
        "whether a firm has any staff, through an aggregate gate",
        "SELECT subject, count(*) > 0 AS value FROM works_for GROUP BY subject",
        head={"type": "bool", "release": ["flag"]},
    ),
    Case(
        "person-months through an aggregate gate, in two steps",
        "WITH p AS (SELECT subject, other, count(*) AS n FROM works_for GROUP BY subject, other)"
        " SELECT subject, sum(n) AS value FROM p GROUP BY subject",
        head=INT,
    ),
    Case(
        "court cases of the legal representative, counted",
        "SELECT l.subject, count(c.case_no) AS value FROM led_by AS l JOIN court_cases AS c ON "
        "c.subject = l.other"
        " GROUP BY l.subject",
        head=INT,
    ),
    Case(
        "a relation's own columns, where they are about the near end",
        "SELECT subject, max(industry) AS value FROM led_by GROUP BY subject",
        head={"type": "code"},
    ),
    Case(
        "a relation from its far end: the person's own months",
        "SELECT other AS subject, count(*) AS value FROM works_for GROUP BY other",
        head=PERSON,
    ),
    Case(
        "a column prohibited for lending in a medical indicator",
        "SELECT subject, sum(cost) AS value FROM illness WHERE diagnosis = 'E11' GROUP BY subject",
        head=MEDICAL,
    ),
    Case(
        "a column prohibited for persons in an indicator of firms",
        "SELECT subject, max(trader_rule) AS value FROM taxes GROUP BY subject",
        head={"type": "code"},
    ),
    Case(
        "a welfare column for welfare",
        "SELECT subject, max(welfare_mark) AS value FROM taxes GROUP BY subject",
        head={"type": "code", "purposes": ["welfare"]},
    ),
    Case(
        "the period of a row, counted",
        "SELECT subject, count(DISTINCT period) AS value FROM taxes GROUP BY subject",
        head=INT,
    ),
]

REFUSED = [
    # Prohibited columns, wherever they stand
    Case(
        "a prohibited column in the projection",
        "SELECT subject, sum(cost) AS value FROM illness GROUP BY subject",
        ("policy.prohibited", "illness.cost", "projection"),
        {"subjects": ["person"]},
    ),
    Case(
        "a prohibited column in a filter only",
        "SELECT subject, count(*) AS value FROM illness WHERE diagnosis = 'E11' GROUP BY subject",
        ("policy.prohibited", "illness.diagnosis", "filter"),
        PERSON,
    ),
    Case(
        "a prohibited column in an aggregate's FILTER",
        "SELECT subject, count(*) FILTER (WHERE diagnosis = 'E11') AS value FROM illness GROUP BY subject",
        ("policy.prohibited", "illness.diagnosis", "filter"),
        PERSON,
    ),
    Case(
        "a prohibited column in a CASE",
        "SELECT subject, sum(CASE WHEN diagnosis = 'E11' THEN 1 ELSE 0 END) AS value FROM illness GROUP BY subject",
        ("policy.prohibited", "illness.diagnosis", "projection"),
        PERSON,
    ),
    Case(
        "a prohibited column in a join",
        "SELECT i.subject, count(*) AS value FROM incomes AS i JOIN illness AS d ON d.subject = "
        "i.subject AND d.diagnosis = 'E11' GROUP BY i.subject",
        ("policy.prohibited", "illness.diagnosis", "join"),
        PERSON,
    ),
    Case(
        "a prohibited column in HAVING",
        "SELECT subject, count(*) AS value FROM illness GROUP BY subject HAVING max(cost) > 3",
        ("policy.prohibited", "illness.cost", "having"),
        PERSON,
    ),
    Case(
        "a prohibited column in GROUP BY",
        "WITH g AS (SELECT subject, diagnosis, count(*) AS n FROM illness GROUP BY subject, "
        "diagnosis) SELECT subject, sum(n) AS value FROM g GROUP BY subject",
        ("policy.prohibited", "illness.diagnosis", "group of g"),
        PERSON,
    ),
    Case(
        "a prohibited column in a window's order",
        "WITH r AS (SELECT subject, on_day, row_number() OVER (PARTITION BY subject ORDER BY "
        "cost) AS n FROM illness) SELECT subject, n AS value FROM r WHERE n = 1",
        ("policy.prohibited", "illness.cost", "window of r"),
        PERSON,
    ),
    Case(
        "a prohibited column in a CTE that nobody uses",
        "WITH c AS (SELECT subject, diagnosis FROM illness) SELECT subject, sum(income) AS value "
        "FROM incomes GROUP BY subject",
        ("policy.prohibited", "illness.diagnosis", "projection of c"),
        {"subjects": ["person"], "release": ["band"]},
    ),
    Case(
        "a prohibited column in one branch of a union",
        "WITH u AS (SELECT subject, on_day FROM incomes UNION ALL SELECT subject, on_day FROM "
        "illness) SELECT subject, count(*) AS value FROM u GROUP BY subject",
        ("policy.prohibited", "illness.*", "from of u"),
        PERSON,
    ),
    Case(
        "count(*) of a prohibited resource",
        "SELECT subject, count(*) AS value FROM illness GROUP BY subject",
        ("policy.prohibited", "illness.*", "from"),
        PERSON,
    ),
    Case(
        "a prohibited column under select *",
        "WITH c AS (SELECT * FROM illness) SELECT subject, count(*) AS value FROM c GROUP BY subject",
        ("policy.prohibited", "illness.diagnosis", "projection of c"),
        PERSON,
    ),
    Case(
        "a column prohibited for persons, of a sole trader",
        "SELECT subject, max(trader_rule) AS value FROM taxes GROUP BY subject",
        ("policy.prohibited", "taxes.trader_rule", "projection"),
        {"type": "code", "subjects": ["sole_trader"]},
    ),
    Case(
        "guarantee follows the item's gate too",
        "SELECT subject, count(*) AS value FROM illness GROUP BY subject",
        ("policy.prohibited", "illness.*", "projection"),
        PERSON | {"purposes": ["guarantee"]},
    ),
    # Uses
    Case(
        "a blocked column for lending",
        "SELECT subject, max(blocked_mark) AS value FROM taxes GROUP BY subject",
        ("policy.use", "taxes.blocked_mark", "projection"),
        {"type": "code"},
    ),
    Case(
        "a policy-only column in a filter for lending",
        "SELECT subject, sum(paid) AS value FROM taxes WHERE welfare_mark = 'a' GROUP BY subject",
        ("policy.use", "taxes.welfare_mark", "filter"),
    ),
    Case(
        "a service-only column for lending",
        "SELECT subject, max(service_mark) AS value FROM taxes GROUP BY subject",
        ("policy.use", "taxes.service_mark", "projection"),
        {"type": "code"},
    ),
    # Identifiers and names
    Case(
        "a name let out",
        "SELECT subject, payer_name AS value FROM taxes",
        ("policy.identifier-let-out", "taxes.payer_name", "projection"),
        {"type": "code"},
    ),
    Case(
        "a name let out through max()",
        "SELECT subject, max(payer_name) AS value FROM taxes GROUP BY subject",
        ("policy.identifier-let-out", "taxes.payer_name", "projection"),
        {"type": "code"},
    ),
    Case(
        "a name let out through min() in a CTE",
        "WITH n AS (SELECT subject, min(payer_name) AS x FROM taxes GROUP BY subject) SELECT "
        "subject, x AS value FROM n",
        ("policy.identifier-let-out", "taxes.payer_name", "projection of n"),
        {"type": "code"},
    ),
    Case(
        "a name let out by concatenation",
        "SELECT subject, max(tax_kind || payer_name) AS value FROM taxes GROUP BY subject",
        ("policy.identifier-let-out", "taxes.payer_name", "projection"),
        {"type": "code"},
    ),
    Case(
        "a name let out by its letters",
        "SELECT subject, max(left(payer_name, 1)) AS value FROM taxes GROUP BY subject",
        ("policy.identifier-let-out", "taxes.payer_name", "projection"),
        {"type": "code"},
    ),
    Case(
        "a name spelled out by CASE",
        "SELECT subject, max(CASE WHEN payer_name = 'a' THEN 1 WHEN payer_name = 'b' THEN 2 END) "
        "AS value FROM taxes GROUP BY subject",
        ("policy.identifier-let-out", "taxes.payer_name", "projection"),
        INT,
    ),
    Case(
        "a token let out",
        "SELECT subject, max(guarantor) AS value FROM taxes GROUP BY subject",
        ("policy.identifier-let-out", "taxes.guarantor", "projection"),
        {"type": "code"},
    ),
    Case(
        "the subject itself let out",
        "SELECT subject, max(subject) AS value FROM taxes GROUP BY subject",
        ("policy.identifier-let-out", "taxes.*", "projection"),
        {"type": "code"},
    ),
    Case(
        "the far end of a relation let out",
        "SELECT subject, max(other) AS value FROM led_by GROUP BY subject",
        ("policy.identifier-let-out", "register.*", "projection"),
        {"type": "code"},
    ),
    Case(
        "an identifier that only the vault has",
        "SELECT subject, max(id_code) AS value FROM taxes GROUP BY subject",
        ("policy.column-not-in-lake", "taxes.id_code", "projection"),
        {"type": "code"},
    ),
    Case(
        "a column that is not kept",
        "SELECT subject, count(*) AS value FROM taxes WHERE inspector = 'x' GROUP BY subject",
        ("policy.column-not-in-lake", "taxes.inspector", "filter"),
        INT,
    ),
    # Release forms
    Case(
        "a flag-only field let out as a value",
        "SELECT subject, max(status) AS value FROM taxes GROUP BY subject",
        ("policy.release", "taxes.status", "projection"),
        {"type": "code"},
    ),
    Case(
        "a flag-only field that picks the rows of a sum",
        "SELECT subject, sum(paid) AS value FROM taxes WHERE status = 'x' GROUP BY subject",
        ("policy.release", "taxes.status", "filter"),
    ),
    Case(
        "a flag-only field spelled out by CASE",
        "SELECT subject, max(CASE WHEN status = 'a' THEN 1 WHEN status = 'b' THEN 2 END) AS "
        "value FROM taxes GROUP BY subject",
        ("policy.release", "taxes.status", "projection"),
        INT | {"release": ["flag"]} | {"release": ["value"]},
    ),
    Case(
        "a band-only field let out as a value",
        "SELECT subject, max(rating) AS value FROM taxes GROUP BY subject",
        ("policy.release", "taxes.rating", "projection"),
    ),
    Case(
        "a band-only field summed and let out as a value",
        "SELECT subject, sum(rating) AS value FROM taxes GROUP BY subject",
        ("policy.release", "taxes.rating", "projection"),
    ),
    Case(
        "a sum-only field let out by max()",
        "SELECT subject, max(turnover) AS value FROM taxes GROUP BY subject",
        ("policy.release", "taxes.turnover", "projection"),
        {"release": ["value", "band"]},
    ),
    Case(
        "a count-only field summed",
        "SELECT subject, sum(visits) AS value FROM taxes GROUP BY subject",
        ("policy.release", "taxes.visits", "projection"),
    ),
    Case(
        "a month-only date let out to the day",
        "SELECT subject, max(begun_on) AS value FROM taxes GROUP BY subject",
        ("policy.release", "taxes.begun_on", "projection"),
        {"type": "date"},
    ),
    Case(
        "a G4 field hidden in a CTE",
        "WITH h AS (SELECT subject, income AS x FROM incomes) SELECT subject, sum(x) AS value FROM h GROUP BY subject",
        ("policy.release", "incomes.income", "projection of h"),
        {"subjects": ["person"]},
    ),
    Case(
        "a field that leaves in no form, in a CTE's filter",
        "WITH h AS (SELECT subject, on_day FROM incomes WHERE secret = 'x') SELECT subject, "
        "count(*) AS value FROM h GROUP BY subject",
        ("policy.release", "incomes.secret", "filter of h"),
        PERSON,
    ),
    Case(
        "a free text that leaves in no form",
        "SELECT subject, max(note) AS value FROM taxes GROUP BY subject",
        ("policy.release", "taxes.note", "projection"),
        {"type": "code"},
    ),
    # Names that mean nothing
    Case(
        "an undeclared table",
        "SELECT subject, count(*) AS value FROM payments GROUP BY subject",
        ("policy.undeclared-table", "payments", "from"),
        INT,
    ),
    Case(
        "a table under a schema",
        "SELECT subject, count(*) AS value FROM lake.taxes GROUP BY subject",
        ("policy.undeclared-table", "taxes", "from"),
        INT,
    ),
    Case(
        "a file as a table",
        "SELECT subject, count(*) AS value FROM 'taxes.parquet' GROUP BY subject",
        ("policy.undeclared-table", "taxes.parquet", "from"),
        INT,
    ),
    Case(
        "an unknown column",
        "SELECT subject, sum(payed) AS value FROM taxes GROUP BY subject",
        ("policy.unknown-column", "taxes.payed", "projection"),
    ),
    Case(
        "a column that two tables have",
        "SELECT t.subject, max(on_day) AS value FROM taxes AS t JOIN court_cases AS c ON "
        "c.subject = t.subject GROUP BY t.subject",
        ("policy.ambiguous-column", "on_day", "projection"),
        {"type": "date"},
    ),
    *(
        Case(
            f"the reserved column {name}",
            f"SELECT subject, max({name}) AS value FROM taxes GROUP BY subject",
            ("policy.reserved-column", f"taxes.{name}", "projection"),
            {"type": "code"},
        )
        for name in ("bucket", "parcel", "line", "conflict")
    ),
    # Strangers
    Case(
        "a correlated sub-query on another subject",
        "SELECT subject, sum(paid) AS value FROM taxes AS t WHERE EXISTS (SELECT 1 AS x FROM "
        "court_cases AS c WHERE c.amount = t.paid) GROUP BY subject",
        ("policy.correlated-subquery", "", "subquery"),
    ),
    Case(
        "a correlated sub-query on the same subject",
        "SELECT subject, (SELECT max(c.amount) AS m FROM court_cases AS c WHERE c.subject = "
        "t.subject) AS value FROM taxes AS t",
        ("policy.correlated-subquery", "", "subquery"),
    ),
    Case(
        "a sub-query over everybody",
        "SELECT subject, count(*) AS value FROM taxes WHERE paid > (SELECT max(amount) AS m FROM "
        "court_cases) GROUP BY subject",
        ("policy.subquery", "", "subquery"),
        INT,
    ),
    Case(
        "a join on something else than subject",
        "SELECT t.subject, sum(c.amount) AS value FROM taxes AS t JOIN court_cases AS c ON "
        "c.on_day = t.on_day GROUP BY t.subject",
        ("policy.join-not-on-subject", "", "join"),
    ),
    Case(
        "a cross join",
        "SELECT t.subject, sum(c.amount) AS value FROM taxes AS t, court_cases AS c GROUP BY t.subject",
        ("policy.join-not-on-subject", "", "join"),
    ),
    Case(
        "an equality of subjects under OR",
        "SELECT t.subject, sum(c.amount) AS value FROM taxes AS t JOIN court_cases AS c ON "
        "c.subject = t.subject OR c.amount > 0 GROUP BY t.subject",
        ("policy.join-not-on-subject", "", "join"),
    ),
    Case(
        "an equality of subjects in another outer join's ON",
        "SELECT t.subject, sum(c.amount) AS value FROM taxes AS t JOIN court_cases AS c ON TRUE "
        "LEFT JOIN incomes AS i ON t.subject = c.subject AND i.subject = t.subject GROUP BY t.subject",
        ("policy.join-not-on-subject", "", "join"),
    ),
    Case(
        "a join through a token that is no relation",
        "SELECT t.subject, count(*) AS value FROM taxes AS t JOIN court_cases AS c ON c.subject "
        "= t.guarantor GROUP BY t.subject",
        ("policy.join-not-on-subject", "", "join"),
        INT,
    ),
    Case(
        "a CTE over everybody",
        "WITH m AS (SELECT max(paid) AS top FROM taxes) SELECT t.subject, max(t.paid) AS value "
        "FROM taxes AS t JOIN m ON m.top = t.paid GROUP BY t.subject",
        ("policy.group-without-subject", "", "group"),
    ),
    Case(
        "a group by something else than subject",
        "WITH m AS (SELECT tax_kind, sum(paid) AS p FROM taxes GROUP BY tax_kind) SELECT "
        "t.subject, max(m.p) AS value FROM taxes AS t JOIN m ON m.tax_kind = t.tax_kind GROUP BY t.subject",
        ("policy.group-without-subject", "", "group"),
    ),
    Case(
        "a window over everybody",
        "SELECT subject, rank() OVER (ORDER BY paid) AS value FROM taxes",
        ("policy.window-without-subject", "", "window"),
        INT,
    ),
    Case(
        "an output subject that is no subject",
        "SELECT tax_kind AS subject, sum(paid) AS value FROM taxes GROUP BY tax_kind",
        ("policy.subject-not-a-key", "", "projection"),
    ),
    Case(
        "a token as the output subject",
        "SELECT guarantor AS subject, sum(paid) AS value FROM taxes GROUP BY guarantor",
        ("policy.subject-not-a-key", "", "projection"),
    ),
    # Others through relations
    Case(
        "a wage sum through an aggregate gate",
        "SELECT subject, sum(wage) AS value FROM works_for GROUP BY subject",
        ("policy.not-a-count", "contributions.wage", "projection"),
    ),
    Case(
        "a highest wage through an aggregate gate",
        "SELECT subject, max(wage) AS value FROM works_for GROUP BY subject",
        ("policy.not-a-count", "contributions.wage", "projection"),
    ),
    Case(
        "a wage sum by a join at the far end",
        "WITH w AS (SELECT subject, sum(wage) AS s FROM contributions GROUP BY subject) SELECT "
        "r.subject, sum(w.s) AS value FROM works_for AS r JOIN w ON w.subject = r.other GROUP BY r.subject",
        ("policy.not-a-count", "contributions.wage", "projection of w"),
    ),
    Case(
        "a wage sum grouped by person and then by firm",
        "WITH p AS (SELECT subject, other, sum(wage) AS s FROM works_for GROUP BY subject, "
        "other) SELECT subject, max(s) AS value FROM p GROUP BY subject",
        ("policy.not-a-count", "contributions.wage", "projection of p"),
    ),
    Case(
        "the illness of the staff, counted",
        "SELECT r.subject, count(*) AS value FROM works_for AS r JOIN illness AS d ON d.subject "
        "= r.other GROUP BY r.subject",
        ("policy.prohibited", "illness.*", "from"),
        INT,
    ),
]


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_accepted(case: Case, tmp_path: Path) -> None:
    packs = tiny.build(tmp_path, case.sql, tiny.head(**case.head))
    assert tiny.refusals(packs) == []


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused(case: Case, tmp_path: Path) -> None:
    packs = tiny.build(tmp_path, case.sql, tiny.head(**case.head))
    found = tiny.refusals(packs)
    assert case.refused in {(mistake.code, mistake.column, mistake.clause) for mistake in found}
    assert {mistake.line for mistake in found} == {4}
    assert all(mistake.said.zh and mistake.said.en for mistake in found)


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    sql = (
        "SELECT t.subject,\n max(t.payer_name) AS value\nFROM taxes AS t\n"
        "JOIN court_cases AS c ON c.on_day = t.on_day\nWHERE t.status = 'x'\n AND t.line > "
        "3\nGROUP BY t.subject"
    )
    found = tiny.refusals(tiny.build(tmp_path, sql, tiny.head(type="code")))
    assert {(mistake.line, mistake.code) for mistake in found} == {
        (5, "policy.identifier-let-out"),
        (7, "policy.join-not-on-subject"),
        (8, "policy.release"),
        (9, "policy.reserved-column"),
    }


@pytest.mark.parametrize(
    ("sql", "head", "article"),
    [
        (
            "SELECT subject, sum(cost) AS value FROM illness GROUP BY subject",
            {"subjects": ["person"]},
            "十四条第一款",
        ),
        (
            "SELECT subject, sum(income) AS value FROM incomes GROUP BY subject",
            {"subjects": ["person"]},
            "二十八",
        ),
        ("SELECT subject, max(payer_name) AS value FROM taxes GROUP BY subject", {"type": "code"}, "第六条"),
    ],
)
def test_the_article_is_named(tmp_path: Path, sql: str, head: dict[str, Any], article: str) -> None:
    found = tiny.refusals(tiny.build(tmp_path, sql, tiny.head(**head)))
    assert any(article in mistake.article for mistake in found)


@pytest.mark.parametrize(
    ("about", "product", "letter", "refused"),
    [
        ("a tick of the gate", {}, tiny.letter(("enterprise_auth", "SWJ-06")), None),
        ("a stricter tick than asked", {}, tiny.letter(("written_consent", "SWJ-06")), None),
        (
            "a tick of a lesser gate",
            {},
            tiny.letter(("public", "SWJ-06")),
            ("policy.letter-lacks-tick", "SWJ-06"),
        ),
        (
            "a tick for another item",
            {},
            tiny.letter(("enterprise_auth", "SWJ-07")),
            ("policy.letter-lacks-tick", "SWJ-06"),
        ),
        ("no tick at all", {}, tiny.letter(), ("policy.letter-lacks-tick", "SWJ-06")),
        ("no letter", {"letter": None}, tiny.letter(), ("policy.no-letter", "SWJ-06")),
        (
            "a letter for another purpose",
            {},
            tiny.letter(("enterprise_auth", "SWJ-06"), purpose="guarantee"),
            ("policy.letter-purpose", ""),
        ),
        (
            "an indicator for another purpose",
            {"purpose": "guarantee"},
            tiny.letter(("enterprise_auth", "SWJ-06"), purpose="guarantee"),
            ("policy.product-purpose", ""),
        ),
        (
            "an indicator for other subjects",
            {"subjects": ["person"]},
            tiny.letter(("enterprise_auth", "SWJ-06")),
            ("policy.product-subjects", ""),
        ),
    ],
)
def test_a_product_and_its_letter(
    tmp_path: Path,
    about: str,
    product: dict[str, Any],
    letter: dict[str, Any],
    refused: tuple[str, str] | None,
) -> None:
    packs = tiny.build(tmp_path, SUM, tiny.head(), [tiny.product(**product)], [letter])
    found = [(mistake.code, mistake.column) for mistake in tiny.refusals(packs)]
    assert found == ([] if refused is None else [refused]), about


def test_public_items_about_persons_need_a_letter_for_lending(tmp_path: Path) -> None:
    sql = "SELECT subject, count(*) AS value FROM court_cases GROUP BY subject"
    product = tiny.product(letter=None, subjects=["person"])
    packs = tiny.build(tmp_path, sql, tiny.head(**PERSON), [product])
    (mistake,) = tiny.refusals(packs)
    assert (mistake.code, "十八条" in mistake.article) == ("policy.no-letter", True)


def test_public_items_about_firms_need_no_letter(tmp_path: Path) -> None:
    sql = "SELECT subject, count(*) AS value FROM court_cases GROUP BY subject"
    packs = tiny.build(tmp_path, sql, tiny.head(**INT), [tiny.product(letter=None)])
    assert tiny.refusals(packs) == []


def test_a_medical_product_may_use_what_lending_may_not(tmp_path: Path) -> None:
    sql = "SELECT subject, sum(cost) AS value FROM illness WHERE diagnosis = 'E11' GROUP BY subject"
    product = tiny.product(purpose="medical", subjects=["person"])
    letter = tiny.letter(("separate_consent", "WJW-01"), purpose="medical")
    assert tiny.refusals(tiny.build(tmp_path, sql, tiny.head(**MEDICAL), [product], [letter])) == []


def test_derived_marks_are_the_strictest(tmp_path: Path) -> None:
    sql = (
        "WITH a AS (SELECT subject, sum(income) AS x FROM incomes GROUP BY subject)"
        " SELECT a.subject, max(a.x) AS value FROM a JOIN court_cases AS c ON c.subject = "
        "a.subject GROUP BY a.subject"
    )
    packs = tiny.build(tmp_path, sql, tiny.head(subjects=["person"], release=["band"]))
    indicator = packs.indicators["the_indicator"]
    derived = derive(read(indicator.sql, tables_of(packs)), packs, "lending", "person")
    assert (derived.grade, derived.gate, derived.releases) == ("G4", "written_consent", frozenset({"band"}))


def test_an_aggregate_gate_holds_for_counts_by_the_figures_own_subject_only(tmp_path: Path) -> None:
    own = "SELECT subject, count(*) AS value FROM works_for GROUP BY subject"
    of_another_firm = (
        "SELECT l.other AS subject, count(w.other) AS value FROM led_by AS l JOIN works_for AS w"
        " ON w.subject = l.subject GROUP BY l.other"
    )
    packs = tiny.build(tmp_path, own, tiny.head(**INT))
    gates = [
        derive(read(sql, tables_of(packs)), packs, "lending", kind).gate
        for sql, kind in ((own, "enterprise"), (of_another_firm, "person"))
    ]
    assert gates == ["enterprise_auth", "consent"]


def test_explain_names_every_place(tmp_path: Path) -> None:
    sql = "SELECT subject,\n sum(paid) AS value\nFROM taxes\nWHERE tax_kind = 'a' AND paid > 0\nGROUP BY subject"
    told = explain(tiny.build(tmp_path, sql, tiny.head()), "X01").as_dict()
    assert told["gates"] == {"lending.enterprise": "enterprise_auth"}
    assert told["refused"] == []
    columns = {column["column"]: column for column in told["columns"]}  # type: ignore[attr-defined]
    assert set(columns) == {"taxes.*", "taxes.paid", "taxes.tax_kind"}
    assert [(place["clause"], place["line"], place["how"]) for place in columns["taxes.paid"]["places"]] == [
        ("projection", 5, "sum"),
        ("filter", 7, "selects"),
    ]
