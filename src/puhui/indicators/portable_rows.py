"""Proofs about the rows of a SELECT: at most one per subject, and an order that leaves no two rows tied."""

from __future__ import annotations

from sqlglot import exp

from puhui.packs.sql import Scope, Source, columns_in

Term = tuple[str, str] | str  # a column of a FROM item, or the text of an expression


def term(scope: Scope, node: exp.Expr) -> Term:
    """An expression so that equal ones compare equal, however its columns are qualified."""
    while isinstance(node, exp.Paren | exp.Ordered):
        node = node.this
    if isinstance(node, exp.Column):
        source = scope.find(node)
        if source is not None:
            return source.alias, node.name
        meant = scope.alias(node)
        return term(scope, meant) if meant is not None and meant is not node else node.name
    copy = node.copy()
    for column in copy.find_all(exp.Column):
        source = scope.find(column)
        if source is not None:
            column.replace(exp.column(column.name, table=source.alias))
    return copy.sql("duckdb")


def one_row(scope: Scope) -> bool:
    """True if at most one row per value of the output `subject` can come out."""
    if scope.select is None or "subject" not in scope.outputs:
        return False
    subject = term(scope, scope.outputs["subject"])
    group = scope.select.args.get("group")
    if group is not None:
        return _grouped_by(scope, group, subject)
    if scope.distinct and list(scope.outputs) == ["subject"]:
        return True
    if any(_is_first(scope, part, subject) for part in _conjuncts(scope.select.args.get("qualify"))):
        return True
    return bool(scope.sources) and all(_one_row_source(scope, source) for source in scope.sources.values())


def _grouped_by(scope: Scope, group: exp.Group, subject: Term) -> bool:
    """By subject, and else only by columns that a subject has one of."""
    rest = [key for key in group.expressions if term(scope, key) != subject]
    if len(rest) == len(group.expressions):
        return False
    sources = [scope.find(key) if isinstance(key, exp.Column) else None for key in rest]
    return all(source is not None and _one_row_source(scope, source) for source in sources)


def _one_row_source(scope: Scope, source: Source) -> bool:
    inner = source.scope
    if inner is None:
        return False
    return one_row(inner) or any(_is_number_one(scope, source, part) for part in _conjuncts(_where(scope)))


def _where(scope: Scope) -> exp.Expr | None:
    assert scope.select is not None
    found: exp.Expr | None = scope.select.args.get("where")
    return found


def _conjuncts(clause: exp.Expr | None) -> list[exp.Expr]:
    if clause is None:
        return []
    condition = clause.this
    return list(condition.flatten()) if isinstance(condition, exp.And) else [condition]


def _one(node: exp.Expr) -> bool:
    return isinstance(node, exp.EQ) and isinstance(node.expression, exp.Literal) and node.expression.name == "1"


def _is_number_one(scope: Scope, source: Source, part: exp.Expr) -> bool:
    """`rn = 1` where rn numbers the rows of each subject."""
    inner = source.scope
    if inner is None or inner.select is None or not _one(part) or not isinstance(part.this, exp.Column):
        return False
    column = part.this
    if scope.find(column) is not source or "subject" not in inner.outputs:
        return False
    return _numbers(inner, inner.outputs[column.name], term(inner, inner.outputs["subject"]))


def _is_first(scope: Scope, part: exp.Expr, subject: Term) -> bool:
    return _one(part) and _numbers(scope, part.this, subject)


def _numbers(scope: Scope, node: exp.Expr, subject: Term) -> bool:
    if not isinstance(node, exp.Window) or not isinstance(node.this, exp.RowNumber):
        return False
    return [term(scope, part) for part in node.args.get("partition_by") or []] == [subject]


def total_order(scope: Scope, window: exp.Window) -> bool:
    """True if rows that tie in a window's order cannot be told apart: by key, or by all that is put out."""
    order = window.args.get("order")
    if order is None:
        return False
    fixed = {term(scope, part) for part in [*(window.args.get("partition_by") or []), *order.expressions]}
    return all(_fixed_by_key(source, fixed) for source in scope.sources.values()) or _fixed_outputs(
        scope, window, fixed
    )


def _fixed_by_key(source: Source, fixed: set[Term]) -> bool:
    keys = [source.table.key] if source.table is not None else keys_of(source.scope)
    return any(key and all((source.alias, name) in fixed for name in key) for key in keys)


def _fixed_outputs(scope: Scope, window: exp.Window, fixed: set[Term]) -> bool:
    read = [node for node in scope.outputs.values() if not _is_window(node)]
    argument = window.this.this if isinstance(window.this.this, exp.Expr) else None
    return all(_fixed(scope, node, fixed) for node in [*read, *([argument] if argument is not None else [])])


def _is_window(node: exp.Expr) -> bool:
    return node.find(exp.Window) is not None


def _fixed(scope: Scope, node: exp.Expr, fixed: set[Term]) -> bool:
    """An expression of fixed columns, or itself one of the order's terms."""
    return term(scope, node) in fixed or all(term(scope, column) in fixed for column in columns_in(node))


def keys_of(scope: Scope | None) -> list[tuple[str, ...]]:
    """Sets of outputs that no two rows of a scope share."""
    if scope is None:
        return []
    if scope.distinct:
        return [tuple(scope.outputs)]
    if scope.select is None:
        return []
    if one_row(scope):
        return [("subject",)]
    named = {term(scope, node): name for name, node in reversed(scope.outputs.items())}
    group = scope.select.args.get("group")
    if group is not None:
        wanted = [[term(scope, key) for key in group.expressions]]
    elif len(scope.sources) == 1:
        (source,) = scope.sources.values()
        keys = [source.table.key] if source.table is not None else keys_of(source.scope)
        wanted = [[(source.alias, name) for name in key] for key in keys]
    else:
        wanted = []
    return [tuple(named[one] for one in key) for key in wanted if key and all(one in named for one in key)]
