"""Exact numbers of the last step, one at a time: fractions, and roots of fractions; rounded half-even once.

The plain implementation, kept apart from the vectorised one in `vectors.py`; both must agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt


class NotExact(ArithmeticError):
    """The expression leaves the exact numbers, such as a root under a sum; packs are refused for it at load."""


@dataclass(frozen=True, slots=True)
class Root:
    """sign · √square. Closed under products and quotients, which is all that a deviation or a correlation needs."""

    sign: int
    square: Fraction


Number = Fraction | Root


def as_root(number: Number) -> Root:
    if isinstance(number, Root):
        return number
    return Root((number > 0) - (number < 0), number * number)


def root(number: Fraction) -> Root | None:
    """The square root; None (undefined) under zero."""
    return Root(1 if number else 0, number) if number >= 0 else None


def add(left: Number, right: Number) -> Number:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left + right
    raise NotExact("a root may stand under products and quotients only")


def multiply(left: Number, right: Number) -> Number:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left * right
    a, b = as_root(left), as_root(right)
    return Root(a.sign * b.sign, a.square * b.square)


def divide(left: Number, right: Number) -> Number | None:
    """The quotient; None (undefined) where the divisor is zero."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left / right if right else None
    a, b = as_root(left), as_root(right)
    return Root(a.sign * b.sign, a.square / b.square) if b.sign else None


def negate(number: Number) -> Number:
    return Root(-number.sign, number.square) if isinstance(number, Root) else -number


def absolute(number: Number) -> Number:
    return Root(abs(number.sign), number.square) if isinstance(number, Root) else abs(number)


def compare(left: Number, right: Number) -> int:
    """-1, 0 or 1."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return (left > right) - (left < right)
    a, b = as_root(left), as_root(right)
    x, y = a.sign * a.square, b.sign * b.square  # order of signed roots is the order of signed squares
    return (x > y) - (x < y)


def rounded(number: Number, scale: int) -> int:
    """The number times 10^scale, rounded half to even."""
    if isinstance(number, Fraction):
        return _half_even(number * 10**scale)
    return number.sign * _rounded_root(number.square * 100**scale)


def _half_even(number: Fraction) -> int:
    whole, rest = divmod(number.numerator, number.denominator)
    twice = 2 * rest
    up = twice > number.denominator or (twice == number.denominator and whole % 2 == 1)
    return whole + up


def _rounded_root(square: Fraction) -> int:
    whole = isqrt(square.numerator // square.denominator)
    # compare √square with whole + 1/2 by squares
    middle = (2 * whole + 1) ** 2 * square.denominator
    given = 4 * square.numerator
    up = given > middle or (given == middle and whole % 2 == 1)
    return whole + up
