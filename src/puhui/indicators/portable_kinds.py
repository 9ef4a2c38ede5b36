"""The kind of an expression: int, decimal, date, datetime, bool, text, or "" where nothing is known.

Engines convert between kinds each in their own way; the lint refuses what mixes them.
"""

from __future__ import annotations

from sqlglot import exp

from puhui.indicators.allowlist import ALLOWED, ALLOWED_BY_NAME, CASTS
from puhui.packs.sql import Scope
from puhui.packs.sql_numbers import results_of

_OF_TYPE = {"str": "text", "text": "text", "code": "text", "json": "text", "ym": "date"}
_YES_NO = (exp.Predicate, exp.Connector, exp.Not, exp.Boolean)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Mod)
_FIRST_ARGUMENT = (exp.Paren, exp.Neg, exp.Filter, exp.Window, exp.Distinct, exp.Ordered, exp.Nullif)


def family(kind: str) -> str:
    """What may stand beside each other: all numbers, both kinds of day."""
    return {"int": "number", "decimal": "number", "double": "number", "datetime": "date"}.get(kind, kind)


def kind_of_type(declared: str) -> str:
    """The kind of a pack type such as `decimal(16,2)`."""
    name = declared.partition("(")[0]
    return _OF_TYPE.get(name, name)


class Kinds:
    """The kinds of the expressions of one reading."""

    def __init__(self) -> None:
        self.done: dict[tuple[int, str], str] = {}

    def output(self, scope: Scope, name: str) -> str:
        """The kind of one output of a scope."""
        key = (id(scope), name)
        if key not in self.done:
            self.done[key] = ""
            self.done[key] = self._output(scope, name)
        return self.done[key]

    def _output(self, scope: Scope, name: str) -> str:
        if scope.branches:
            place = list(scope.outputs).index(name)
            names = [list(branch.outputs)[place : place + 1] for branch in scope.branches]
            return _together([self.output(b, n[0]) for b, n in zip(scope.branches, names, strict=True) if n])
        return self.of(scope, scope.outputs[name]) if name in scope.outputs else ""

    def of(self, scope: Scope, node: exp.Expr | None) -> str:
        """The kind of an expression of a scope."""
        match node:
            case None | exp.Null():
                return ""
            case exp.Column():
                return self._column(scope, node)
            case exp.Literal():
                return _literal(node)
            case exp.Placeholder():
                return "date" if node.name == "as_of" or node.name.startswith("back_") else ""
            case exp.Cast() | exp.TryCast():
                return CASTS.get(node.to.this.name, "double" if node.to.this.name in ("DOUBLE", "FLOAT") else "")
            case exp.Case() | exp.If():
                return _together([self.of(scope, part) for part in results_of(node)])
            case exp.Count():
                return "int"
        return self._other(scope, node)

    def _other(self, scope: Scope, node: exp.Expr) -> str:
        if isinstance(node, _YES_NO):
            return "bool"
        if isinstance(node, _ARITHMETIC):
            return self._arithmetic(scope, node)
        if isinstance(node, exp.Div | exp.Sqrt):
            return "decimal"
        if isinstance(node, exp.BitwiseAnd | exp.BitwiseOr | exp.BitwiseLeftShift):
            return "int"
        if isinstance(node, exp.Coalesce | exp.Greatest | exp.Least):
            return _together([self.of(scope, part) for part in (node.this, *node.expressions)])
        if isinstance(node, _FIRST_ARGUMENT):
            inner = node.expressions[0] if isinstance(node, exp.Distinct) and node.expressions else node.this
            return self.of(scope, inner)
        function = ALLOWED.get(type(node)) or ALLOWED_BY_NAME.get(node.name.lower())
        if function is None:
            return ""
        return function.gives or self.of(scope, node.this if isinstance(node.this, exp.Expr) else None)

    def _arithmetic(self, scope: Scope, node: exp.Expr) -> str:
        left, right = self.of(scope, node.this), self.of(scope, node.expression)
        if "date" in (left, right):
            return "date" if left != right else "int"
        return _together([left, right])

    def _column(self, scope: Scope, column: exp.Column) -> str:
        source = scope.find(column)
        if source is None:
            meant = scope.alias(column)
            return self.of(scope, meant) if meant is not None and meant is not column else ""
        if source.scope is not None:
            return self.output(source.scope, column.name)
        return kind_of_type(source.table.columns.get(column.name, "")) if source.table is not None else ""


def _literal(node: exp.Literal) -> str:
    if node.is_string:
        return "text"
    text = node.name.lower()
    return "double" if "e" in text else "decimal" if "." in text else "int"


def _together(kinds: list[str]) -> str:
    known = [kind for kind in kinds if kind]
    if not known:
        return ""
    return "decimal" if set(known) == {"int", "decimal"} else known[0]
