"""Cells over groups: the threshold, dominance, what subtraction would give away; against cells worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from puhui.disclosure.complement import TooSparse
from puhui.disclosure.group_tables import TOTAL, released
from puhui.disclosure.groups import Group, GroupRules, Measure, Reason, withheld_count, withheld_sum

COUNT, SUM, MEAN = Measure.COUNT, Measure.SUM, Measure.MEAN


def group(*values: float) -> Group:
    return Group.of(Decimal(str(value)) for value in values)


def tens(count: int) -> Group:
    """So many subjects of ten each."""
    return group(*[10] * count)


@pytest.mark.parametrize(
    ("values", "withheld"),
    [
        ([10] * 9, Reason.FEW),
        ([10] * 10, None),
        ([500, 500, *[1] * 8], Reason.DOMINATED),
        ([445, 445, *[14] * 8], None),
        ([0] * 10, None),
        ([], None),
        ([-500, -500, *[1] * 8], Reason.DOMINATED),
        ([1000, *[15] * 9], None),
        ([800, 90, *[10] * 8], Reason.DOMINATED),
    ],
)
def test_a_sum_is_shown_only_if_nobody_stands_out(values: list[int], withheld: Reason | None) -> None:
    assert withheld_sum(group(*values), GroupRules()) == withheld


def test_the_second_may_not_estimate_the_first_within_a_tenth() -> None:
    loose = GroupRules(share=Decimal("0.99"))  # at 90 % of two the dominance rule is the stricter one
    assert withheld_sum(group(850, 80, *[10] * 8), loose) == Reason.PERCENT
    assert withheld_sum(group(850, 80, *[11] * 8), loose) is None


@pytest.mark.parametrize(("count", "few"), [(0, False), (1, True), (9, True), (10, False), (11, False)])
def test_a_count(count: int, few: bool) -> None:
    assert (withheld_count(tens(count), GroupRules()) is Reason.FEW) == few


def test_groups_add_up() -> None:
    parts = [group(5, -3), group(100), group()]
    assert Group.merged(parts) == group(100, 5, -3)


def test_rules_are_tightened_only() -> None:
    one = GroupRules(least=20, share=Decimal("0.95"))
    assert one.tightened(GroupRules()) == GroupRules(least=20)
    assert GroupRules(least=3, anonymous=5).of_persons().least == 5


# --- tables ---


def shown(counts: Sequence[Sequence[int]], measure: Measure = COUNT, **rules: Any) -> list[list[str]]:
    """The released table of these counts of tens, row by row with the totals."""
    groups = {(f"r{r}", f"c{c}"): tens(n) for r, row in enumerate(counts) for c, n in enumerate(row)}
    return laid_out(groups, measure, GroupRules(**rules))


def laid_out(groups: Any, measure: Measure, rules: GroupRules) -> list[list[str]]:
    table = released(groups, measure, rules)
    rows, columns = (list(dict.fromkeys(place[axis] for place in table)) for axis in (0, 1))
    return [
        [str(cell.withheld or cell.value) for cell in (table[row, column] for column in sorted(columns, key=str))]
        for row in sorted(rows, key=str)
    ]  # totals sort first: "(" is before letters


def test_nothing_is_withheld_where_nothing_has_to_be() -> None:
    assert shown([[10, 11], [12, 0]]) == [["33", "22", "11"], ["21", "10", "11"], ["12", "12", "0"]]


def test_one_small_cell_takes_a_cycle_with_it() -> None:
    assert shown([[3, 50, 40], [60, 70, 80], [90, 95, 99]]) == [
        ["587", "153", "215", "219"],
        ["93", "few", "50", "complement"],
        ["210", "complement", "70", "complement"],
        ["284", "90", "95", "99"],
    ]


def test_the_greedy_way_would_give_it_away() -> None:
    """Two small cells in one row and, each in its column, one further cell: every line has two, and still the sums of
    the columns less the row's tell what is left. A cycle through another row is needed.
    """
    found = shown([[3, 4, 50], [60, 70, 80], [90, 95, 99]])
    assert found[1][1:3] == ["few", "few"]
    for row in (1, 2, 3):
        hidden = [cell in ("few", "complement") for cell in found[row][1:]]
        assert sum(hidden) != 1
    assert sum(cell == "complement" for row in found for cell in row) == 2  # both below, in one row


def test_a_group_of_nobody_is_zero_and_never_a_complement() -> None:
    found = shown([[3, 0, 50], [0, 40, 40], [60, 30, 70]])
    assert [row[1:] for row in found[1:]] == [
        ["few", "0", "complement"],
        ["0", "40", "40"],
        ["complement", "30", "complement"],
    ]


def test_one_attribute_and_its_total() -> None:
    groups = {("a", TOTAL): tens(3), ("b", TOTAL): tens(50), ("c", TOTAL): tens(30), ("d", TOTAL): tens(10)}
    # d could not be less and still be shown otherwise: c is the smallest that hides a
    assert laid_out(groups, COUNT, GroupRules()) == [["93"], ["few"], ["50"], ["complement"], ["10"]]


def test_totals_of_two_attributes_are_those_of_one() -> None:
    counts = [[2, 0, 1], [60, 70, 80], [90, 95, 99]]
    both = shown(counts)
    alone = laid_out({(f"r{r}", TOTAL): tens(sum(row)) for r, row in enumerate(counts)}, COUNT, GroupRules())
    assert [row[0] for row in both] == [row[0] for row in alone]
    assert both[1][0] == "few" and both[2][0] == "complement"


def test_a_sum_withholds_what_dominates_it_and_a_mean_what_either_withholds() -> None:
    groups = {
        ("r0", "c0"): group(9000, *[1] * 20), ("r0", "c1"): tens(30),
        ("r1", "c0"): tens(2000), ("r1", "c1"): tens(1500),
    }  # fmt: skip
    assert laid_out(groups, COUNT, GroupRules())[1] == ["51", "21", "30"]
    sums = laid_out(groups, SUM, GroupRules())
    assert sums[1] == ["dominated", "dominated", "complement"]
    assert laid_out(groups, MEAN, GroupRules())[1] == sums[1]
    assert laid_out(groups, MEAN, GroupRules())[0][0] == "12.48"


def test_a_mean_of_nobody_is_nothing() -> None:
    cell = released({("a", TOTAL): tens(12), ("b", TOTAL): tens(0)}, MEAN, GroupRules())["b", TOTAL]
    assert cell.value is None and cell.withheld is None


@pytest.mark.parametrize("counts", [[[3]], [[3, 4]], [[3, 11]], [[1, 2], [3, 3]]])
def test_a_table_that_cannot_be_protected_is_not_made(counts: list[list[int]]) -> None:
    with pytest.raises(TooSparse):
        shown(counts)
