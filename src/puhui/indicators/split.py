"""Splits the outermost `value` into exact parts, which an engine computes, and one last step over them.

Promise: parts hold no division and no root, so every engine computes them exactly; the last step holds only
arithmetic over parts `part0`, `part1` …, and is computed once, exactly, by `last_step`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

INEXACT = (exp.Div, exp.Sqrt)
STEPS = (
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.Neg,
    exp.Paren,
    exp.Nullif,
    exp.Coalesce,
    exp.Case,
    exp.If,
    exp.Abs,
    exp.Least,
    exp.Greatest,
    exp.Sqrt,
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.And,
    exp.Or,
    exp.Not,
    exp.Is,
    exp.Between,
)
PART = "part"


@dataclass(frozen=True, slots=True)
class Split:
    """`step` reads the columns part0, part1 … of `parts`; a lone column part0 is the part itself."""

    parts: tuple[exp.Expr, ...]
    step: exp.Expr

    @property
    def plain(self) -> bool:
        """The value is a part as it stands."""
        return isinstance(self.step, exp.Column)


def split(value: exp.Expr) -> Split:
    """The parts of an outermost value and the step over them; equal parts are shared."""
    parts: list[exp.Expr] = []
    step = _step(value, parts)
    return Split(tuple(parts), step)


def part_name(number: int) -> str:
    """The column that holds part `number`."""
    return f"{PART}{number}"


def _step(node: exp.Expr, parts: list[exp.Expr]) -> exp.Expr:
    if isinstance(node, exp.Literal | exp.Null | exp.Boolean):
        return node.copy()
    if not _needs_step(node):
        return _part(node, parts)
    copy = node.copy()
    for key, child in node.args.items():
        copy.set(key, _child_step(child, parts))
    return copy


def _child_step(child: object, parts: list[exp.Expr]) -> object:
    if isinstance(child, list):
        return [_child_step(one, parts) for one in child]
    return _step(child, parts) if isinstance(child, exp.Expr) else child


def _part(node: exp.Expr, parts: list[exp.Expr]) -> exp.Expr:
    node = node.unnest()
    if node not in parts:
        parts.append(node.copy())
    return exp.column(part_name(parts.index(node)))


def _needs_step(node: exp.Expr) -> bool:
    """A node is a step where a division, a root, a product of parts or a distinct count is at or under it."""
    return isinstance(node, STEPS) and any(
        isinstance(found, INEXACT) or _is_wide_product(found) or _counts_distinct(found)
        for found in _outside_aggregates(node)
    )


def _counts_distinct(node: exp.Expr) -> bool:
    """Distinct counts are parts of their own: a scan computes them apart."""
    count = node.this if isinstance(node, exp.Filter) else node
    return isinstance(count, exp.Count) and isinstance(count.this, exp.Distinct)


def _is_wide_product(node: exp.Expr) -> bool:
    """Products of two amounts may pass 38 digits in an engine; products with a constant do not."""
    return isinstance(node, exp.Mul) and not any(
        isinstance(side.unnest(), exp.Literal) for side in (node.left, node.right)
    )


def _outside_aggregates(node: exp.Expr) -> list[exp.Expr]:
    return list(node.walk(prune=lambda found: isinstance(found, exp.AggFunc | exp.Window | exp.Filter)))
