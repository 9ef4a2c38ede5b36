"""The vectorised last step and the plain one give the same integers, whatever the parts: small, huge, zero, null."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.indicators import exact
from puhui.indicators.last_step import Step, is_condition
from puhui.indicators.referee_values import evaluate
from puhui.indicators.vectors import Vector, round_to

STEPS = [
    "part0 / part1",
    "(part0 - part1) / nullif(part1, 0)",
    "part0 * part1 - part2 * part2",
    "sqrt(part0 * part1 - part2 * part2) / nullif(part0, 0)",
    "-sqrt(part0 / nullif(part1, 0)) * part2",
    "abs(part0 / part1) * 3 + 0.25",
    "least(part0 / part1, part2, 7) + greatest(part1, part2)",
    "coalesce(part0 / part1, part2 / 3, 0.5)",
    "CASE WHEN part0 / part1 > 2 THEN part2 WHEN part1 IS NULL THEN -1 ELSE part0 / 7 END",
    "CASE part0 WHEN part1 THEN 1 ELSE part2 / 2 END",
    "part0 / part1 BETWEEN 0 AND 2 OR NOT (part2 < 1)",
    "part0 / part1 >= part2 AND part2 <> 3 AND NOT part0 IS NULL",
    "sqrt(part0) <= sqrt(part1)",
]
small = st.integers(-20, 20)
wide = st.integers(-(10**12), 10**12)
huge = st.integers(-(10**37), 10**37)
parts = st.lists(
    st.tuples(*[st.one_of(st.none(), small, wide, huge)] * 3), min_size=1, max_size=6
)  # rows of three parts


def vector(values: list[int | None], scale: int) -> Vector:
    null = np.array([value is None for value in values])
    data = [value or 0 for value in values]
    fits = all(abs(value) < 2**62 for value in data)
    return Vector(np.array(data, dtype=np.int64 if fits else object), 10**scale, null)


def plainly(step: sqlglot.exp.Expr, row: tuple[int | None, ...], scales: tuple[int, ...]) -> object:
    def leaf(node: sqlglot.exp.Expr) -> object:
        at = int(node.name[4:])
        return None if row[at] is None else Fraction(row[at] or 0, 10 ** scales[at])

    return evaluate(step, leaf)


@settings(max_examples=300, deadline=None)
@given(
    text=st.sampled_from(STEPS),
    rows=parts,
    scales=st.tuples(*[st.sampled_from([0, 2, 4])] * 3),
    digits=st.integers(0, 6),
)
def test_both_agree(text: str, rows: list[tuple[int | None, ...]], scales: tuple[int, ...], digits: int) -> None:
    step = sqlglot.parse_one(text, read="duckdb")
    columns = {f"part{at}": vector([row[at] for row in rows], scales[at]) for at in range(3)}
    many = Step(columns, len(rows))
    for at, row in enumerate(rows):
        single = plainly(step, row, scales)
        if is_condition(step):
            held, null = many.truth(step)
            assert (None if null[at] else bool(held[at])) == single
            continue
        found = many.number(step)
        told = None if found.null[at] else int(round_to(found, digits)[at])
        assert told == (None if single is None else exact.rounded(_number(single), digits))


def _number(value: object) -> exact.Number:
    assert isinstance(value, int | Fraction | exact.Root)
    return Fraction(value) if isinstance(value, int) else value


@given(st.fractions(), st.integers(0, 8))
def test_rounding_is_to_the_nearest_and_to_even_between_two(number: Fraction, scale: int) -> None:
    rounded = exact.rounded(number, scale)
    off = abs(number * 10**scale - rounded)
    assert off <= Fraction(1, 2)
    assert off < Fraction(1, 2) or rounded % 2 == 0


@given(st.fractions(min_value=0, max_value=10**30), st.integers(0, 8))
def test_a_root_is_rounded_to_the_nearest(square: Fraction, scale: int) -> None:
    rounded = exact.rounded(exact.Root(1, square), scale)
    scaled = square * 100**scale
    assert (2 * rounded + 1) ** 2 >= 4 * scaled
    assert rounded == 0 or (2 * rounded - 1) ** 2 <= 4 * scaled
    assert abs(rounded - isqrt(int(scaled))) <= 1
