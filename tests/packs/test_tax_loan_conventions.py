"""What the indicators of base, tax-loan and invoice promise beside their YAML cases (`puhui pack test`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from puhui.packs import load_packs
from puhui.packs.forms_answers import Case
from puhui.packs.packset import PackSet

PACKS = Path(__file__).parents[2] / "packs"
MINE = ("base", "tax-loan", "invoice")
GROUPS = {"R": 18, "J": 12, "T": 22, "I": 8, "V": 26}  # R16 to R18 and V are proposals of ours


@cache
def packs() -> PackSet:
    return load_packs([PACKS / name for name in MINE])


def names() -> list[str]:
    return sorted(packs().indicators)


def cases_of(name: str) -> list[Case]:
    return [case for test in packs().tests.values() for case in test.cases if case.indicator == name]


@pytest.mark.parametrize("letter", GROUPS)
def test_every_number_of_a_group_is_there_once(letter: str) -> None:
    ids = [one.head.id for one in packs().indicators.values() if one.head.id.startswith(letter)]
    assert sorted(ids) == [f"{letter}{number:02d}" for number in range(1, GROUPS[letter] + 1)]


@pytest.mark.parametrize("name", names())
def test_every_indicator_has_its_cases(name: str) -> None:
    cases = cases_of(name)
    said = {str(figure) for case in cases for figure in case.figures.values()}
    assert any(case.name.startswith("plain") or "all in one month" in case.name for case in cases)
    assert any(figure.startswith("unknown(absent") for figure in said), "absence is unknown"
    assert any(case.complete for case in cases), "a complete source makes absence the empty value"
    assert any(case.then for case in cases), "a correction"
    if packs().indicators[name].head.window not in ("at", "latest"):
        assert any("edges" in case.name for case in cases), "both edges of the window"


@pytest.mark.parametrize("name", names())
def test_no_outcome_of_a_bank_is_read(name: str) -> None:
    assert "sme_firms" not in packs().indicators[name].sql


@pytest.mark.parametrize("name", names())
def test_bands_ascend(name: str) -> None:
    bands = packs().indicators[name].head.bands
    assert bands == sorted(set(bands))


def test_rating_and_default_leave_in_no_form() -> None:
    fields = {field.name: field for field in packs().resources["sme_firms"].fields}
    assert [fields[name].use for name in ("rating", "defaulted")] == ["reference", "reference"]
    assert fields["rating"].release == fields["defaulted"].release == []
