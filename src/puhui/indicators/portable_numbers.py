"""The numbers of one reading: what a column of its tables and CTEs, or a bound parameter, may hold."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sqlglot import exp

from puhui.packs.forms import Parameter
from puhui.packs.sql import Scope
from puhui.packs.sql_numbers import Look, Number, any_of, number_of, number_of_type, number_of_value


def numbers_of_parameters(parameters: Mapping[str, Parameter]) -> dict[str, Number]:
    """What holds every dated value of a parameter, for those whose values are all numbers."""
    found: dict[str, Number] = {}
    for name, parameter in parameters.items():
        given = [dated.value for dated in parameter.values]
        plain = [one for one in given if isinstance(one, int | Decimal) and not isinstance(one, bool)]
        number = any_of(number_of_value(one) for one in plain)
        if number is not None and len(plain) == len(given):
            found[name] = number
    return found


class Numbers:
    """The numbers of the outputs of scopes, each derived once. `bound`: those of parameters."""

    def __init__(self, bound: Mapping[str, Number]) -> None:
        self.bound = bound
        self.done: dict[tuple[int, str], Number | None] = {}

    def look(self, scope: Scope) -> Look:
        """How a column or bound name of a scope is looked up."""
        return lambda node: self._look(scope, node)

    def _look(self, scope: Scope, node: exp.Expr) -> Number | None:
        if not isinstance(node, exp.Column):
            return self.bound.get(node.name)
        source = scope.find(node)
        if source is None:
            meant = scope.alias(node)
            return number_of(meant, self.look(scope)) if meant is not None and meant is not node else None
        if source.scope is not None:
            return self._output(source.scope, node.name)
        return number_of_type(source.table.columns.get(node.name, "")) if source.table is not None else None

    def _output(self, scope: Scope, name: str) -> Number | None:
        key = (id(scope), name)
        if key not in self.done:
            self.done[key] = None
            self.done[key] = self._derived(scope, name)
        return self.done[key]

    def _derived(self, scope: Scope, name: str) -> Number | None:
        if name not in scope.outputs:
            return None
        if not scope.branches:
            return number_of(scope.outputs[name], self.look(scope))
        place = list(scope.outputs).index(name)
        names = [list(branch.outputs)[place : place + 1] for branch in scope.branches]
        return any_of(self._output(b, n[0]) for b, n in zip(scope.branches, names, strict=True) if n)
