"""The referee's aggregates: one value out of the rows of a group. NULLs are left out, as SQL says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from sqlglot import exp

from puhui.indicators.referee_values import NotPortable, Value, ordered

Evaluate = Callable[[exp.Expr, Any], Value]


def is_true(value: Value) -> bool:
    """A condition holds only where it is true; unknown is not true."""
    return value is True


def aggregate(node: exp.Expr, rows: Sequence[Any], value: Evaluate) -> Value:
    """The value of an aggregate, with or without FILTER, over rows; `value` evaluates an expression in one row."""
    if isinstance(node, exp.Filter):
        kept = [row for row in rows if is_true(value(node.expression.this, row))]
        return aggregate(node.this, kept, value)
    if isinstance(node, exp.Count):
        return _count(node, rows, value)
    handler = _AGGREGATES.get(type(node))
    if handler is None:
        raise NotPortable(f"{node.key} is not an aggregate of the portable subset")
    return handler(_arguments(node.this, rows, value))


def _arguments(of: exp.Expr, rows: Sequence[Any], value: Evaluate) -> list[Value]:
    if isinstance(of, exp.Distinct):
        return list(dict.fromkeys(_arguments(of.expressions[0], rows, value)))
    return [found for row in rows if (found := value(of, row)) is not None]


def _count(node: exp.Count, rows: Sequence[Any], value: Evaluate) -> int:
    if isinstance(node.this, exp.Star) or node.this is None:
        return len(rows)
    return len(_arguments(node.this, rows, value))


def _sum(values: list[Value]) -> Value:
    return sum(values) if values else None


def _best(sign: int) -> Callable[[list[Value]], Value]:
    return lambda values: reduce(lambda a, b: b if ordered(b, a) * sign > 0 else a, values) if values else None


def _bits(values: list[Value]) -> Value:
    return reduce(lambda a, b: a | b, values) if values else None


_AGGREGATES: dict[type[exp.Expr], Callable[[list[Value]], Value]] = {
    exp.Sum: _sum,
    exp.Min: _best(-1),
    exp.Max: _best(1),
    exp.BitwiseOrAgg: _bits,
    exp.LogicalOr: lambda values: any(values) if values else None,
    exp.LogicalAnd: lambda values: all(values) if values else None,
}
