"""The runner of pack tests: what passes, what fails and how it is told, to an author who reads no Python."""

# ruff: noqa: E501 - a pack is written as its author would

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from puhui.adapters.engine_duckdb import DuckEngine
from puhui.indicators.pack_tests import TestOutcome, run_pack_tests
from puhui.packs.load import load_packs

FILES = {
    "pack.yaml": """
format: 1
name: small
version: 1.0.0
title: {zh: 小包, en: Small}
owner: {zh: 市数据局, en: City}
""",
    "resources/paid.yaml": """
format: 1
name: paid
item_id: XX-01
title: {zh: 缴费, en: Payments}
agency: {zh: 局, en: Bureau}
duty: {zh: 征收, en: Collection}
domain: tax
about: organisation
grade: G3
credit_gate: public
use: score
share_mode: conditional
cycle: monthly
identify: [{field: uscc, kind: uscc}]
keys: [uscc, month, kind]
period: {field: month, grain: month}
fields:
  - {name: uscc, title: {zh: 码, en: Code}, type: str(18), semantic: uscc, grade: G1, gate: public, use: verify, keep: vault}
  - {name: month, title: {zh: 月, en: Month}, type: ym, semantic: ym, grade: G1, gate: public, use: score, release: [value, count, sum, flag]}
  - {name: kind, title: {zh: 类, en: Kind}, type: str(8), semantic: text, grade: G1, gate: public, use: score, release: [value, count, sum, flag]}
  - {name: amount, title: {zh: 额, en: Amount}, type: "decimal(12,2)", semantic: amount, grade: G1, gate: public, use: score, release: [value, count, sum, flag, band]}
""",
    "indicators/paid_12m.sql": """/*
format: 1
id: X01
title: {zh: 近12月缴费, en: Paid in 12 months}
group: tax
subjects: [enterprise]
type: decimal(18,2)
unit: CNY
window: 12M
empty: 0
release: [value]
purposes: [lending]
*/
SELECT subject, sum(amount) AS value
FROM paid
WHERE month > :back_12m AND month <= :as_of
GROUP BY subject
""",
}
CASES = """
format: 1
name: paid_12m
as_of: 2026-06-30
cases:
"""
ROWS = "{subject: a, month: 2026-06, kind: x, amount: 1.50}"


def outcomes(folder: Path, *cases: str) -> list[TestOutcome]:
    pack = folder / "small"
    told = CASES + "".join(f"  - name: case {at}\n    indicator: paid_12m\n{text}" for at, text in enumerate(cases))
    for name, text in {**FILES, "tests/paid_12m.yaml": told}.items():
        path = pack / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"), encoding="utf-8")
    return run_pack_tests(load_packs([pack]), DuckEngine())


def case(figures: str, rows: str = f"[{ROWS}]", more: str = "") -> str:
    return f"    rows: {{paid: {rows}}}\n{more}    figures: {figures}\n"


@pytest.mark.parametrize(
    ("figures", "rows", "more"),
    [
        ("{a: 1.50, b: unknown(absent)}", f"[{ROWS}]", ""),
        ("{a: 1.5}", f"[{ROWS}]", ""),
        ("{a: 0}", "[{subject: a, month: 2020-01, kind: x, amount: 1}]", ""),
        (
            "{a: 1.50}",
            "[{subject: a, month: 2026-06-01, kind: x, amount: 1.50}]",
            "",
        ),  # a month is its last day
        ("{a: unknown(incomplete 1/12)}", f"[{ROWS}]", "    periods: {paid: ['2026-06']}\n"),
        ("{a: unknown(incomplete)}", f"[{ROWS}]", "    periods: {paid: ['2026-06']}\n"),
        ("{b: 0.00}", f"[{ROWS}]", "    complete: [paid]\n"),
        ("{a: 2.00}", f"[{ROWS}]", f"    then: [{{paid: [{ROWS.replace('1.50', '2')}]}}]\n"),
        (
            "{a: unknown(absent)}",
            f"[{ROWS}]",
            f"    then: [{{paid: [{ROWS.replace('}', ', deleted: true}')}]}}]\n",
        ),
        ("{a: unknown(conflict)}", f"[{ROWS}, {ROWS.replace('1.50', '2')}]", ""),  # one key, two amounts
        ("{a: 3.00}", f"[{ROWS}, {ROWS.replace('kind: x', 'kind: y')}]", ""),
    ],
)
def test_what_is_right_passes(tmp_path: Path, figures: str, rows: str, more: str) -> None:
    assert [one.failures for one in outcomes(tmp_path, case(figures, rows, more))] == [()]


def test_what_differs_is_told_for_both_judges(tmp_path: Path) -> None:
    (told,) = outcomes(tmp_path, case("{a: 1.51}"))
    assert (told.pack, told.file, told.case, told.indicator) == (
        "small",
        "tests/paid_12m.yaml",
        "case 0",
        "paid_12m",
    )
    assert told.failures == (
        "referee: a is 1.50, the case states 1.51",
        "duckdb: a is 1.50, the case states 1.51",
    )
    assert not told.passed


def test_a_bad_case_fails_alone(tmp_path: Path) -> None:
    bad = case("{a: 1.50}", "[{subject: a, month: 2026-06, kind: x, amount: much}]")
    first, second = outcomes(tmp_path, bad, case("{a: 1.50}"))
    assert first.failures == ("'much' is no decimal(12,2)",)
    assert second.passed


def test_cases_do_not_see_each_other(tmp_path: Path) -> None:
    texts = [case(f"{{a: {amount}.00}}", f"[{ROWS.replace('1.50', str(amount))}]") for amount in range(5)]
    assert all(one.passed for one in outcomes(tmp_path, *texts))


def test_only_the_named_packs_are_tested(tmp_path: Path) -> None:
    outcomes(tmp_path, case("{a: 1.50}"))
    packs = load_packs([tmp_path / "small"])
    found: Mapping[bool, int] = {
        chosen == "small": len(run_pack_tests(packs, DuckEngine(), only=[chosen])) for chosen in ("small", "other")
    }
    assert found == {True: 1, False: 0}
