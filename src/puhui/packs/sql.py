"""Reads the SQL of an indicator: parsed once, its scopes and names resolved, nothing of it believed or run.

The column policy, the portable lint and the compiler all read the same `Reading`. Names resolve against `Table`s
(resources and relations as the lake shows them), exactly as written: engines differ in how they fold case. What cannot
be read is a Mistake in `unreadable` (reported by the portable lint); a name that means nothing is one in `unresolved`
(reported by the column policy). Line numbers are those of the indicator's file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from puhui.model.refusal import Mistake, Said
from puhui.packs.packset import PackSet
from puhui.packs.sql_scopes import CLAUSE_OF, Clause, Reading, Scope, Source, columns_in, line_of, parts_of
from puhui.packs.sql_tables import RESERVED, Table, tables_of

__all__ = ["CLAUSE_OF", "Clause", "Reading", "Scope", "Source", "columns_in", "line_of", "parts_of", "read"]

DIALECT = "duckdb"
# Walks over a tree are recursive; the shipped indicators have 20 levels and 8 SELECTs at most.
_DEEPEST = 150
_MOST_SELECTS = 60
_SKIPPED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|(?<![:\w]):(?=[A-Za-z_])", re.DOTALL)
# What a SELECT, a FROM item and a join may hold; anything else is refused by name, so a new syntax
# cannot slip in.
_SELECT_PARTS = {
    "with_",
    "expressions",
    "from_",
    "joins",
    "where",
    "group",
    "having",
    "qualify",
    "order",
    "distinct",
}
_UNION_PARTS = {"with_", "this", "expression", "distinct"}
_TABLE_PARTS = {"this", "alias"}
_SUBQUERY_PARTS = {"this", "alias"}
_JOIN_PARTS = {"this", "on", "using", "side", "kind"}


def read(sql: str, tables: Mapping[str, Table], *, file: str = "", first_line: int = 1) -> Reading:
    """Parses one SELECT and resolves its names. Never raises for what an author wrote: mistakes are in the Reading."""
    builder = _Builder(file, first_line, tables)
    tree = builder.parse(sql)
    outer = builder.query(tree, "", {}) if tree is not None else None
    for scope in builder.scopes:
        builder.resolve(scope)
    return Reading(
        file,
        first_line,
        sql,
        tree,
        outer,
        tuple(builder.scopes),
        tuple(builder.unreadable),
        tuple(builder.unresolved),
    )


def readings_of(packs: PackSet) -> dict[str, Reading]:
    """Every indicator of a set, read once: lint, policy and compiler share it."""
    tables = tables_of(packs)
    return {
        name: read(one.sql, tables, file=one.file, first_line=one.sql_line) for name, one in packs.indicators.items()
    }


def _without_colons(sql: str) -> tuple[str, frozenset[int]]:
    """The SQL with `_name` for each bound `:name`, and where they stand: the parser reads a colon at the start of an
    item as a prefix alias, and counts lines wrongly after a `$name`."""
    places = frozenset(found.start() for found in _SKIPPED.finditer(sql) if found.group() == ":")
    return "".join("_" if place in places else letter for place, letter in enumerate(sql)), places


def _depth(statement: exp.Expr) -> int:
    depths: dict[int, int] = {}
    for node in statement.walk():
        depths[id(node)] = depths.get(id(node.parent), 0) + 1
    return max(depths.values())


def _bind(statement: exp.Expr, places: frozenset[int]) -> None:
    for column in list(statement.find_all(exp.Column)):
        if column.this.meta.get("start") in places and not column.table:
            placeholder = exp.Placeholder(this=column.name[1:])
            placeholder.meta.update(column.this.meta)
            column.replace(placeholder)


@dataclass(slots=True)
class _Builder:
    file: str
    first_line: int
    tables: Mapping[str, Table]
    scopes: list[Scope] = field(default_factory=list)
    unreadable: list[Mistake] = field(default_factory=list)
    unresolved: list[Mistake] = field(default_factory=list)

    def parse(self, sql: str) -> exp.Query | None:
        text, bound = _without_colons(sql)
        try:
            statements = [one for one in Dialect.get_or_raise(DIALECT).parse(text) if one is not None]
        except (SqlglotError, RecursionError) as error:
            self._not_read(error)
            return None
        if len(statements) != 1:
            line = line_of(statements[1], self.first_line) if len(statements) > 1 else self.first_line
            self._unreadable(
                line,
                "sql.one-statement",
                "文件只能有一条 SELECT 语句",
                "the file holds one SELECT and nothing else",
            )
            return None
        statement = statements[0]
        if not isinstance(statement, exp.Select | exp.SetOperation):
            self._unreadable(
                line_of(statement, self.first_line),
                "sql.not-a-select",
                f"只能用 SELECT，不能用 {statement.key.upper()}",
                f"only SELECT is allowed, not {statement.key.upper()}",
            )
            return None
        if _depth(statement) > _DEEPEST or len(list(statement.find_all(exp.Select))) > _MOST_SELECTS:
            self._unreadable(
                self.first_line,
                "sql.too-deep",
                "SQL 嵌套过深或步骤过多，请简化",
                "the SQL is nested too deep or has too many steps: make it simpler",
            )
            return None
        _bind(statement, bound)
        return statement

    def _not_read(self, error: Exception) -> None:
        told = (getattr(error, "errors", None) or [{}])[0]
        line = self.first_line + int(told.get("line") or 1) - 1
        near = str(told.get("highlight") or "")[:40]
        self._unreadable(
            line, "sql.unreadable", f"SQL 无法解析，出错处：{near}", f"the SQL cannot be parsed near: {near}"
        )

    def query(self, node: exp.Expr, name: str, ctes: Mapping[str, Scope], outer: Scope | None = None) -> Scope:
        """The scope of a query, after those of its CTEs and sub-queries."""
        while isinstance(node, exp.Subquery):
            node = node.this
        known = dict(ctes)
        holder = node.args.get("with_")
        if holder is not None and holder.args.get("recursive"):
            self._part(node, "WITH RECURSIVE")
        for cte in holder.expressions if holder is not None else []:
            known[cte.alias] = self.query(cte.this, cte.alias, known, outer)
            if cte.args["alias"].args.get("columns"):
                self._part(cte, "WITH name(columns)")
        scope = Scope(name, line_of(node, self.first_line), outer=outer)
        if isinstance(node, exp.Select):
            self._select(scope, node, known)
        elif isinstance(node, exp.SetOperation):
            self._set(scope, node, known)
        else:
            self._part(node, node.key.upper())
        self.scopes.append(scope)
        return scope

    def _set(self, scope: Scope, node: exp.SetOperation, ctes: Mapping[str, Scope]) -> None:
        self._only(node, _UNION_PARTS)
        if not isinstance(node, exp.Union):
            self._part(node, node.key.upper())
        left, right = (self.query(side, scope.name, ctes, scope.outer) for side in (node.this, node.expression))
        scope.branches, scope.distinct = (left, right), bool(node.args.get("distinct"))
        scope.outputs = dict(left.outputs)
        if len(left.outputs) != len(right.outputs):
            self._part(node, "UNION of differing columns")

    def _select(self, scope: Scope, select: exp.Select, ctes: Mapping[str, Scope]) -> None:
        self._only(select, _SELECT_PARTS)
        scope.select = select
        distinct = select.args.get("distinct")
        scope.distinct = distinct is not None
        if distinct is not None and distinct.args.get("on") is not None:
            self._part(distinct, "DISTINCT ON")
        start = select.args.get("from_")
        joins = select.args.get("joins") or []
        for join in joins:
            self._only(join, _JOIN_PARTS)
        first = [start.this] if start is not None else []
        for item in first + [join.this for join in joins]:
            self._add_source(scope, item, ctes)
        for output in select.expressions:
            self._add_output(scope, output)
        for _, part in parts_of(select):
            for inner in self._queries_in(part):
                self.query(inner, scope.name, ctes, scope)

    def _queries_in(self, node: exp.Expr) -> Iterator[exp.Query]:
        for part in node.walk(prune=lambda n: isinstance(n, exp.Query)):
            if isinstance(part, exp.Query):
                yield part

    def _add_output(self, scope: Scope, output: exp.Expr) -> None:
        name = output.alias_or_name
        if output.is_star and isinstance(output, exp.Star | exp.Column):
            self._unreadable(
                line_of(output, self.first_line),
                "sql.star",
                "不能用 SELECT *，请逐列写出",
                "select * is not allowed: name each column",
            )
            # The policy still has to see everything that the star reads.
            scope.outputs |= {c.name: c for source in scope.sources.values() for c in source.columns()}
        elif not name or name in scope.outputs:
            self._unreadable(
                line_of(output, self.first_line),
                "sql.output-name",
                "每个输出列要有唯一的名称（AS …）",
                "every output column needs a name of its own (AS …)",
            )
        else:
            scope.outputs[name] = output.unalias()

    def _add_source(self, scope: Scope, item: exp.Expr, ctes: Mapping[str, Scope]) -> None:
        source: Source | None = None
        if isinstance(item, exp.Subquery):
            self._only(item, _SUBQUERY_PARTS)
            alias = item.alias
            source = Source(alias, None, self.query(item, alias, ctes, scope.outer), item)
        elif isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier):
            source = self._table(item, ctes)
        else:
            self._part(item, item.key.upper())
        if source is None:
            return
        if not source.alias or source.alias in scope.sources:
            self._unreadable(
                line_of(item, self.first_line),
                "sql.source-name",
                "FROM 中每一项要有唯一的别名",
                "every item of FROM needs a name of its own",
            )
        scope.sources[source.alias] = source

    def _table(self, item: exp.Table, ctes: Mapping[str, Scope]) -> Source | None:
        self._only(item, _TABLE_PARTS)
        name, alias = item.name, item.alias or item.name
        aliased = item.args.get("alias")
        if aliased is not None and aliased.args.get("columns"):
            self._part(item, "alias(columns)")
        if not item.db and name in ctes:
            return Source(alias, None, ctes[name], item)
        table = self.tables.get(name) if not item.db else None
        if table is not None:
            return Source(alias, table, None, item)
        self._unresolved(
            item,
            "policy.undeclared-table",
            f"{item.sql(DIALECT)[:60]} 不是已声明的资源或关系",
            f"{item.sql(DIALECT)[:60]} is no declared resource or relation",
            column=name,
            clause="from",
        )
        # Its columns are unknown: one mistake is enough, so each name counts as there.
        return Source(alias, Table.anything(name), None, item)

    def resolve(self, scope: Scope) -> None:
        """Notes every name of a SELECT that means nothing, and every sub-query inside an expression."""
        if scope.select is None:
            return
        for part, node in parts_of(scope.select):
            for column in columns_in(node):
                self._resolve_column(scope, part, column)
        if scope.outer is not None and scope.outer.select is not None and self._is_inside(scope):
            self._sub_query(scope)

    def _is_inside(self, scope: Scope) -> bool:
        """True for the SELECT that stands in an expression, not for what is in its own FROM."""
        assert scope.select is not None
        holder = scope.select.parent
        while isinstance(holder, exp.Subquery | exp.SetOperation):
            holder = holder.parent
        return not isinstance(holder, exp.From | exp.Join | exp.CTE)

    def _sub_query(self, scope: Scope) -> None:
        assert scope.select is not None and scope.outer is not None
        names = [c for _, node in parts_of(scope.select) for c in columns_in(node)]
        if any(scope.find(c) is None and scope.outer.find(c) is not None for c in names):
            self._unresolved(
                scope.select,
                "policy.correlated-subquery",
                "不能用相关子查询；另一主体只能通过已声明的关系到达",
                "correlated sub-queries are not allowed: another subject is reached only by a declared relation",
                clause="subquery",
            )
        else:
            self._unresolved(
                scope.select,
                "policy.subquery",
                "表达式中不能有子查询；请写成 FROM 或 JOIN 中按 subject 连接的子查询",
                "no sub-query inside an expression: join it on subject in FROM instead",
                clause="subquery",
            )

    def _resolve_column(self, scope: Scope, part: str, column: exp.Column) -> None:
        if isinstance(column.this, exp.Star) or scope.find(column) is not None:
            return
        if part in ("group", "having", "qualify", "order") and scope.alias(column) is not None:
            return
        if scope.outer is not None and scope.outer.find(column) is not None:
            return  # told as a correlated sub-query
        name = column.sql(DIALECT)
        if not column.table and len(scope.sources_with(column.name)) > 1:
            self._unresolved(
                column,
                "policy.ambiguous-column",
                f"{name} 在多个表中都有，请写明表名",
                f"{name} is in more than one table: write which",
                column=name,
                clause=CLAUSE_OF[part],
            )
        else:
            self._missing(scope, part, column, name)

    def _missing(self, scope: Scope, part: str, column: exp.Column, name: str) -> None:
        near = [s for s in scope.sources.values() if s.table and column.table in ("", s.alias)]
        if column.name in RESERVED and near:
            code, zh, en = "policy.reserved-column", "是数据湖的保留列", "is a reserved column of the lake"
        elif any(s.table and column.name in s.table.kept_out for s in near):
            code, zh, en = "policy.column-not-in-lake", "的值不在数据湖中", "is not kept in the lake"
        else:
            code, zh, en = "policy.unknown-column", "不是这些表的列", "is no column of these tables"
        table = next((s.table.name for s in near if s.table), "")
        full = f"{table}.{column.name}" if table else name
        self._unresolved(column, code, f"{full} {zh}", f"{full} {en}", column=full, clause=CLAUSE_OF[part])

    def _only(self, node: exp.Expr, allowed: set[str]) -> None:
        for key, held in node.args.items():
            if held and key not in allowed:
                self._part(node, key.strip("_").upper())

    def _part(self, node: exp.Expr, what: str) -> None:
        self._unreadable(
            line_of(node, self.first_line),
            "sql.part",
            f"可移植子集不含 {what}",
            f"{what} is outside the portable subset",
        )

    def _unreadable(self, line: int, code: str, zh: str, en: str) -> None:
        self.unreadable.append(Mistake(self.file, line, code, Said(zh, en)))

    def _unresolved(self, node: exp.Expr, code: str, zh: str, en: str, *, column: str = "", clause: str = "") -> None:
        line = line_of(node, self.first_line)
        self.unresolved.append(Mistake(self.file, line, code, Said(zh, en), column=column, clause=clause))
