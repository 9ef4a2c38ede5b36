"""The referee's values: what each expression of the portable subset means for one row, in plain Python.

Numbers are int or Fraction (or a signed root in a last step), dates are dates, unknown is None. Slow, clear
and independent of every SQL engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlglot import exp

from puhui.indicators import exact
from puhui.indicators.exact import Root
from puhui.model.time import month_end

Value = Any  # None | bool | int | Fraction | Root | str | date | datetime
Leaf = Callable[[exp.Expr], Value]
LEAVES = (exp.Column, exp.AggFunc, exp.Filter, exp.Window)


class NotPortable(ValueError):
    """The expression is outside the portable subset."""


def number(value: Value) -> Value:
    """A Python number as the referee holds it: Decimal becomes a fraction, integers stay."""
    return Fraction(value) if isinstance(value, Decimal) else value


def evaluate(node: exp.Expr, leaf: Leaf) -> Value:
    """The value of an expression; `leaf` gives columns, aggregates and windows."""
    if isinstance(node, LEAVES):
        return leaf(node)
    handler = HANDLERS.get(type(node))
    if handler is None:
        raise NotPortable(f"{node.key} is not in the portable subset")
    return handler(node, lambda child: evaluate(child, leaf))


NOT_CONSTANT = object()


def constant_value(step: exp.Expr, parts: Sequence[exp.Expr]) -> Value:
    """The value of a step over parts without columns; `NOT_CONSTANT` where it cannot be told."""

    def leaf(node: exp.Expr) -> Value:
        if isinstance(node, exp.Column) and node.name.startswith("part"):
            return evaluate(parts[int(node.name[4:])], leaf)
        raise NotPortable(f"{node.key} is no constant")

    try:
        value = evaluate(step, leaf)
    except NotPortable:
        return NOT_CONSTANT
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else NOT_CONSTANT
    return NOT_CONSTANT if isinstance(value, Root) else value


Evaluate = Callable[[exp.Expr], Value]
Handler = Callable[[exp.Expr, Evaluate], Value]


def _as_number(value: Value) -> Any:
    return Fraction(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _literal(node: exp.Expr, ev: Evaluate) -> Value:
    if node.is_string:
        return node.name
    return int(node.name) if node.is_int else Fraction(node.name)


def _simplified(value: Value) -> Value:
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else value


def _arithmetic(operation: Callable[[Any, Any], Value]) -> Handler:
    def handle(node: exp.Expr, ev: Evaluate) -> Value:
        left, right = ev(node.this), ev(node.expression)
        if left is None or right is None:
            return None
        return _simplified(operation(_as_number(left), _as_number(right)))

    return handle


def _plus(node: exp.Expr, ev: Evaluate) -> Value:
    return _moved(node, ev, 1)


def _minus(node: exp.Expr, ev: Evaluate) -> Value:
    return _moved(node, ev, -1)


def _moved(node: exp.Expr, ev: Evaluate, sign: int) -> Value:
    left, right = ev(node.this), ev(node.expression)
    if left is None or right is None:
        return None
    if isinstance(left, date):
        return (left - right).days if isinstance(right, date) else left + timedelta(days=sign * int(right))
    return _simplified(exact.add(_as_number(left), exact.negate(_as_number(right)) if sign < 0 else _as_number(right)))


def _remainder(left: Fraction, right: Fraction) -> Value:
    return left - right * int(left / right) if right else None


def _compared(test: Callable[[int], bool]) -> Handler:
    def handle(node: exp.Expr, ev: Evaluate) -> Value:
        left, right = ev(node.this), ev(node.expression)
        return None if left is None or right is None else test(ordered(left, right))

    return handle


def ordered(left: Value, right: Value) -> int:
    """-1, 0 or 1."""
    if isinstance(left, Root | Fraction) or isinstance(right, Root | Fraction):
        return exact.compare(_as_number(left), _as_number(right))
    if isinstance(left, datetime) != isinstance(right, datetime):
        left, right = _instant(left), _instant(right)
    return int(left > right) - int(left < right)


def _instant(value: Value) -> datetime:
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)


def _and(node: exp.Expr, ev: Evaluate) -> Value:
    left, right = ev(node.this), ev(node.expression)
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _or(node: exp.Expr, ev: Evaluate) -> Value:
    left, right = ev(node.this), ev(node.expression)
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def _not(node: exp.Expr, ev: Evaluate) -> Value:
    value = ev(node.this)
    return None if value is None else not value


def _is(node: exp.Expr, ev: Evaluate) -> Value:
    return ev(node.this) is ev(node.expression)


def _distinct_from(node: exp.Expr, ev: Evaluate) -> Value:
    left, right = ev(node.this), ev(node.expression)
    return (left is None) != (right is None) if left is None or right is None else ordered(left, right) != 0


def _between(node: exp.Expr, ev: Evaluate) -> Value:
    value, low, high = ev(node.this), ev(node.args["low"]), ev(node.args["high"])
    above = None if value is None or low is None else ordered(value, low) >= 0
    below = None if value is None or high is None else ordered(value, high) <= 0
    if above is False or below is False:
        return False
    return None if above is None or below is None else True


def _in(node: exp.Expr, ev: Evaluate) -> Value:
    value = ev(node.this)
    if value is None:
        return None
    others = [ev(other) for other in node.expressions]
    if any(other is not None and ordered(value, other) == 0 for other in others):
        return True
    return None if None in others else False


def _like(node: exp.Expr, ev: Evaluate) -> Value:
    value, pattern = ev(node.this), ev(node.expression)
    if value is None or pattern is None:
        return None
    shape = "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in pattern)
    return re.fullmatch(shape, value, re.DOTALL) is not None


def _case(node: exp.Expr, ev: Evaluate) -> Value:
    subject = node.args.get("this")
    for branch in node.args["ifs"]:
        held = ev(branch.this) if subject is None else ev(exp.EQ(this=subject, expression=branch.this))
        if held is True:
            return ev(branch.args["true"])
    default = node.args.get("default")
    return ev(default) if default is not None else None


def _if(node: exp.Expr, ev: Evaluate) -> Value:
    if ev(node.this) is True:
        return ev(node.args["true"])
    return ev(node.args["false"]) if node.args.get("false") is not None else None


def _coalesce(node: exp.Expr, ev: Evaluate) -> Value:
    for one in (node.this, *node.expressions):
        value = ev(one)
        if value is not None:
            return value
    return None


def _nullif(node: exp.Expr, ev: Evaluate) -> Value:
    left, right = ev(node.this), ev(node.expression)
    return None if left is not None and right is not None and ordered(left, right) == 0 else left


def _extreme(sign: int) -> Handler:
    def handle(node: exp.Expr, ev: Evaluate) -> Value:
        best = None
        for one in (node.this, *node.expressions):
            value = ev(one)
            if value is not None and (best is None or ordered(value, best) * sign > 0):
                best = value
        return best

    return handle


def _of(operation: Callable[[Any], Value]) -> Handler:
    def handle(node: exp.Expr, ev: Evaluate) -> Value:
        value = ev(node.this)
        return None if value is None else _simplified(operation(value))

    return handle


def _cast(node: exp.Expr, ev: Evaluate) -> Value:
    value = ev(node.this)
    return None if value is None else cast(value, node.args["to"])


def _try_cast(node: exp.Expr, ev: Evaluate) -> Value:
    try:
        return _cast(node, ev)
    except (ArithmeticError, ValueError):  # the text is no such thing
        return None


def cast(value: Value, to: exp.DataType) -> Value:
    """Casts of the portable subset; decimals are rounded half away from zero, as the engines do."""
    kind = to.this.value
    if kind == "DATE":
        return date.fromisoformat(value) if isinstance(value, str) else date(value.year, value.month, value.day)
    if kind == "BIGINT":
        return int(value)
    if kind == "DECIMAL":
        scale = int(to.expressions[1].name) if len(to.expressions) > 1 else 0
        given = Fraction(Decimal(value)) if isinstance(value, str) else Fraction(value)
        return _simplified(Fraction(half_up(given, scale), 10**scale))
    if kind in ("VARCHAR", "TEXT") and isinstance(value, str | int | date):
        return str(value)
    raise NotPortable(f"a cast to {kind} is not portable")


def half_up(value: Fraction, scale: int) -> int:
    """The value times 10^scale, rounded half away from zero."""
    whole, rest = divmod(abs(value) * 10**scale, 1)
    up = int(whole) + int(rest >= Fraction(1, 2))
    return -up if value < 0 else up


def _days_between(node: exp.Expr, ev: Evaluate) -> Value:
    end, start = ev(node.this), ev(node.expression)
    if node.args["unit"].name.upper() != "DAY":
        raise NotPortable("date_diff takes 'day' only")
    return None if end is None or start is None else (_day(end) - _day(start)).days


def _day(value: date) -> date:
    return date(value.year, value.month, value.day)


def _test_of_text(test: Callable[[str, str], bool]) -> Handler:
    def handle(node: exp.Expr, ev: Evaluate) -> Value:
        text, other = ev(node.this), ev(node.expression)
        return None if text is None or other is None else test(text, other)

    return handle


def _bits(operation: Callable[[int, int], int]) -> Handler:
    def handle(node: exp.Expr, ev: Evaluate) -> Value:
        left, right = ev(node.this), ev(node.expression)
        return None if left is None or right is None else operation(int(left), int(right))

    return handle


def _bit_count(node: exp.Expr, ev: Evaluate) -> Value:
    if node.name.lower() != "bit_count":
        raise NotPortable(f"{node.name} is not in the portable subset")
    value = ev(node.expressions[0])
    return None if value is None else int(value).bit_count()


def _substring(node: exp.Expr, ev: Evaluate) -> Value:
    text, start = ev(node.this), ev(node.args["start"])
    if text is None or start is None:
        return None
    length = ev(node.args["length"]) if node.args.get("length") is not None else None
    begin = start - 1 if start > 0 else len(text) + start if start < 0 else 0
    return text[begin:] if length is None else text[begin : begin + length]


def _left(node: exp.Expr, ev: Evaluate) -> Value:
    text = ev(node.this)
    return None if text is None else text[: ev(node.expression)]


def _right(node: exp.Expr, ev: Evaluate) -> Value:
    text = ev(node.this)
    return None if text is None else text[max(len(text) - ev(node.expression), 0) :]


def _joined(node: exp.Expr, ev: Evaluate) -> Value:
    values = [ev(node.this), ev(node.expression)]
    return None if None in values else "".join(values)


HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Literal: _literal,
    exp.Null: lambda node, ev: None,
    exp.Boolean: lambda node, ev: bool(node.this),
    exp.Paren: lambda node, ev: ev(node.this),
    exp.Alias: lambda node, ev: ev(node.this),
    exp.Neg: _of(lambda value: exact.negate(_as_number(value))),
    exp.Abs: _of(lambda value: exact.absolute(_as_number(value))),
    exp.Sqrt: _of(lambda value: exact.root(_as_number(value))),
    exp.Add: _plus,
    exp.Sub: _minus,
    exp.Mul: _arithmetic(exact.multiply),
    exp.Div: _arithmetic(exact.divide),
    exp.Mod: _arithmetic(_remainder),
    exp.EQ: _compared(lambda order: order == 0),
    exp.NEQ: _compared(lambda order: order != 0),
    exp.GT: _compared(lambda order: order > 0),
    exp.GTE: _compared(lambda order: order >= 0),
    exp.LT: _compared(lambda order: order < 0),
    exp.LTE: _compared(lambda order: order <= 0),
    exp.And: _and,
    exp.Or: _or,
    exp.Not: _not,
    exp.Is: _is,
    exp.NullSafeNEQ: _distinct_from,
    exp.NullSafeEQ: lambda node, ev: not _distinct_from(node, ev),
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _like,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _coalesce,
    exp.Nullif: _nullif,
    exp.Least: _extreme(-1),
    exp.Greatest: _extreme(1),
    exp.Cast: _cast,
    exp.TryCast: _try_cast,
    exp.Year: _of(lambda day: day.year),
    exp.Month: _of(lambda day: day.month),
    exp.Day: _of(lambda day: day.day),
    exp.DayOfMonth: _of(lambda day: day.day),
    exp.Quarter: _of(lambda day: (day.month + 2) // 3),
    exp.LastDay: _of(month_end),
    exp.DateDiff: _days_between,
    exp.BitwiseAnd: _bits(lambda left, right: left & right),
    exp.BitwiseOr: _bits(lambda left, right: left | right),
    exp.BitwiseLeftShift: _bits(lambda left, right: left << right),
    exp.Anonymous: _bit_count,  # the parser has no class of its own for it
    exp.StartsWith: _test_of_text(str.startswith),
    exp.Contains: _test_of_text(lambda text, other: other in text),
    exp.Substring: _substring,
    exp.Left: _left,
    exp.Right: _right,
    exp.Length: _of(len),
    exp.DPipe: _joined,
}
