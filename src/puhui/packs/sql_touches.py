"""What an indicator's SQL touches: every stored column, in which clause, and how it flows into the value.

A column touches the value in one of two ways. It *flows*: the value is made of it, as it is, as a month, a sum, a
count, a yes/no … Or it *selects*: it decides which rows take part (filter, join, group, order, window, having). Both
are followed through CTEs, sub-queries and unions down to the stored column. A projection that nobody uses counts as
read. `*` stands for the rows of a table themselves: that a row is there, and how many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlglot import exp

from puhui.packs.sql import CLAUSE_OF, Clause, Reading, Scope, Source, columns_in, parts_of

ROWS = "*"


class How(StrEnum):
    """How a column reaches the value, from most to least that it tells of one row."""

    VALUE = "value"
    BAND = "band"  # several yes/no of one column beside each other
    MONTH = "month"
    RANK = "rank"
    SUM = "sum"
    MEAN = "mean"
    COUNT = "count"
    FLAG = "flag"
    SELECTS = "selects"


@dataclass(frozen=True, slots=True)
class Touch:
    """One stored column met in one place.

    `scope` is the CTE or sub-query, "" the outermost; `at` the item of FROM. `end`: the column names a
    subject and is no field. `group` tells apart the yes/no expressions that a flag comes from.
    """

    table: str
    name: str
    clause: Clause
    how: How
    scope: str
    line: int
    at: tuple[int, str]
    end: bool = False
    group: int = 0

    @property
    def column(self) -> str:
        return f"{self.table}.{self.name}"


_MONTHS = (exp.Year, exp.Quarter, exp.Month, exp.LastDay, exp.DateTrunc, exp.TimestampTrunc)
_MEANS = (
    exp.Avg,
    exp.Median,
    exp.Stddev,
    exp.StddevSamp,
    exp.StddevPop,
    exp.Variance,
    exp.VariancePop,
    exp.Corr,
)
_RANKS = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile)
_YES_NO = (exp.Predicate, exp.Connector, exp.Not, exp.LogicalOr, exp.LogicalAnd)
_SUMMED = {How.FLAG: How.COUNT, How.COUNT: How.COUNT}


def touches_of(reading: Reading) -> tuple[Touch, ...]:
    """Every touch of an indicator, in the order of its lines. Empty if the SQL could not be read."""
    if reading.outer is None:
        return ()
    walk = _Walk(reading)
    value = _banded(walk.output(reading.outer, "value"))
    found = [*value, *walk.selecting()]
    seen = {(touch.at, touch.name) for touch in found}
    found += [touch for touch in walk.projected() if (touch.at, touch.name) not in seen]
    found += walk.rows()
    return tuple(sorted(dict.fromkeys(found), key=lambda touch: touch.line))


def outward(reading: Reading) -> tuple[Touch, ...]:
    """The touches that flow into the value."""
    return () if reading.outer is None else _banded(_Walk(reading).output(reading.outer, "value"))


def _banded(flows: Iterable[Touch]) -> tuple[Touch, ...]:
    """Two or more yes/no of one column, told apart in the value, are a band of it."""
    flows = tuple(flows)
    groups: dict[tuple[tuple[int, str], str], set[int]] = {}
    for flow in flows:
        if flow.how is How.FLAG:
            groups.setdefault((flow.at, flow.name), set()).add(flow.group)
    several = {key for key, ids in groups.items() if len(ids) > 1}
    return tuple(
        replace(flow, how=How.BAND) if flow.how is How.FLAG and (flow.at, flow.name) in several else flow
        for flow in flows
    )


class _Walk:
    """Follows columns down to where they are stored; each output of each scope is followed once."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.done: dict[tuple[int, str], tuple[Touch, ...]] = {}

    def output(self, scope: Scope, name: str) -> tuple[Touch, ...]:
        """What flows into one output of a scope."""
        key = (id(scope), name)
        if key not in self.done:
            self.done[key] = tuple(dict.fromkeys(self._output(scope, name)))
        return self.done[key]

    def _output(self, scope: Scope, name: str) -> Iterator[Touch]:
        if name not in scope.outputs:
            return
        if scope.select is not None:
            yield from self.flows(scope, scope.outputs[name])
        place = list(scope.outputs).index(name)
        for branch in scope.branches:
            names = list(branch.outputs)
            if place < len(names):
                yield from self.output(branch, names[place])

    def flows(self, scope: Scope, node: exp.Expr) -> Iterator[Touch]:
        """What flows through an expression, each stored column with how it does."""
        match node:
            case exp.Column():
                yield from self._column(scope, node)
            case exp.Query():
                return  # a sub-query inside an expression is refused
            case exp.Case():
                yield from self._case(scope, node)
            case exp.Filter():
                yield from self.flows(scope, node.this)
            case exp.Window():
                yield from self._window(scope, node)
            case exp.Count() | exp.CountIf():
                yield from self._count(scope, node)
            case _:
                yield from self._mapped(scope, node)

    def _mapped(self, scope: Scope, node: exp.Expr) -> Iterator[Touch]:
        inner = (flow for child in node.iter_expressions() for flow in self.flows(scope, child))
        if isinstance(node, _YES_NO):
            yield from (replace(flow, how=How.FLAG, group=id(node)) for flow in inner)
        elif isinstance(node, exp.Sum):
            yield from (replace(flow, how=_SUMMED.get(flow.how, How.SUM)) for flow in inner)
        elif isinstance(node, _MEANS):
            yield from (replace(flow, how=How.MEAN) for flow in inner)
        elif isinstance(node, _MONTHS):
            yield from (replace(flow, how=How.MONTH) if flow.how is How.VALUE else flow for flow in inner)
        else:
            yield from inner

    def _case(self, scope: Scope, node: exp.Case) -> Iterator[Touch]:
        subject = node.args.get("this")
        for branch in node.args["ifs"]:
            asked = [branch.this] if subject is None else [subject, branch.this]
            for condition in asked:
                for flow in self.flows(scope, condition):
                    yield replace(flow, how=How.FLAG, group=id(branch))
            yield from self.flows(scope, branch.args["true"])
        if node.args.get("default") is not None:
            yield from self.flows(scope, node.args["default"])

    def _window(self, scope: Scope, node: exp.Window) -> Iterator[Touch]:
        inner = node.this
        if isinstance(inner, _RANKS) and node.args.get("order") is not None:
            for flow in self.flows(scope, node.args["order"]):
                yield replace(flow, how=How.RANK, clause=Clause.WINDOW)
        yield from self.flows(scope, inner)

    def _count(self, scope: Scope, node: exp.Expr) -> Iterator[Touch]:
        if isinstance(node.this, exp.Star) or not list(columns_in(node)):
            line = self.reading.line_of(node)
            for source, inside in self._stored(scope):
                yield self._touch(inside, source, ROWS, Clause.PROJECTION, How.COUNT, line)
            return
        for child in node.iter_expressions():
            for flow in self.flows(scope, child):
                yield replace(flow, how=How.COUNT)

    def _stored(self, scope: Scope) -> Iterator[tuple[Source, Scope]]:
        """Every table of the lake at or beneath a scope."""
        for source in scope.sources.values():
            if source.scope is not None:
                yield from self._stored(source.scope)
            elif source.table is not None:
                yield source, scope
        for branch in scope.branches:
            yield from self._stored(branch)

    def _column(self, scope: Scope, column: exp.Column) -> Iterator[Touch]:
        source = scope.find(column)
        if source is None:
            meant = scope.alias(column)
            if meant is not None and column not in meant.find_all(exp.Column):
                yield from self.flows(scope, meant)
            elif scope.outer is not None and scope.outer.find(column) is not None:
                yield from self._column(scope.outer, column)
        elif source.scope is not None:
            yield from self.output(source.scope, column.name)
        elif not isinstance(column.this, exp.Star):
            line = self.reading.line_of(column)
            yield self._touch(scope, source, column.name, Clause.PROJECTION, How.VALUE, line)

    def _touch(self, scope: Scope, source: Source, name: str, clause: Clause, how: How, line: int) -> Touch:
        assert source.table is not None
        end = name in source.table.ends
        return Touch(source.table.name, name, clause, how, scope.name, line, (id(scope), source.alias), end)

    def selecting(self) -> Iterator[Touch]:
        """Every column that decides which rows take part, in any scope."""
        for scope in self.reading.scopes:
            for clause, column in _deciding(scope):
                line = self.reading.line_of(column)
                for flow in self._column(scope, column):
                    yield replace(flow, how=How.SELECTS, clause=clause, scope=scope.name, line=line, group=0)

    def projected(self) -> Iterator[Touch]:
        """Every column that stands in a projection, used or not."""
        for scope in self.reading.scopes:
            for node in scope.outputs.values() if scope.select is not None else ():
                for column in columns_in(node):
                    for flow in self._column(scope, column):
                        yield replace(flow, how=How.SELECTS, group=0)

    def rows(self) -> Iterator[Touch]:
        """The rows of every table that is read."""
        for scope in self.reading.scopes:
            for source in scope.sources.values():
                if source.table is not None:
                    line = self.reading.line_of(source.node)
                    yield self._touch(scope, source, ROWS, Clause.FROM, How.SELECTS, line)


def _deciding(scope: Scope) -> Iterator[tuple[Clause, exp.Column]]:
    if scope.select is None:
        return
    for part, node in parts_of(scope.select):
        if part == "expressions":
            yield from _inside_projection(node)
        elif isinstance(node, exp.Identifier):  # USING (name): the column of both sides
            for source in scope.sources_with(node.name):
                yield Clause.JOIN, _at(exp.column(node.name, table=source.alias), node)
        else:
            yield from ((CLAUSE_OF[part], column) for column in columns_in(node))


def _at(column: exp.Column, node: exp.Expr) -> exp.Column:
    column.meta.update(node.meta)
    return column


def _inside_projection(node: exp.Expr) -> Iterator[tuple[Clause, exp.Column]]:
    """The conditions of FILTER, and what windows are cut and ordered by."""
    for part in node.walk(prune=lambda n: isinstance(n, exp.Query)):
        if isinstance(part, exp.Filter):
            yield from ((Clause.FILTER, column) for column in columns_in(part.expression))
        elif isinstance(part, exp.Window):
            for piece in [*(part.args.get("partition_by") or []), part.args.get("order")]:
                if piece is not None:
                    yield from ((Clause.WINDOW, column) for column in columns_in(piece))
