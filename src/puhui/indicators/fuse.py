"""Fuses the indicators of one table into one scan by rewriting parsed SQL: WHERE becomes FILTER, parts are shared.

Promise: a fused scan gives for every subject with a row in the table what the separate SELECTs would, and,
where it matters, whether the separate SELECT would have given a row at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from puhui.indicators.split import Split, split

CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Simple:
    """`SELECT subject, value FROM table [WHERE condition] GROUP BY subject`."""

    table: str
    value: exp.Expr
    condition: exp.Expr | None


def simple(select: exp.Expr) -> Simple | None:
    """The simple form of a SELECT, or None where it is of another shape and must run alone."""
    if not isinstance(select, exp.Select) or _has_more(select):
        return None
    source = select.args["from_"].this
    if not isinstance(source, exp.Table) or select.find(exp.Subquery, exp.Window) is not None:
        return None
    group = select.args.get("group")
    keys = group.expressions if group is not None else []
    if len(keys) != 1 or not isinstance(keys[0], exp.Column) or keys[0].name != "subject":
        return None
    where = select.args.get("where")
    value = _unqualified(value_of(select))
    if not _aggregates_only(value):
        return None
    return Simple(source.name, value, _unqualified(where.this) if where is not None else None)


def value_of(select: exp.Select) -> exp.Expr:
    """The expression named `value` among the two outputs."""
    for output in select.selects:
        if output.alias_or_name == "value":
            return output.unalias()
    raise ValueError("an indicator has an output named value")


_MORE = ("with_", "joins", "having", "qualify", "distinct", "limit", "offset", "order", "laterals", "windows")


def _has_more(select: exp.Select) -> bool:
    return any(select.args.get(clause) for clause in _MORE)


def _unqualified(node: exp.Expr) -> exp.Expr:
    copy = node.copy()
    for column in copy.find_all(exp.Column):
        column.set("table", None)
    return copy


def _aggregates_only(value: exp.Expr) -> bool:
    """No column is read outside an aggregate, so the value has a meaning over no rows."""
    return all(column.find_ancestor(exp.AggFunc, exp.Filter) is not None for column in value.find_all(exp.Column))


@dataclass(slots=True)
class Scan:
    """One scan of one table: its aggregates, each once, under the names of its output columns."""

    table: str
    aggregates: dict[str, exp.Expr] = field(default_factory=dict)  # column → expression
    _columns: dict[exp.Expr, str] = field(default_factory=dict)

    def column(self, aggregate: exp.Expr) -> str:
        """The output column of an aggregate; the same aggregate asked twice is the same column."""
        if aggregate not in self._columns:
            self._columns[aggregate] = f"{self.table}_{len(self.aggregates)}"
            self.aggregates[self._columns[aggregate]] = aggregate
        return self._columns[aggregate]

    def sql(self, *, conflicts: bool) -> str:
        """The scan in DuckDB's dialect: one row per subject that has a row in the table."""
        distinct = {name: found for name, one in self.aggregates.items() if (found := _distinct_count(one))}
        outputs: list[exp.Expr] = [exp.column("subject")]
        if conflicts:
            outputs.append(exp.alias_(exp.BitwiseOrAgg(this=exp.column(CONFLICT)), CONFLICT))
        outputs += [exp.alias_(one.copy(), name) for name, one in self.aggregates.items() if name not in distinct]
        scan = exp.select(*outputs).from_(self.table).group_by(exp.column("subject"))
        return (_with_distinct(scan, self.table, distinct) if distinct else scan).sql("duckdb")


Distinct = tuple[exp.Expr, exp.Expr | None]  # what is counted, and the condition of the FILTER


def _distinct_count(aggregate: exp.Expr) -> Distinct | None:
    """count(DISTINCT x), with or without FILTER, where it is the whole aggregate."""
    count = aggregate.this if isinstance(aggregate, exp.Filter) else aggregate
    if not isinstance(count, exp.Count) or not isinstance(count.this, exp.Distinct):
        return None
    of = count.this.expressions[0]
    if of.find(exp.Column) is None:
        return None
    return of, aggregate.expression.this if isinstance(aggregate, exp.Filter) else None


def _with_distinct(scan: exp.Select, table: str, distinct: dict[str, Distinct]) -> exp.Select:
    """The scan beside distinct counts that are grouped twice: a fraction of the cost of DISTINCT in a wide scan."""
    groups: dict[exp.Expr, dict[str, exp.Expr | None]] = {}
    for name, (of, condition) in distinct.items():
        groups.setdefault(of, {})[name] = condition
    whole = exp.select("s.*").from_(scan.subquery("s"))
    for number, (of, conditions) in enumerate(groups.items()):
        alias = f"d{number}"
        counts = [exp.func("coalesce", exp.column(name, table=alias), exp.Literal.number(0)) for name in conditions]
        whole = whole.select(*(exp.alias_(one, name) for one, name in zip(counts, conditions, strict=True)))
        whole = whole.join(
            _counted(of, conditions, table).subquery(alias),
            on=exp.EQ(this=exp.column("subject", table=alias), expression=exp.column("subject", table="s")),
            join_type="left",
        )
    return whole


def _counted(of: exp.Expr, conditions: dict[str, exp.Expr | None], table: str) -> exp.Select:
    """Each value once per subject with the conditions that any of its rows meets; then their number."""
    subject = exp.column("subject")
    flags = {name: f"f{number}" for number, name in enumerate(conditions)}
    met = [
        exp.alias_(exp.LogicalOr(this=(condition or exp.true()).copy()), flags[name])
        for name, condition in conditions.items()
    ]
    values = exp.select(subject, exp.alias_(of.copy(), "counted"), *met).from_(table)
    wanted = [condition.copy() for condition in conditions.values() if condition is not None]
    if len(wanted) == len(conditions):
        values = values.where(exp.or_(*wanted))
    values = values.group_by(subject.copy(), of.copy())
    counts = [
        exp.alias_(_where(exp.Count(this=exp.column("counted"), big_int=True), exp.column(flag)), name)
        for name, flag in flags.items()
    ]
    return exp.select(subject.copy(), *counts).from_(values.subquery("v")).group_by(subject.copy())


def _where(aggregate: exp.Expr, condition: exp.Expr) -> exp.Filter:
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition))


def filtered(value: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    """`value` with every aggregate restricted to the rows where the condition holds."""
    if condition is None:
        return value
    return value.copy().transform(_restrict, condition)


def _restrict(node: exp.Expr, condition: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Filter):
        both = exp.and_(condition.copy(), node.expression.this.copy())
        return _where(node.this, both)
    if isinstance(node, exp.AggFunc) and not isinstance(node.parent, exp.Filter):
        return _where(node, condition.copy())
    return node


def row_count(condition: exp.Expr) -> exp.Expr:
    """How many rows of the subject the indicator's WHERE lets in."""
    return _where(exp.Count(this=exp.Star(), big_int=True), condition.copy())


def fused_split(form: Simple) -> Split:
    """The parts of a simple indicator as aggregates over the whole table."""
    return split(filtered(form.value, form.condition))


def over_no_rows(part: exp.Expr) -> exp.Expr:
    """What a part is where no row is let in: counts are 0, every other aggregate is NULL."""
    return part.copy().transform(_empty)


def _empty(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Filter):
        return _empty(node.this)
    if isinstance(node, exp.Count):
        return exp.Literal.number(0)
    if isinstance(node, exp.AggFunc):
        return exp.Null()
    return node
