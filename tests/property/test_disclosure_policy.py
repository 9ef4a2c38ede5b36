"""Laws of the column policy: names mean nothing, and no way of writing a condition is milder than another."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from puhui.disclosure.derive import Study, study_of
from puhui.disclosure.policy import check_indicator
from puhui.packs import forms
from puhui.packs.forms import GATES
from puhui.packs.forms_answers import IndicatorHead
from puhui.packs.packset import Indicator, PackSet
from puhui.packs.sql import read
from puhui.packs.sql_tables import tables_of
from tests.spec import policy_packs as tiny
from tests.spec.test_column_policy import ACCEPTED, REFUSED, Case

NAMES = st.from_regex(r"[a-z]{1,4}_", fullmatch=True)
CONDITIONS = st.lists(
    st.sampled_from(
        [
            "tax_kind = 'a'",
            "status = 'x'",
            "rating > 5",
            "begun_on > :back_12m",
            "note = 'n'",
            "payer_name = 'p'",
            "welfare_mark = 'w'",
            "trader_rule = 't'",
            "paid > 0",
            "visits > 1 OR turnover > 2",
        ]
    ),
    min_size=1,
    max_size=3,
    unique=True,
)
VALUES = st.sampled_from(["sum(paid)", "count(*)", "max(rating)", "sum(turnover)", "bool_or(status = 'a')"])
HEAD: dict[str, Any] = {"subjects": ["enterprise", "sole_trader"], "purposes": ["lending", "guarantee"]}


@cache
def packs() -> PackSet:
    with tempfile.TemporaryDirectory() as name:
        return tiny.build(Path(name), "SELECT subject FROM taxes", tiny.head())


def studied(sql: str, head: Mapping[str, Any]) -> tuple[Study, set[tuple[str, str]]]:
    """What is derived for a SQL, and what is refused: code and column."""
    form = msgspec.convert(tiny.head(**head), IndicatorHead)
    indicator = Indicator("the_indicator", "tiny", form, sql, "f.sql", 1)
    study = study_of(read(sql, tables_of(packs()), file="f.sql"), packs())
    return study, {(m.code, m.column) for m in check_indicator(indicator, study, packs())}


def renamed(sql: str, prefix: str) -> str:
    """The SQL with every CTE and every alias of a FROM item under another name."""
    tree = sqlglot.parse_one(sql.replace(":back_", "$back_"), read="duckdb")
    names = {cte.alias for cte in tree.find_all(exp.CTE)}
    names |= {table.alias for table in tree.find_all(exp.Table, exp.Subquery) if table.alias}
    for node in tree.find_all(exp.Identifier):
        is_column = isinstance(node.parent, exp.Column) and node.parent.this is node
        named = isinstance(node.parent, exp.TableAlias | exp.Table | exp.Column) and not is_column
        if node.name in names and named:
            node.set("this", prefix + node.name)
    return tree.sql("duckdb").replace("$back_", ":back_")


@given(case=st.sampled_from([*ACCEPTED, *REFUSED]), prefix=NAMES)
@settings(max_examples=150, deadline=None)
def test_renaming_never_changes_the_verdict(case: Case, prefix: str) -> None:
    assert studied(renamed(case.sql, prefix), case.head)[1] == studied(case.sql, case.head)[1]


@given(conditions=CONDITIONS, value=VALUES)
@settings(max_examples=80, deadline=None)
def test_no_place_of_a_condition_is_milder(conditions: list[str], value: str) -> None:
    condition = " AND ".join(f"({one})" for one in conditions)
    where, found = studied(f"SELECT subject, {value} AS value FROM taxes WHERE {condition} GROUP BY subject", HEAD)
    others = [
        f"SELECT subject, {value} FILTER (WHERE {condition}) AS value FROM taxes GROUP BY subject",
        f"WITH c AS (SELECT subject, paid, rating, turnover, status FROM taxes WHERE {condition})"
        f" SELECT subject, {value} AS value FROM c GROUP BY subject",
        f"WITH c AS (SELECT subject, on_day FROM taxes WHERE {condition})"
        f" SELECT t.subject, {value.replace('(paid', '(t.paid')} AS value FROM taxes AS t JOIN c"
        " ON c.subject = t.subject GROUP BY t.subject",
    ]
    for sql in others:
        study, also = studied(sql, HEAD)
        assert found <= also
        assert study.releases <= where.releases
        assert study.grade >= where.grade
        for purpose in forms.PURPOSES:
            for kind in forms.KINDS:
                assert GATES.index(study.gate(purpose, kind)) >= GATES.index(where.gate(purpose, kind))


@given(conditions=CONDITIONS, more=CONDITIONS)
@settings(max_examples=60, deadline=None)
def test_touching_more_never_loosens(conditions: list[str], more: list[str]) -> None:
    def one(held: list[str]) -> tuple[Study, set[tuple[str, str]]]:
        condition = " AND ".join(f"({each})" for each in held)
        return studied(f"SELECT subject, sum(paid) AS value FROM taxes WHERE {condition} GROUP BY subject", HEAD)

    (less, found), (wider, also) = one(conditions), one([*conditions, *more])
    assert found <= also
    assert wider.releases <= less.releases
    assert GATES.index(wider.gate("lending", "person")) >= GATES.index(less.gate("lending", "person"))
