"""What an indicator's SQL is read into: scopes, the sources of each, and the parts where columns stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

from sqlglot import exp

from puhui.model.refusal import Mistake
from puhui.packs.sql_tables import Table


class Clause(StrEnum):
    """Where a column stands."""

    PROJECTION = "projection"
    FROM = "from"
    FILTER = "filter"
    JOIN = "join"
    GROUP = "group"
    ORDER = "order"
    WINDOW = "window"
    HAVING = "having"


# The parts of a SELECT that hold expressions.
CLAUSE_OF = {
    "expressions": Clause.PROJECTION,
    "where": Clause.FILTER,
    "joins": Clause.JOIN,
    "group": Clause.GROUP,
    "having": Clause.HAVING,
    "qualify": Clause.WINDOW,
    "order": Clause.ORDER,
}


@dataclass(frozen=True, slots=True)
class Source:
    """One item of a FROM: a table of the lake (`table`) or a sub-query or CTE (`scope`), under its alias."""

    alias: str
    table: Table | None
    scope: Scope | None
    node: exp.Expr

    def columns(self) -> list[exp.Column]:
        names = self.scope.outputs if self.scope is not None else self.table.columns if self.table else ()
        return [exp.column(name, table=self.alias) for name in names]

    def has(self, column: str) -> bool:
        if self.scope is not None:
            return column in self.scope.outputs
        return self.table is not None and self.table.has(column)


@dataclass(eq=False, slots=True)
class Scope:
    """One SELECT (`select`), or a set operation over `branches`. `name` is the CTE's or the alias, "" the outermost."""

    name: str
    line: int
    select: exp.Select | None = None
    sources: dict[str, Source] = field(default_factory=dict)
    outputs: dict[str, exp.Expr] = field(default_factory=dict)
    branches: tuple[Scope, ...] = ()
    distinct: bool = False
    outer: Scope | None = None  # of a sub-query inside an expression: the SELECT around it

    def sources_with(self, column: str) -> list[Source]:
        """The sources that have a column; an undeclared table only counts where no other fits."""
        found = [source for source in self.sources.values() if source.has(column)]
        return [source for source in found if not (source.table and source.table.open)] or found[:1]

    def find(self, column: exp.Column) -> Source | None:
        """The source that a column belongs to; None if no source, or more than one, fits."""
        if column.table:
            source = self.sources.get(column.table)
            return source if source is not None and source.has(column.name) else None
        found = self.sources_with(column.name)
        if len(found) > 1 and column.name in self.merged:
            return found[0]
        return found[0] if len(found) == 1 else None

    def alias(self, column: exp.Column) -> exp.Expr | None:
        """The output that an unqualified name stands for (GROUP BY, HAVING, QUALIFY, ORDER BY), where no source
        fits."""
        return None if column.table else self.outputs.get(column.name)

    @property
    def merged(self) -> set[str]:
        """The columns that JOIN … USING merges."""
        joins = self.select.args.get("joins") or [] if self.select is not None else []
        return {name.name for join in joins for name in join.args.get("using") or []}


@dataclass(frozen=True, slots=True)
class Reading:
    """An indicator's SQL as read. `scopes` holds every scope, inner before outer; `outer` is the indicator's SELECT."""

    file: str
    first_line: int
    sql: str
    tree: exp.Query | None
    outer: Scope | None
    scopes: tuple[Scope, ...]
    unreadable: tuple[Mistake, ...]
    unresolved: tuple[Mistake, ...]

    @property
    def tables(self) -> frozenset[str]:
        """Every resource and relation that the SQL reads."""
        sources = (source for scope in self.scopes for source in scope.sources.values())
        return frozenset(source.table.name for source in sources if source.table is not None)

    def line_of(self, node: exp.Expr) -> int:
        """The line of a node in the file."""
        return line_of(node, self.first_line)


def line_of(node: exp.Expr, first_line: int = 1) -> int:
    """The line of a node: its own position, the first position inside it, or that of what holds it."""
    inside = [cast(int, part.meta["line"]) for part in node.walk() if "line" in part.meta]
    if inside:
        return min(inside) + first_line - 1
    return line_of(node.parent, first_line) if node.parent is not None else first_line


def columns_in(node: exp.Expr) -> Iterator[exp.Column]:
    """Every column of an expression, not those of sub-queries inside it."""
    return (part for part in node.walk(prune=lambda n: isinstance(n, exp.Query)) if isinstance(part, exp.Column))


def parts_of(select: exp.Select) -> Iterator[tuple[str, exp.Expr]]:
    """The expressions of a SELECT with the argument they stand in; joins give their conditions."""
    for part in CLAUSE_OF:
        if part == "joins":
            continue
        held = select.args.get(part)
        for node in held if isinstance(held, list) else [held] if held is not None else []:
            yield part, node
    for join in select.args.get("joins") or []:
        for node in [join.args.get("on"), *(join.args.get("using") or [])]:
            if node is not None:
                yield "joins", node
