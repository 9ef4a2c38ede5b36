"""What a figure is made of, read from an indicator's SQL where that is plain: one table, conditions, aggregates.

Promises: two atoms that compare equal are the same number for every subject on every day. What is not plain
(sub-queries, joins) has no formula, and is compared by its whole text alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from puhui.packs.sql_scopes import Reading

Parameter = Callable[[str], Any]  # the value of a parameter in force; None where there is none of that name
Closed = Callable[[str, str], frozenset[str] | None]  # table, column → every value there can be; None: nobody knows
_BACK = re.compile(r"back_(\d+)m")
_ARITHMETIC = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Paren, exp.Cast, exp.Coalesce, exp.Nullif, exp.Literal,
    exp.DataType,
)  # fmt: skip
_WRAPPING = (exp.Paren, exp.Cast, exp.Coalesce)  # a figure in them is the figure itself
Codes = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class Atom:
    """One aggregate over some rows of one table.

    `codes`: the values that count, by column; `excluded`: those that do not, of columns whose values nobody can list.
    `dated`, `months`: the window, by its column; 0: none.
    """

    table: str
    measure: str
    additive: bool  # a sum or a count of rows: parts of the rows add up to the whole
    where: frozenset[str] = frozenset()
    codes: Codes = ()
    excluded: Codes = ()
    dated: str = ""
    months: int = 0

    def codes_of(self, column: str) -> frozenset[str] | None:
        return dict(self.codes).get(column)

    def but_codes_of(self, column: str) -> Atom:
        """This atom whatever the values of one column."""
        return replace(self, codes=tuple(pair for pair in self.codes if pair[0] != column))

    def excluded_of(self, column: str) -> frozenset[str]:
        return dict(self.excluded).get(column, frozenset())

    def but_excluded_of(self, column: str) -> Atom:
        """This atom whatever it leaves out of one column."""
        return replace(self, excluded=tuple(pair for pair in self.excluded if pair[0] != column))

    def but_months(self) -> Atom:
        return replace(self, months=0)


@dataclass(frozen=True, slots=True)
class Formula:
    """Atoms joined by arithmetic. `single`: the figure is its one atom."""

    atoms: tuple[Atom, ...]
    single: bool


def formula_of(reading: Reading, parameter: Parameter, closed: Closed) -> Formula | None:
    """The formula of an indicator's value; None where its SQL is not plain."""
    select = reading.outer.select if reading.outer is not None else None
    table = _only_table(reading)
    if select is None or not table:
        return None
    value = next((one.this for one in select.expressions if isinstance(one, exp.Alias) and one.alias == "value"), None)
    if value is None:
        return None
    rows = _rows(select, table, parameter, closed)
    aggregates = list(_aggregates(value))
    if not aggregates or not _is_arithmetic(value):
        return None
    atoms = tuple(_measured(rows, one) for one in aggregates)
    return Formula(atoms, single=_unwrapped(value) is aggregates[0])


def identity_of(reading: Reading, parameter: Parameter) -> str:
    """A text that is the same for indicators that give the same figure: comments, case and layout left out."""
    if reading.tree is None:
        return reading.sql
    tree = reading.tree.copy()
    for placeholder in list(tree.find_all(exp.Placeholder)):
        value = parameter(placeholder.name)
        if value is not None:
            placeholder.replace(exp.Literal.string(repr(value)))
    return tree.sql(comments=False, normalize=True)


def _only_table(reading: Reading) -> str:
    """The name of the one table of a single SELECT without joins, grouping but by subject, or further steps."""
    outer = reading.outer
    if outer is None or outer.select is None or len(reading.scopes) != 1 or outer.distinct:
        return ""
    parts = outer.select.args
    grouped = [one.name for one in parts["group"].expressions] if parts.get("group") else []
    tables = [source.table.name for source in outer.sources.values() if source.table is not None]
    plain = len(tables) == len(outer.sources) == 1 and grouped == ["subject"]
    return tables[0] if plain and not any(parts.get(one) for one in ("joins", "having", "qualify")) else ""


