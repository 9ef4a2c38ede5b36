"""The packs housing-fund-loan, farmer-loan and sme-credit: whole, lawful, portable and tested."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from puhui.adapters.engine_duckdb import DuckEngine
from puhui.disclosure.policy import check_policy
from puhui.indicators.pack_tests import run_pack_tests
from puhui.indicators.portable import check_portable
from puhui.packs import PackSet, load_packs
from puhui.packs.forms_answers import Case

PACKS = Path(__file__).parents[2] / "packs"
INDICATORS = {
    "housing-fund-loan": [
        *(f"H{n:02}" for n in range(1, 12)),
        *(f"E{n:02}" for n in range(7, 11)),
        *(f"P{n:02}" for n in range(1, 5)),
    ],
    "farmer-loan": [f"A{n:02}" for n in range(1, 11)],
    "sme-credit": [
        *(f"E{n:02}" for n in range(1, 7)),
        *(f"U{n:02}" for n in range(1, 7)),
        *(f"N{n:02}" for n in range(1, 3)),
    ],
}


@pytest.fixture(scope="module", params=sorted(INDICATORS))
def pack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def packs(pack: str) -> PackSet:
    return load_packs([PACKS / "base", PACKS / pack])


def cases_of(packs: PackSet, indicator: str) -> Iterator[Case]:
    return (case for test in packs.tests.values() for case in test.cases if case.indicator == indicator)


def names_of(packs: PackSet, pack: str) -> list[str]:
    return [name for name, indicator in packs.indicators.items() if indicator.pack == pack]


def test_every_indicator_is_there(pack: str, packs: PackSet) -> None:
    ids = sorted(packs.indicators[name].head.id for name in names_of(packs, pack))
    assert ids == sorted(INDICATORS[pack])


def test_no_column_is_used_against_the_policy(pack: str, packs: PackSet) -> None:
    assert [mistake for mistake in check_policy(packs) if mistake.file.startswith(pack)] == []


def test_the_sql_is_portable(pack: str, packs: PackSet) -> None:
    assert [mistake for mistake in check_portable(packs) if mistake.file.startswith(pack)] == []


def test_every_indicator_is_in_a_product(pack: str, packs: PackSet) -> None:
    sold = {name for product in packs.products.values() for name in product.indicators}
    assert sold.issuperset(names_of(packs, pack))


def test_each_has_the_absent_the_empty_and_the_corrected_case(pack: str, packs: PackSet) -> None:
    for name in names_of(packs, pack):
        cases = list(cases_of(packs, name))
        assert len(cases) >= 5, name
        assert any("unknown(absent)" in case.figures.values() for case in cases), name
        assert any(case.complete and _states_the_empty(packs, case) for case in cases), name
        assert any(case.then for case in cases), name


def _states_the_empty(packs: PackSet, case: Case) -> bool:
    empty = packs.indicators[case.indicator].head.empty
    return ("undefined" if empty is None else empty) in case.figures.values()


def test_all_cases_pass(pack: str, packs: PackSet) -> None:
    outcomes = run_pack_tests(packs, DuckEngine(), only=[pack])
    assert outcomes
    assert [(done.file, done.case, done.failures) for done in outcomes if not done.passed] == []
