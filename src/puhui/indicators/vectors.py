"""Exact numbers of the last step, many at a time: numerators and denominators as numpy integers.

64-bit integers where a bound proves that nothing can overflow, Python integers where it does not. Nulls are a mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puhui.indicators.exact import NotExact, Root, rounded

Ints = NDArray[Any]  # int64 or object
Mask = NDArray[np.bool_]
LIMIT = 2**62  # sums of two bounded values still fit in 64 bits


@dataclass(frozen=True, slots=True)
class Vector:
    """`num / den` per row, or sign(num) · √(|num| / den) where `rooted`. `den` is positive."""

    num: Ints
    den: Ints | int
    null: Mask
    rooted: bool = False

    def __len__(self) -> int:
        return len(self.num)


def constant(number: Fraction, rows: int) -> Vector:
    num = np.full(rows, number.numerator, dtype=np.int64 if abs(number.numerator) < LIMIT else object)
    return Vector(num, number.denominator, np.zeros(rows, dtype=bool))


def nothing(rows: int) -> Vector:
    return Vector(np.zeros(rows, dtype=np.int64), 1, np.ones(rows, dtype=bool))


def bound(values: Ints | int) -> int:
    if isinstance(values, int):
        return abs(values)
    if not len(values):
        return 0
    return max(abs(int(values.max())), abs(int(values.min())))


def _wide(values: Ints | int) -> Ints | int:
    return values if isinstance(values, int) else values.astype(object)


def times(left: Ints | int, right: Ints | int) -> Ints | int:
    """The product, in Python integers where 64 bits may not hold it."""
    if isinstance(left, int) and isinstance(right, int):
        return left * right
    if isinstance(right, int) and right == 1:
        return left
    if isinstance(left, int) and left == 1:
        return right
    if bound(left) * bound(right) >= LIMIT:
        return _wide(left) * _wide(right)
    return left * right


def plus(left: Ints, right: Ints, sign: int = 1) -> Ints:
    if bound(left) + bound(right) >= LIMIT:
        left, right = left.astype(object), right.astype(object)
    return left + right if sign > 0 else left - right


def _array(values: Ints | int, rows: int) -> Ints:
    if isinstance(values, int):
        return np.full(rows, values, dtype=np.int64 if abs(values) < LIMIT else object)
    return values


def _common(left: Vector, right: Vector) -> tuple[Ints, Ints, Ints | int]:
    """Both numerators over one denominator."""
    if left.rooted or right.rooted:
        raise NotExact("a root may stand under products and quotients only")
    if isinstance(left.den, int) and isinstance(right.den, int):
        both = lcm(left.den, right.den)
        rows = len(left)
        return (
            _array(times(left.num, both // left.den), rows),
            _array(times(right.num, both // right.den), rows),
            both,
        )
    return (
        _array(times(left.num, right.den), len(left)),
        _array(times(right.num, left.den), len(left)),
        times(left.den, right.den),
    )


def add(left: Vector, right: Vector, sign: int = 1) -> Vector:
    a, b, den = _common(left, right)
    return Vector(plus(a, b, sign), den, left.null | right.null)


def _rooted(vector: Vector) -> Vector:
    if vector.rooted:
        return vector
    square = _array(times(times(vector.num, np.sign(vector.num)), vector.num), len(vector))
    return Vector(square, times(vector.den, vector.den), vector.null, rooted=True)


def _alike(left: Vector, right: Vector) -> tuple[Vector, Vector]:
    return (_rooted(left), _rooted(right)) if left.rooted or right.rooted else (left, right)


def multiply(left: Vector, right: Vector) -> Vector:
    a, b = _alike(left, right)
    num = _array(times(a.num, b.num), len(a))
    return Vector(num, times(a.den, b.den), a.null | b.null, a.rooted)


def divide(left: Vector, right: Vector) -> Vector:
    """The quotient; null (undefined) where the divisor is zero."""
    a, b = _alike(left, right)
    zero = np.asarray(b.num == 0, dtype=bool)
    divisor = np.where(zero, 1, b.num)
    sign = np.sign(divisor)
    num = _array(times(times(a.num, b.den), sign), len(a))
    den = times(times(divisor, sign), a.den)
    return Vector(num, den, a.null | b.null | zero, a.rooted)


def negate(vector: Vector) -> Vector:
    return Vector(-vector.num, vector.den, vector.null, vector.rooted)


def absolute(vector: Vector) -> Vector:
    return Vector(np.abs(vector.num), vector.den, vector.null, vector.rooted)


def root(vector: Vector) -> Vector:
    if vector.rooted:
        raise NotExact("a root of a root is not exact")
    below = np.asarray(vector.num < 0, dtype=bool)
    return Vector(np.where(below, 0, vector.num), vector.den, vector.null | below, rooted=True)


def order(left: Vector, right: Vector) -> NDArray[np.int8]:
    """-1, 0 or 1 per row; meaningless where either is null."""
    a, b = _alike(left, right)
    x = _array(times(a.num, b.den), len(a))
    y = _array(times(b.num, a.den), len(a))
    return np.asarray(x > y, dtype=np.int8) - np.asarray(x < y, dtype=np.int8)


def choose(where: Mask, left: Vector, right: Vector) -> Vector:
    """`left` where the mask is set, else `right`."""
    a, b = _alike(left, right)
    alike = isinstance(a.den, int) and isinstance(b.den, int) and a.den == b.den
    den = a.den if alike else np.where(where, a.den, b.den)
    return Vector(np.where(where, a.num, b.num), den, np.where(where, a.null, b.null), a.rooted)


def round_to(vector: Vector, scale: int) -> Ints:
    """The values times 10^scale, rounded half to even; any integer where null."""
    if vector.rooted:
        return _round_roots(vector, scale)
    num = _array(times(vector.num, 10**scale), len(vector))
    if isinstance(vector.den, int):
        return num if vector.den == 1 else _half_even(num, vector.den)
    return _half_even(num, vector.den)


def _half_even(num: Ints, den: Ints | int) -> Ints:
    if isinstance(den, int) and den >= LIMIT:
        num = num.astype(object)
    whole: Ints = num // den
    rest = num - whole * den
    other = den - rest
    up = np.asarray((rest > other) | ((rest == other) & (whole % 2 == 1)), dtype=bool)
    rounded_up: Ints = whole + up
    return rounded_up


_SURE = 1e-14  # relative; the double below is good to about 5e-16
_MOST = 1e13  # beyond this a double has no digits left after the point to be sure with


def _round_roots(vector: Vector, scale: int) -> Ints:
    """Roots by doubles where these are sure of the last place, by whole-number roots where not."""
    num, den = vector.num, _array(vector.den, len(vector))
    guess = np.sqrt(np.abs(num).astype(np.float64) / den.astype(np.float64)) * 10.0**scale
    fraction = guess - np.floor(guess)
    sure = (guess < _MOST) & (np.abs(fraction - 0.5) > _SURE * np.maximum(guess, 1.0))
    out = np.zeros(len(vector), dtype=np.int64)
    out[sure] = np.rint(guess[sure]).astype(np.int64) * np.sign(num[sure]).astype(np.int64)
    unsure = np.flatnonzero(~sure & ~vector.null)
    exact = [_round_one(int(num[i]), int(den[i]), scale) for i in unsure]
    if any(abs(value) >= LIMIT for value in exact):
        out = out.astype(object)
    out[unsure] = exact
    return out


def _round_one(num: int, den: int, scale: int) -> int:
    return rounded(Root((num > 0) - (num < 0), Fraction(abs(num), den)), scale)
