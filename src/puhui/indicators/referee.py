"""The referee: a slow, clear interpreter of the portable subset over rows in memory, without any SQL engine.

Engines are held equal to it by the spec suite. A row is a mapping of column to value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from puhui.indicators.referee_aggregates import aggregate, is_true
from puhui.indicators.referee_values import NotPortable, Value, evaluate, number, ordered
from puhui.indicators.referee_windows import windowed

Row = Mapping[str, Value]
Joined = dict[str, Row]  # alias → row


class Table(list[Row]):
    """Rows, and the names of their columns even where there are no rows."""

    def __init__(self, rows: Iterable[Row], columns: Iterable[str]) -> None:
        super().__init__(rows)
        self.columns = tuple(columns)


def table_of(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> Table:
    """A table of the referee: absent columns are NULL, decimals become fractions."""
    names = tuple(columns)
    return Table(({name: number(row.get(name)) for name in names} for row in rows), names)


def select_rows(query: exp.Expr, tables: Mapping[str, Table]) -> Table:
    """The rows that a query gives over the tables, in no meant order."""
    known = dict(tables)
    holder = query.args.get("with_")
    for cte in holder.expressions if holder is not None else []:
        known[cte.alias] = select_rows(cte.this, known)
    if isinstance(query, exp.Subquery):
        return select_rows(query.this, known)
    if isinstance(query, exp.Union):
        return _union(query, known)
    if isinstance(query, exp.Select):
        return _Select(query, known).rows()
    raise NotPortable(f"{query.key} is not in the portable subset")


def _union(query: exp.Union, tables: Mapping[str, Table]) -> Table:
    left, right = select_rows(query.this, tables), select_rows(query.expression, tables)
    moved = [dict(zip(left.columns, row.values(), strict=True)) for row in right]
    both = Table([*left, *moved], left.columns)
    return _distinct(both) if query.args.get("distinct") else both


def _distinct(rows: Table) -> Table:
    return Table({tuple(row.values()): row for row in rows}.values(), rows.columns)


class _Select:
    """One SELECT: FROM and joins, WHERE, groups, windows, outputs, DISTINCT."""

    def __init__(self, select: exp.Select, tables: Mapping[str, Table]) -> None:
        self._select = select
        self._tables = tables
        self._outputs = {output.alias_or_name: output.unalias() for output in select.selects}

    def rows(self) -> Table:
        joined = self._where(self._from())
        made = Table(self._grouped(joined) if self._is_grouped() else self._plain(joined), self._outputs)
        return _distinct(made) if self._select.args.get("distinct") else made

    def _is_grouped(self) -> bool:
        plain_aggregates = (
            found
            for output in self._outputs.values()
            for found in output.find_all(exp.AggFunc)
            if not _in_window(found)
        )
        return self._select.args.get("group") is not None or next(plain_aggregates, None) is not None

    def _from(self) -> list[Joined]:
        start = self._select.args["from_"].this
        joined: list[Joined] = [{start.alias_or_name: row} for row in self._source(start)]
        for join in self._select.args.get("joins") or []:
            joined = self._join(joined, join)
        return joined

    def _source(self, item: exp.Expr) -> Table:
        if isinstance(item, exp.Subquery):
            return select_rows(item.this, self._tables)
        return self._tables[item.name]

    def _join(self, left: list[Joined], join: exp.Join) -> list[Joined]:
        alias, rows = join.this.alias_or_name, self._source(join.this)
        blank = dict.fromkeys(rows.columns)
        found: list[Joined] = []
        for row in left:
            matches = [other for other in rows if self._meets(join, row, alias, other)]
            if not matches and join.side.upper() == "LEFT":
                matches = [blank]
            found += [{**row, alias: other} for other in matches]
        return found

    def _meets(self, join: exp.Join, row: Joined, alias: str, other: Row) -> bool:
        for name in join.args.get("using") or []:
            mine = next(value for one in row.values() if (value := one.get(name.name)) is not None or name.name in one)
            if mine is None or other[name.name] is None or ordered(mine, other[name.name]) != 0:
                return False
        on = join.args.get("on")
        return on is None or is_true(self._evaluate(on, {**row, alias: other}))

    def _where(self, joined: list[Joined]) -> list[Joined]:
        where = self._select.args.get("where")
        return joined if where is None else [row for row in joined if is_true(self._evaluate(where.this, row))]

    def _evaluate(self, node: exp.Expr, row: Joined) -> Value:
        return evaluate(node, lambda leaf: self._column(leaf, row))

    def _column(self, node: exp.Expr, row: Joined) -> Value:
        if not isinstance(node, exp.Column):
            raise NotPortable(f"{node.key} has no place here")
        if node.table:
            return row[node.table][node.name]
        held = [one[node.name] for one in row.values() if node.name in one]
        if held:  # columns that USING merges: the one that is there
            return next((value for value in held if value is not None), None)
        if node.name in self._outputs:
            return self._evaluate(self._outputs[node.name], row)
        raise KeyError(node.name)

    def _plain(self, joined: list[Joined]) -> list[Row]:
        windows = self._windows(joined, lambda node, row: self._evaluate(node, row))
        made: list[Row] = []
        for at, row in enumerate(joined):
            leaf = self._leaf_with_windows(row, windows, at)
            qualify = self._select.args.get("qualify")
            if qualify is None or is_true(evaluate(qualify.this, leaf)):
                made.append({name: evaluate(output, leaf) for name, output in self._outputs.items()})
        return made

    def _leaf_with_windows(
        self, row: Joined, windows: Mapping[exp.Expr, Sequence[Value]], at: int
    ) -> Callable[[exp.Expr], Value]:
        return lambda node: windows[node][at] if isinstance(node, exp.Window) else self._column(node, row)

    def _windows(self, rows: Sequence[Any], value: Callable[[exp.Expr, Any], Value]) -> dict[exp.Expr, Sequence[Value]]:
        places = [*self._outputs.values(), *filter(None, [self._select.args.get("qualify")])]
        found = {window for place in places for window in place.find_all(exp.Window)}
        return {window: windowed(window, rows, value) for window in found}

    def _grouped(self, joined: list[Joined]) -> list[Row]:
        group = self._select.args.get("group")
        keys = [self._meant(key) for key in group.expressions] if group is not None else []
        groups: dict[tuple[Value, ...], list[Joined]] = {} if keys else {(): joined}
        for row in joined if keys else []:
            groups.setdefault(tuple(self._evaluate(key, row) for key in keys), []).append(row)
        held = [rows for rows in groups.values() if self._having(rows, keys)]
        windows = self._windows(held, lambda node, rows: self._in_group(node, rows, {}, 0))
        return [
            {name: self._in_group(output, rows, windows, at) for name, output in self._outputs.items()}
            for at, rows in enumerate(held)
        ]

    def _meant(self, key: exp.Expr) -> exp.Expr:
        """GROUP BY 2 and GROUP BY alias stand for the output."""
        if isinstance(key, exp.Literal) and key.is_int:
            return list(self._outputs.values())[int(key.name) - 1]
        if isinstance(key, exp.Column) and not key.table and not self._is_column(key.name):
            return self._outputs.get(key.name, key)
        return key

    def _is_column(self, name: str) -> bool:
        items = [
            self._select.args["from_"].this,
            *(join.this for join in self._select.args.get("joins") or []),
        ]
        return any(name in self._source(item).columns for item in items)

    def _having(self, rows: list[Joined], keys: Sequence[exp.Expr]) -> bool:
        having = self._select.args.get("having")
        return having is None or is_true(self._in_group(having.this, rows, {}, 0))

    def _in_group(
        self, node: exp.Expr, rows: list[Joined], windows: Mapping[exp.Expr, Sequence[Value]], at: int
    ) -> Value:
        def leaf(one: exp.Expr) -> Value:
            if isinstance(one, exp.Window):
                return windows[one][at]
            if isinstance(one, exp.AggFunc | exp.Filter):
                return aggregate(one, rows, self._evaluate)
            if isinstance(one, exp.Column) and not one.table and not any(one.name in row for row in rows[0].values()):
                return self._in_group(self._outputs[one.name], rows, windows, at)
            return self._column(one, rows[0])  # a group's key is the same in all its rows

        return evaluate(node, leaf)


def _in_window(node: exp.Expr) -> bool:
    """The aggregate is a window's own function, not an argument of it."""
    parent = node.parent
    while isinstance(parent, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        parent = parent.parent
    return isinstance(parent, exp.Window) and parent.this.find(exp.AggFunc) is node
