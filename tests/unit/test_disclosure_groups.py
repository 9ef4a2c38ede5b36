"""Cells over groups: the threshold, dominance, and what subtraction would give away."""

from __future__ import annotations

from decimal import Decimal

import pytest

from puhui.disclosure.groups import Cell, GroupRules, cell, complementary, count_cell, is_anonymous


def amounts(*values: int) -> list[Decimal]:
    return [Decimal(value) for value in values]


@pytest.mark.parametrize(
    ("values", "withheld"),
    [
        (amounts(*[10] * 9), "few"),
        (amounts(*[10] * 10), ""),
        (amounts(500, 500, *[1] * 8), "dominated"),
        (amounts(445, 445, *[14] * 8), ""),
        (amounts(*[0] * 10), ""),
        (amounts(-500, -500, *[1] * 8), "dominated"),
        (amounts(1000, *[15] * 9), ""),
        (amounts(800, 90, *[10] * 8), "dominated"),
    ],
)
def test_a_sum_is_shown_only_if_nobody_stands_out(values: list[Decimal], withheld: str) -> None:
    found = cell(values)
    assert found.withheld == withheld
    assert (found.total is None) == bool(withheld)
    assert withheld or found.total == sum(values)


def test_the_second_may_not_estimate_the_first_within_a_tenth() -> None:
    loose = GroupRules(share=Decimal("0.99"))  # at 90 % of two the dominance rule is the stricter one
    assert cell(amounts(850, 80, *[10] * 8), loose).withheld == "p-percent"
    assert cell(amounts(850, 80, *[11] * 8), loose).withheld == ""


@pytest.mark.parametrize(("count", "withheld"), [(0, ""), (1, "few"), (9, "few"), (10, ""), (11, "")])
def test_a_count(count: int, withheld: str) -> None:
    assert count_cell(count).withheld == withheld


def test_no_withheld_cell_can_be_told_by_subtraction() -> None:
    table = {(row, column): Cell(Decimal(20 + row + 3 * column)) for row in range(3) for column in range(3)}
    table[0, 0] = Cell(None, "few")
    hidden = {(0, 0)} | complementary(table)
    for axis in (0, 1):
        for line in range(3):
            assert len([place for place in hidden if place[axis] == line]) != 1


def test_nothing_is_hidden_where_nothing_has_to_be() -> None:
    assert complementary({(0, 0): Cell(Decimal(10)), (0, 1): Cell(Decimal(11))}) == set()


def test_a_table_of_persons_needs_five_alike() -> None:
    assert is_anonymous([("f", 30)] * 5 + [("m", 40)] * 6)
    assert not is_anonymous([("f", 30)] * 5 + [("m", 40)] * 4)
