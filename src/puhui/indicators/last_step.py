"""The last step of a value, over the exact parts that an engine computed, for many rows at once.

Promise: it gives what the referee's plain arithmetic gives; null where a part is null or a divisor is zero
(undefined).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np
from sqlglot import exp

from puhui.indicators import vectors as vec
from puhui.indicators.exact import NotExact
from puhui.indicators.vectors import Mask, Vector

Truth = tuple[Mask, Mask]  # what holds, what is null
Parts = Mapping[str, Vector | Truth]


class Step:
    """One evaluation of a step over the parts of many rows."""

    def __init__(self, parts: Parts, rows: int) -> None:
        self._parts = parts
        self._rows = rows

    def number(self, node: exp.Expr) -> Vector:
        handler = _NUMBERS.get(type(node))
        if handler is None:
            raise NotExact(f"{node.key} has no place in a last step")
        return handler(self, node)

    def truth(self, node: exp.Expr) -> Truth:
        handler = _TRUTHS.get(type(node))
        if handler is None:
            raise NotExact(f"{node.key} is not a condition of a last step")
        return handler(self, node)

    def literal(self, node: exp.Expr) -> Vector:
        return vec.constant(Fraction(node.name), self._rows)

    def null(self, node: exp.Expr) -> Vector:
        return vec.nothing(self._rows)

    def column(self, node: exp.Expr) -> Vector:
        part = self._parts[node.name]
        if isinstance(part, Vector):
            return part
        raise NotExact("a condition stands where a number is needed")

    def nullif(self, node: exp.Expr) -> Vector:
        left, right = self.number(node.this), self.number(node.expression)
        same = (vec.order(left, right) == 0) & ~left.null & ~right.null
        return Vector(left.num, left.den, left.null | same, left.rooted)

    def coalesce(self, node: exp.Expr) -> Vector:
        value = self.number(node.this)
        for other in node.expressions:
            value = vec.choose(~value.null, value, self.number(other))
        return value

    def extreme(self, node: exp.Expr) -> Vector:
        sign = -1 if isinstance(node, exp.Least) else 1
        value = self.number(node.this)
        for other in map(self.number, node.expressions):
            mine = ~value.null & (other.null | (vec.order(value, other) * sign >= 0))
            value = vec.choose(mine, value, other)
        return value

    def case(self, node: exp.Expr) -> Vector:
        default = node.args.get("default")
        value = self.number(default) if default is not None else vec.nothing(self._rows)
        subject = node.args.get("this")
        for branch in reversed(node.args["ifs"]):
            when = branch.this if subject is None else exp.EQ(this=subject.copy(), expression=branch.this.copy())
            value = vec.choose(_held(self.truth(when)), self.number(branch.args["true"]), value)
        return value

    def iff(self, node: exp.Expr) -> Vector:
        default = node.args.get("false")
        value = self.number(default) if default is not None else vec.nothing(self._rows)
        return vec.choose(_held(self.truth(node.this)), self.number(node.args["true"]), value)

    def comparison(self, node: exp.Expr) -> Truth:
        left, right = self.number(node.this), self.number(node.expression)
        return _COMPARE[type(node)](vec.order(left, right)), left.null | right.null

    def between(self, node: exp.Expr) -> Truth:
        low = exp.GTE(this=node.this.copy(), expression=node.args["low"].copy())
        high = exp.LTE(this=node.this.copy(), expression=node.args["high"].copy())
        return self.both(exp.And(this=low, expression=high))

    def both(self, node: exp.Expr) -> Truth:
        (a, a_null), (b, b_null) = self.truth(node.this), self.truth(node.expression)
        no = (~a & ~a_null) | (~b & ~b_null)
        return a & b & ~a_null & ~b_null, (a_null | b_null) & ~no

    def either(self, node: exp.Expr) -> Truth:
        (a, a_null), (b, b_null) = self.truth(node.this), self.truth(node.expression)
        yes = (a & ~a_null) | (b & ~b_null)
        return yes, (a_null | b_null) & ~yes

    def negation(self, node: exp.Expr) -> Truth:
        held, null = self.truth(node.this)
        return ~held, null

    def is_null(self, node: exp.Expr) -> Truth:
        if not isinstance(node.expression, exp.Null):
            raise NotExact("IS takes NULL only")
        return self._nulls(node.this), np.zeros(self._rows, dtype=bool)

    def _nulls(self, node: exp.Expr) -> Mask:
        part = self._parts.get(node.name) if isinstance(node, exp.Column) else None
        return part[1] if isinstance(part, tuple) else self.number(node).null

    def truth_column(self, node: exp.Expr) -> Truth:
        part = self._parts[node.name]
        if isinstance(part, Vector):
            raise NotExact("a number stands where a condition is needed")
        return part

    def boolean(self, node: exp.Expr) -> Truth:
        return np.full(self._rows, bool(node.this)), np.zeros(self._rows, dtype=bool)


def _held(truth: Truth) -> Mask:
    held, null = truth
    return held & ~null


def _binary(operation: Callable[[Vector, Vector], Vector]) -> Callable[[Step, exp.Expr], Vector]:
    return lambda step, node: operation(step.number(node.this), step.number(node.expression))


def _unary(operation: Callable[[Vector], Vector]) -> Callable[[Step, exp.Expr], Vector]:
    return lambda step, node: operation(step.number(node.this))


_NUMBERS: dict[type[exp.Expr], Callable[[Step, exp.Expr], Vector]] = {
    exp.Literal: Step.literal,
    exp.Null: Step.null,
    exp.Column: Step.column,
    exp.Paren: _unary(lambda vector: vector),
    exp.Neg: _unary(vec.negate),
    exp.Abs: _unary(vec.absolute),
    exp.Sqrt: _unary(vec.root),
    exp.Add: _binary(vec.add),
    exp.Sub: _binary(lambda left, right: vec.add(left, right, -1)),
    exp.Mul: _binary(vec.multiply),
    exp.Div: _binary(vec.divide),
    exp.Nullif: Step.nullif,
    exp.Coalesce: Step.coalesce,
    exp.Least: Step.extreme,
    exp.Greatest: Step.extreme,
    exp.Case: Step.case,
    exp.If: Step.iff,
}
_COMPARE: dict[type[exp.Expr], Callable[[np.ndarray], Mask]] = {
    exp.EQ: lambda order: order == 0,
    exp.NEQ: lambda order: order != 0,
    exp.GT: lambda order: order > 0,
    exp.GTE: lambda order: order >= 0,
    exp.LT: lambda order: order < 0,
    exp.LTE: lambda order: order <= 0,
}
_TRUTHS: dict[type[exp.Expr], Callable[[Step, exp.Expr], Truth]] = {
    **dict.fromkeys(_COMPARE, Step.comparison),
    exp.Paren: lambda step, node: step.truth(node.this),
    exp.And: Step.both,
    exp.Or: Step.either,
    exp.Not: Step.negation,
    exp.Is: Step.is_null,
    exp.Between: Step.between,
    exp.Column: Step.truth_column,
    exp.Boolean: Step.boolean,
}


def is_condition(node: exp.Expr) -> bool:
    """The step gives a truth, not a number."""
    while isinstance(node, exp.Paren):
        node = node.this
    return isinstance(node, exp.Boolean | exp.And | exp.Or | exp.Not | exp.Is | exp.Between) or type(node) in _COMPARE
