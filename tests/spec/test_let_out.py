"""What leaves of a figure: rule and figure in, released item out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from puhui.disclosure.history import clashes, narrows
from puhui.disclosure.let_out import OBJECTED, Source, agrees, let_out
from puhui.disclosure.rules import OutRule, labels_of
from puhui.model.figures import Figure, Figures, Unknown
from puhui.model.question import Caller, Mandate, Permit, ReleasedItem, ReleaseKind
from puhui.model.subject import Subject

TODAY = date(2026, 11, 22)
FIRM = "360500a1E" + "0" * 20
LIMITS = (Decimal(1), Decimal(3), Decimal(6))


def permit(stated: dict[str, str] | None = None) -> Permit:
    caller = Caller("bank-a", "bank-a/1", frozenset({"answers"}), b"k" * 32)
    mandate = Mandate(caller, "C-1", "", "p", "lending", "none", {}, "free")
    return Permit(mandate, Subject(FIRM), "S-x", None, b"", 1, {}, stated or {})


def rule(form: ReleaseKind = ReleaseKind.VALUE, **other: Any) -> OutRule:
    fixed: dict[str, Any] = {"kinds": "E", "unit": "", "definition": "d", "items": frozenset({"SWJ-06"})}
    if form is ReleaseKind.BAND:
        fixed |= {"limits": LIMITS, "labels": labels_of(LIMITS)}
    return OutRule(name="x", indicator="x", form=form, **{**fixed, **other})


def one(a_rule: OutRule, figure: Figure | None, *, as_of: date = date(2026, 10, 31), **other: Any) -> ReleasedItem:
    stated = other.pop("stated", None)
    figures = Figures(FIRM, 1, as_of, (figure,) if figure else ())
    source = Source(1, as_of, datetime(2026, 11, 1, tzinfo=UTC), "set", ())
    return let_out(figures, permit(stated), (a_rule,), source, today=TODAY, **other).items[0]


def known(value: Any) -> Figure:
    return Figure("x", True, value)


@pytest.mark.parametrize(
    ("value", "band"),
    [(-1, "<1"), (0, "<1"), (1, "[1,3)"), (Decimal("2.99"), "[1,3)"), (3, "[3,6)"), (6, ">=6"), (600, ">=6")],
)
def test_a_band_holds_its_lower_limit(value: int | Decimal, band: str) -> None:
    assert one(rule(ReleaseKind.BAND), known(value)).value == band


@pytest.mark.parametrize(
    ("a_rule", "figure", "options", "reason"),
    [
        (rule(kinds="P"), known(1), {}, "other-kind"),
        (rule(), None, {}, "other-kind"),
        (rule(ReleaseKind.WITHHELD), known(1), {}, "policy"),
        (rule(adverse=True), known(1), {"as_of": date(2026, 9, 30)}, "facts-may-have-retired"),
        (rule(ReleaseKind.FLAG, compare="equal"), known(1), {}, "not-stated"),
    ],
)
def test_what_is_withheld_says_why_and_shows_nothing(
    a_rule: OutRule, figure: Figure | None, options: dict[str, Any], reason: str
) -> None:
    item = one(a_rule, figure, **options)
    assert (item.kind, item.value, item.known, item.reason) == (ReleaseKind.WITHHELD, None, False, reason)


@pytest.mark.parametrize("reason", list(Unknown))
def test_unknown_is_no_zero(reason: Unknown) -> None:
    item = one(rule(), Figure("x", False, None, reason))
    assert (item.known, item.value, item.reason) == (False, None, reason)


def test_zero_is_known() -> None:
    item = one(rule(), known(0))
    assert (item.known, item.value, item.reason) == (True, 0, None)


def test_what_is_defined_for_nobody_like_this_is_known_without_a_value() -> None:
    item = one(rule(ReleaseKind.BAND), known(None))
    assert (item.known, item.value) == (True, None)


def test_a_disputed_item_is_flagged() -> None:
    assert one(rule(), known(1), objected=frozenset({"SWJ-06"})).flags == (OBJECTED,)
    assert one(rule(), known(1), objected=frozenset({"FY-01"})).flags == ()


def test_facts_that_fade_leave_while_the_snapshot_is_young() -> None:
    assert one(rule(adverse=True), known(1)).value == 1


@pytest.mark.parametrize(
    ("value", "stated", "compare", "tolerance", "expected"),
    [
        (100, "100", "equal", "0", True),
        (100, "100.0", "equal", "0", True),
        (100, "101", "equal", "0", False),
        (100, "100", "at_least", "0", True),
        (99, "100", "at_least", "0", False),
        (100, "100", "at_most", "0", True),
        (101, "100", "at_most", "0", False),
        (100, "110", "within", "0.1", True),
        (100, "111", "within", "0.1", False),
        (-100, "-110", "within", "0.1", True),
        (100, "a lot", "equal", "0", False),
        ("A", "A", "equal", "0", True),
        ("A", "B", "equal", "0", False),
        (True, "True", "equal", "0", True),
        (date(2020, 1, 1), "2020-01-01", "equal", "0", True),
    ],
)
def test_a_stated_value(value: Any, stated: str, compare: str, tolerance: str, expected: bool) -> None:
    assert agrees(value, stated, compare, Decimal(tolerance)) is expected


def test_a_check_tells_yes_or_no_alone() -> None:
    item = one(rule(ReleaseKind.FLAG, compare="at_least"), known(5), stated={"x": "3"})
    assert (item.kind, item.value) == (ReleaseKind.FLAG, True)


def band(*limits: int, indicator: str = "x") -> OutRule:
    return OutRule("n", indicator, ReleaseKind.BAND, "E", "", "d", frozenset(), False, tuple(map(Decimal, limits)))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (band(1, 3), band(1, 3), False),
        (band(1, 3), band(2, 4), True),
        (band(1, 3), band(2, 4, indicator="y"), False),
        (band(1, 3), rule(ReleaseKind.VALUE), False),
        (band(1, 3), rule(ReleaseKind.FLAG, compare="at_least"), True),
        (band(1, 3), rule(ReleaseKind.WITHHELD), False),
    ],
)
def test_two_releases_that_narrow_a_figure_down(first: OutRule, second: OutRule, expected: bool) -> None:
    assert narrows(first, second) is narrows(second, first) is expected


def test_products_that_clash_name_each_other() -> None:
    found = clashes({"a": [band(1, 3)], "b": [band(2, 4)], "c": [band(2, 4)]})
    assert found == {"a": {"b", "c"}, "b": {"a"}, "c": {"a"}}
