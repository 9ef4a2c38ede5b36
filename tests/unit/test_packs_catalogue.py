"""The catalogue: each resource once in the tree, freshness at its edges, and finding by word."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest

from puhui.catalogue import State, find, freshness, tree
from puhui.packs import PackSet, load_packs
from puhui.packs.forms import PeriodRule, Resource

BASE = Path(__file__).parents[2] / "packs" / "base"


@pytest.fixture(scope="module")
def base() -> PackSet:
    return load_packs([BASE])


@pytest.fixture(scope="module")
def monthly(base: PackSet) -> Resource:
    """A monthly resource with periods and 20 days of lag."""
    return base.resource("SWJ-06")


def test_the_tree_holds_every_resource_once(base: PackSet) -> None:
    agencies = tree(base)
    names = [one.name for agency in agencies for duty in agency.duties for one in duty.resources]
    assert sorted(names) == sorted(base.resources)
    assert len({agency.title.zh for agency in agencies}) == len(agencies)
    tax = next(agency for agency in agencies if agency.title.en == "Municipal Tax Bureau")
    numbers = [one.item_id for duty in tax.duties for one in duty.resources]
    assert numbers == [f"SWJ-0{number}" for number in range(1, 10)]


def test_nothing_delivered_is_never(monthly: Resource) -> None:
    assert freshness(monthly, [], None, date(2026, 7, 1)).state is State.NEVER


@pytest.mark.parametrize(
    ("held", "today", "state", "due_on", "missing"),
    [
        (["2026-05", "2026-06"], date(2026, 7, 1), State.FRESH, date(2026, 8, 20), ()),
        (["2026-05"], date(2026, 6, 30), State.FRESH, date(2026, 7, 20), ()),
        (["2026-05"], date(2026, 7, 1), State.DUE, date(2026, 7, 20), ()),
        (["2026-05"], date(2026, 7, 20), State.DUE, date(2026, 7, 20), ()),
        (["2026-05"], date(2026, 7, 21), State.LATE, date(2026, 8, 20), ("2026-06",)),
        (["2026-03", "2026-06"], date(2026, 7, 1), State.LATE, date(2026, 8, 20), ("2026-04", "2026-05")),
        (["2025-12"], date(2026, 2, 1), State.DUE, date(2026, 2, 20), ()),
    ],
)
def test_by_period(
    monthly: Resource, held: list[str], today: date, state: State, due_on: date, missing: tuple[str, ...]
) -> None:
    found = freshness(monthly, held, date(2026, 1, 5), today)
    assert (found.state, found.due_on, found.missing) == (state, due_on, missing)


@pytest.mark.parametrize(
    ("grain", "held", "today", "missing"),
    [
        ("quarter", ["2026Q1"], date(2026, 7, 21), ("2026Q2",)),
        ("quarter", ["2026Q1"], date(2026, 6, 30), ()),
        ("year", ["2024"], date(2026, 1, 21), ("2025",)),
        ("year", ["2024"], date(2026, 1, 20), ()),
    ],
)
def test_longer_periods(monthly: Resource, grain: str, held: list[str], today: date, missing: tuple[str, ...]) -> None:
    rule = msgspec.convert({"field": "tax_treasury_date", "grain": grain}, PeriodRule)
    resource = msgspec.structs.replace(monthly, period=rule)
    assert freshness(resource, held, date(2026, 1, 5), today).missing == missing


@pytest.mark.parametrize(
    ("cycle", "lag", "today", "state", "due_on"),
    [
        ("daily", 3, date(2026, 6, 1), State.FRESH, date(2026, 6, 5)),
        ("daily", 3, date(2026, 6, 2), State.DUE, date(2026, 6, 5)),
        ("daily", 3, date(2026, 6, 5), State.DUE, date(2026, 6, 5)),
        ("daily", 3, date(2026, 6, 6), State.LATE, date(2026, 6, 5)),
        ("weekly", 7, date(2026, 6, 8), State.DUE, date(2026, 6, 15)),
        ("monthly", 20, date(2026, 6, 30), State.FRESH, date(2026, 7, 21)),
        ("yearly", 90, date(2027, 8, 31), State.LATE, date(2027, 8, 30)),
        ("event", 30, date(2036, 6, 1), State.FRESH, None),
    ],
)
def test_by_delivery(monthly: Resource, cycle: str, lag: int, today: date, state: State, due_on: date | None) -> None:
    resource = msgspec.structs.replace(monthly, period=None, cycle=cycle, lag_days=lag)
    found = freshness(resource, [], date(2026, 6, 1), today)
    assert (found.state, found.due_on) == (state, due_on)


def test_find_puts_the_closest_first(base: PackSet) -> None:
    hits = find(base, "tax_arrears")
    assert (hits[0].kind, hits[0].name) == ("resource", "tax_arrears")
    assert find(base, "ｓｗｊ-06")[0].name == "enterprise_tax_payments"
    assert {hit.name for hit in find(base, "失信 被执行人")} >= {"dishonest_debtors"}
    assert ("field", "hf_balance") in [(hit.kind, hit.name) for hit in find(base, "账户余额")]


def test_find_without_words_or_hits_is_empty(base: PackSet) -> None:
    assert find(base, "  ") == ()
    assert find(base, "no such thing anywhere") == ()
