"""How many digits a number of a SQL expression may have, as DuckDB types it: from the types of fields, CASTs,
literals and sums.

Two things hang on it. DuckDB multiplies two DECIMALs of at most 18 digits within 64 bits, and a product
beyond them is an error that ends the whole query. Sail types a CASE by its first result. Where nothing is
known the answer is None, and nothing is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from puhui.model.refusal import Said

_OF_64_BITS = 18  # digits that DuckDB keeps in 64 bits
_OF_128_BITS = 38
_BIGINT = 19
_LIKE_ITS_ARGUMENT = (
    exp.Paren,
    exp.Neg,
    exp.Abs,
    exp.Min,
    exp.Max,
    exp.Filter,
    exp.Window,
    exp.Nullif,
    exp.Mod,
    exp.Lag,
    exp.Lead,
    exp.FirstValue,
)
_COUNTS = (exp.Count, exp.Year, exp.Month, exp.Quarter, exp.Day, exp.DateDiff, exp.Length, exp.RowNumber)


@dataclass(frozen=True, slots=True)
class Number:
    """At most `digits` digits, `scale` of them after the point. `exact`: a DECIMAL, no integer."""

    digits: int
    scale: int = 0
    exact: bool = False

    @property
    def whole(self) -> int:
        """The digits before the point."""
        return self.digits - self.scale


INTEGER = Number(_BIGINT)
Look = Callable[[exp.Expr], Number | None]  # the number that a column or a bound name stands for


def number_of_type(declared: str) -> Number | None:
    """Of a pack type: `int`, or `decimal(16,2)`."""
    if declared == "int":
        return INTEGER
    if not declared.startswith("decimal("):
        return None
    digits, scale = declared.removeprefix("decimal(").rstrip(")").split(",")
    return Number(int(digits), int(scale), True)


def number_of_value(value: int | Decimal) -> Number:
    """Of one number as it is written: the digits that it needs, not those of its type."""
    _, digits, exponent = Decimal(value).as_tuple()
    scale = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return Number(max(len(digits), scale), scale, isinstance(value, Decimal))


def any_of(numbers: Iterable[Number | None]) -> Number | None:
    """What holds each of these; None if one is not known."""
    found = list(numbers)
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found):
        return None
    scale = max(one.scale for one in known)
    digits = min(max(one.whole for one in known) + scale, _OF_128_BITS)
    return Number(digits, scale, any(one.exact for one in known))


def results_of(node: exp.Case | exp.If) -> list[exp.Expr]:
    """What a CASE may give."""
    if isinstance(node, exp.If):
        return [part for part in (node.args.get("true"), node.args.get("false")) if part is not None]
    found = [branch.args["true"] for branch in node.args["ifs"]]
    return found + ([node.args["default"]] if node.args.get("default") is not None else [])


def number_of(node: exp.Expr, look: Look) -> Number | None:
    """The number that an expression gives; None if it gives none, or nothing is known."""
    match node:
        case exp.Column() | exp.Placeholder():
            return look(node)
        case exp.Literal():
            return _literal(node)
        case exp.Cast():
            return _cast(node)
        case exp.Sum():
            return _sum(number_of(node.this, look))
        case exp.BitwiseCount():
            return Number(2)
        case exp.Case() | exp.If():
            return _results(node, look)
        case exp.Coalesce() | exp.Greatest() | exp.Least():
            return any_of(number_of(part, look) for part in (node.this, *node.expressions))
        case exp.Add() | exp.Sub() | exp.Mul():
            return _arithmetic(node, number_of(node.this, look), number_of(node.expression, look))
    if isinstance(node, _COUNTS):
        return INTEGER
    return number_of(node.this, look) if isinstance(node, _LIKE_ITS_ARGUMENT) else None


def _literal(node: exp.Literal) -> Number | None:
    if node.is_string or "e" in node.name.lower():
        return None
    return number_of_value(Decimal(node.name) if "." in node.name else int(node.name))


def _cast(node: exp.Cast) -> Number | None:
    if node.to.this.name == "BIGINT":
        return INTEGER
    if node.to.this.name != "DECIMAL" or not node.to.expressions:
        return None
    given = [int(one.name) for one in node.to.expressions]
    return Number(given[0], given[1] if len(given) > 1 else 0, True)


def _sum(added: Number | None) -> Number | None:
    return Number(_OF_128_BITS, added.scale, added.exact) if added is not None else None


def _results(node: exp.Case | exp.If, look: Look) -> Number | None:
    return any_of(number_of(one, look) for one in results_of(node) if not isinstance(one, exp.Null))


def _arithmetic(node: exp.Expr, left: Number | None, right: Number | None) -> Number | None:
    """DuckDB stays within 64 bits where both sides do, within 128 bits otherwise."""
    if left is None or right is None:
        return None
    exact = left.exact or right.exact
    if isinstance(node, exp.Mul):
        digits, scale = left.digits + right.digits, left.scale + right.scale
    else:
        scale = max(left.scale, right.scale)
        digits = max(left.whole, right.whole) + scale + 1
    widest = max(left.digits, right.digits)
    within = _OF_64_BITS if exact else _BIGINT
    return Number(min(digits, within if widest <= within else _OF_128_BITS), scale, exact)


def overflows(product: exp.Mul, look: Look) -> Said | None:
    """What to write instead of a product of decimals that DuckDB may fail to compute; None if all is well."""
    left, right = number_of(product.this, look), number_of(product.expression, look)
    if left is None or right is None or not (left.exact or right.exact):
        return None
    if max(left.digits, right.digits) > _OF_64_BITS or left.digits + right.digits <= _OF_64_BITS:
        return None
    wider, scale = (product.this, left.scale) if left.exact else (product.expression, right.scale)
    written = f"CAST({wider.unnest().sql('duckdb')} AS DECIMAL({_OF_64_BITS + 1},{scale}))"
    return Said(
        f"{left.digits} 位乘 {right.digits} 位的十进制数可能超出 18 位，DuckDB 会报错并中断整个批次；写 {written}",
        f"decimals of {left.digits} and {right.digits} digits may give more than 18: DuckDB fails, and the "
        f"whole run with it. Write {written}",
    )


def misplaced(case: exp.Case | exp.If, look: Look) -> Said | None:
    """What to write where a CASE over decimals does not begin with the widest result; None if all is well."""
    results = [one for one in results_of(case) if not isinstance(one, exp.Null)]
    numbers = [number_of(one, look) for one in results]
    known = [one for one in numbers if one is not None]
    if not results or numbers[0] is None or not any(one.exact for one in known):
        return None
    if _holds(numbers[0], known):
        return None
    widest = [one for one, number in zip(results, numbers, strict=True) if number and _holds(number, known)]
    if widest:
        text = widest[0].sql("duckdb")
        return Said(
            f"Sail 按 CASE 的第一个结果定类型；把位数最多的 {text} 放在最前（条件随之调整）",
            f"Sail types a CASE by its first result: let {text}, the widest, stand first (turn the conditions round)",
        )
    wanted = _holder(known)
    text = f"CAST({results[0].sql('duckdb')} AS DECIMAL({wanted.digits},{wanted.scale}))"
    return Said(
        f"Sail 按 CASE 的第一个结果定类型，而它容不下其他结果；第一个结果写成 {text}",
        f"Sail types a CASE by its first result, which does not hold the others: write {text} first",
    )


def _holder(numbers: list[Number]) -> Number:
    """The DECIMAL that holds each. Integers of unstated length count as no longer than their neighbours."""
    scale = max(one.scale for one in numbers)
    whole = max((one.whole for one in numbers if one.exact or one.digits < _BIGINT), default=0)
    return Number(min(whole + scale, _OF_128_BITS), scale, True)


def _holds(first: Number, numbers: list[Number]) -> bool:
    wanted = _holder(numbers)
    return first.exact and first.scale >= wanted.scale and first.whole >= wanted.whole
