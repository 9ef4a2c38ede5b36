"""Binds an indicator's SQL to a day: `:as_of`, `:back_Nm` and dated parameters become literals; what it
reads is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from sqlglot import exp

from puhui.indicators.sources import Source
from puhui.model.refusal import Said
from puhui.model.refusals import UnknownName
from puhui.model.time import months_back
from puhui.packs.sql import Reading, Scope, columns_in, parts_of

_BACK = re.compile(r"back_([0-9]+)m$")
Bound = int | Decimal | bool | str | date


def bind(tree: exp.Expr, as_of: date, parameters: Mapping[str, object]) -> exp.Expr:
    """A copy of the tree with every placeholder replaced by its literal; lists become what IN takes."""
    return tree.transform(_bound, as_of, parameters)


def _bound(node: exp.Expr, as_of: date, parameters: Mapping[str, object]) -> exp.Expr:
    if isinstance(node, exp.In) and isinstance(node.args.get("field"), exp.Placeholder):
        values = _value(node.args["field"].name, as_of, parameters)
        return exp.In(this=node.this, expressions=[literal(value) for value in _listed(values)])
    if isinstance(node, exp.In) and any(isinstance(one, exp.Placeholder) for one in node.expressions):
        return exp.In(this=node.this, expressions=_expanded_list(node, as_of, parameters))
    if isinstance(node, exp.Placeholder):
        return literal(_value(node.name, as_of, parameters))
    return node


def _expanded_list(node: exp.In, as_of: date, parameters: Mapping[str, object]) -> list[exp.Expr]:
    found: list[exp.Expr] = []
    for one in node.expressions:
        if isinstance(one, exp.Placeholder):
            found += [literal(value) for value in _listed(_value(one.name, as_of, parameters))]
        else:
            found.append(one)
    return found


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _value(name: str, as_of: date, parameters: Mapping[str, object]) -> object:
    if name == "as_of":
        return as_of
    back = _BACK.match(name)
    if back is not None:
        return months_back(as_of, int(back.group(1)))
    if parameters.get(name) is None:
        raise UnknownName(
            Said(f"参数 {name} 在该日期没有取值", f"parameter {name} has no value on this day"),
            todo=Said("在 parameters 中补充取值及来源", "add a dated value with its source under parameters"),
        )
    return parameters[name]


def literal(value: object) -> exp.Expr:
    """A value as SQL: dates as DATE literals, numbers as written, text quoted."""
    match value:
        case bool():
            return exp.Boolean(this=value)
        case date():
            return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
        case int() | Decimal():
            number = exp.Literal.number(str(abs(value)))
            return exp.Neg(this=number) if value < 0 else number
        case _:
            return exp.Literal.string(str(value))


def reads_of(reading: Reading, sources: Mapping[str, Source]) -> dict[str, int]:
    """The tables that the SQL reads, by name, each with the bits of `conflict` that the indicator touches."""
    found = {name: sources[name].always for name in sorted(reading.tables)}
    for scope in reading.scopes:
        for column in _columns_of(scope):
            source = scope.find(column)
            if source is not None and source.table is not None:
                touched = sources[source.table.name].column(column.name)
                if touched is not None and touched.bit is not None:
                    found[source.table.name] |= 1 << touched.bit
    return found


def _columns_of(scope: Scope) -> Iterator[exp.Column]:
    if scope.select is not None:
        for _, node in parts_of(scope.select):
            yield from columns_in(node)