def _rows(select: exp.Select, table: str, parameter: Parameter, closed: Closed) -> Atom:
    """An atom without its measure: which rows count."""
    where = select.args.get("where")
    conditions = list(_conjuncts(where.this)) if where is not None else []
    dated, months = next((window for one in conditions if (window := _window(one))), ("", 0))
    texts: set[str] = set()
    codes: dict[str, frozenset[str]] = {}
    excluded: dict[str, frozenset[str]] = {}
    for one in conditions:
        kept, left_out = _listed(one, parameter), _left_out(one, parameter)
        if kept is not None and kept[0] not in codes:
            codes[kept[0]] = kept[1]
        elif left_out is not None:
            excluded[left_out[0]] = excluded.get(left_out[0], frozenset()) | left_out[1]
        elif _window(one) != (dated, months) and not _up_to_today(one, dated):
            texts.add(one.sql(comments=False, normalize=True))
    _close(table, codes, excluded, closed)
    return Atom(
        table, "", False, frozenset(texts), tuple(sorted(codes.items())), tuple(sorted(excluded.items())), dated, months
    )


def _close(table: str, codes: dict[str, frozenset[str]], excluded: dict[str, frozenset[str]], closed: Closed) -> None:
    """What is left out of a list that can be known, or was kept already, becomes what is kept."""
    for column in list(excluded):
        whole = codes.get(column, closed(table, column))
        if whole is not None:
            codes[column] = whole - excluded.pop(column)


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.And):
        yield from _conjuncts(node.this)
        yield from _conjuncts(node.expression)
    else:
        yield _bare(node)


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _window(node: exp.Expr) -> tuple[str, int] | None:
    """`day > :back_12m`."""
    if isinstance(node, exp.GT) and isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Placeholder):
        back = _BACK.fullmatch(node.expression.name)
        return (node.this.name, int(back[1])) if back else None
    return None


def _up_to_today(node: exp.Expr, dated: str) -> bool:
    """`day <= :as_of`: the end of every window."""
    placed = isinstance(node, exp.LTE) and isinstance(node.expression, exp.Placeholder)
    column = node.this.name if placed and isinstance(node.this, exp.Column) else ""
    return bool(dated) and column == dated and node.expression.name == "as_of"


def _listed(node: exp.Expr, parameter: Parameter) -> tuple[str, frozenset[str]] | None:
    """`kind = 'a'`, `kind IN ('a', 'b')`, `kind IN (:listed)`."""
    if not isinstance(node, exp.EQ | exp.In) or not isinstance(node.this, exp.Column):
        return None
    return _values(node, node.expressions if isinstance(node, exp.In) else [node.expression], parameter)


def _left_out(node: exp.Expr, parameter: Parameter) -> tuple[str, frozenset[str]] | None:
    """`kind <> 'a'`, `kind NOT IN ('a', 'b')`."""
    if isinstance(node, exp.NEQ) and isinstance(node.this, exp.Column):
        return _values(node, [node.expression], parameter)
    inner = _bare(node.this) if isinstance(node, exp.Not) else None
    return _listed(inner, parameter) if isinstance(inner, exp.In) else None


def _values(node: exp.Expr, given: list[exp.Expr], parameter: Parameter) -> tuple[str, frozenset[str]] | None:
    values: set[str] = set()
    for one in given:
        if isinstance(one, exp.Literal) and one.is_string:
            values.add(one.name)
            continue
        bound = parameter(one.name) if isinstance(one, exp.Placeholder) else None
        if bound is None:
            return None
        values.update(map(str, bound if isinstance(bound, list) else [bound]))
    return (node.this.name, frozenset(values)) if values else None


def _aggregates(value: exp.Expr) -> Iterator[exp.Expr]:
    """The outermost aggregates of an expression."""
    return (one for one in value.walk(prune=lambda node: isinstance(node, exp.AggFunc)) if isinstance(one, exp.AggFunc))


def _is_arithmetic(value: exp.Expr) -> bool:
    walked = value.walk(prune=lambda node: isinstance(node, exp.AggFunc | exp.DataType))
    return all(isinstance(one, (*_ARITHMETIC, exp.AggFunc)) for one in walked)


def _unwrapped(value: exp.Expr) -> exp.Expr:
    while isinstance(value, _WRAPPING):
        value = value.this
    return value


def _measured(rows: Atom, aggregate: exp.Expr) -> Atom:
    distinct = isinstance(aggregate.this, exp.Distinct)
    additive = isinstance(aggregate, exp.Sum | exp.Count) and not distinct
    return replace(rows, measure=aggregate.sql(comments=False, normalize=True), additive=additive)
