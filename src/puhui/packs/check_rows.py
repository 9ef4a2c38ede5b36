"""Cross checks of what concerns rows: SQL conditions, whole-table checks, mappings, relations and parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from puhui.model.refusal import Mistake, Said
from puhui.packs.finding import Check, Checking, Step, both, repeated
from puhui.packs.forms import Mapping, Relation, Resource
from puhui.packs.packset import SqlCheck
from puhui.packs.sql_numbers import Look, number_of_type, overflows


def parse(sql: str) -> exp.Expression | None:
    """The parsed statement or condition in DuckDB's dialect; None if it is none, or more than one."""
    try:
        statements = sqlglot.parse(sql, read="duckdb")
    except (SqlglotError, RecursionError):
        return None
    return statements[0] if len(statements) == 1 and isinstance(statements[0], exp.Expression) else None


def row_checks(checking: Checking) -> Iterator[Mistake]:
    """`holds` is one condition over the fields of its resource."""
    for name, resource in checking.packs.resources.items():
        known = {field.name for field in resource.fields}
        for index, check in repeated(check.id for check in resource.checks):
            said = both(f"检查 {check} 重复", f"the check {check} is repeated")
            yield checking.mistake("resources", name, ["checks", index, "id"], "check.twice", said)
        for index, row_check in enumerate(resource.checks):
            path: list[Step] = ["checks", index, "holds"]
            tree = parse(f"SELECT 1 WHERE {row_check.holds}")
            if tree is None or len(list(tree.find_all(exp.Select))) != 1 or tree.find(exp.From):
                said = both("holds 不是一个 SQL 条件", "holds is not one SQL condition")
                yield checking.mistake("resources", name, path, "check.sql", said)
                continue
            for column in sorted({found.name for found in tree.find_all(exp.Column)} - known):
                said = both(f"资源没有字段 {column}", f"the resource has no field {column}")
                yield checking.mistake("resources", name, path, "check.field", said)
            for said in _products(tree, _typed(resource)):
                yield checking.mistake("resources", name, path, "check.decimal-product", said)


def _typed(resource: Resource, aliases: Iterable[str] = ()) -> Look:
    """The numbers of fields by name; nothing is known of what an alias may hide."""
    types = {field.name: field.type for field in resource.fields if field.name not in set(aliases)}
    return lambda column: number_of_type(types.get(column.name, ""))


def _products(tree: exp.Expr, look: Look) -> Iterator[Said]:
    """Products of decimals that DuckDB may refuse to compute: one row would stop its whole parcel."""
    for product in tree.find_all(exp.Mul):
        said = overflows(product, look)
        if said is not None:
            yield said


def sql_checks(checking: Checking) -> Iterator[Mistake]:
    """checks/NAME.sql: a SELECT FROM rows over the fields of a resource that exists."""
    for name, check in checking.packs.checks.items():
        if not checking.knows("resources", check.head.resource):
            said = both(f"没有资源 {check.head.resource}", f"there is no resource {check.head.resource}")
            yield checking.mistake("checks", name, ["resource"], "check.resource", said)
        resource = checking.packs.resources.get(check.head.resource)
        if resource is not None:
            yield from _sql_check(check, resource)


def _sql_check(check: SqlCheck, resource: Resource) -> Iterator[Mistake]:
    tree = parse(check.sql)
    if not isinstance(tree, exp.Query) or tree.named_selects != ["line"]:
        said = both("检查应是只返回 line 的一个 SELECT", "a check must be one SELECT of `line`")
        yield Mistake(check.file, check.sql_line, "check.sql", said)
        return
    made = {cte.alias for cte in tree.find_all(exp.CTE)} | {"rows"}
    for table in sorted({found.name for found in tree.find_all(exp.Table)} - made):
        said = both(f"检查只能读 rows，不能读 {table}", f"a check reads `rows` and not {table}")
        yield Mistake(check.file, check.sql_line, "check.table", said)
    aliases = {found.alias for found in tree.find_all(exp.Alias)}
    known = {field.name for field in resource.fields} | aliases | {"line", "rows"}
    for column in sorted({found.name for found in tree.find_all(exp.Column)} - known):
        said = both(f"资源没有字段 {column}", f"the resource has no field {column}")
        yield Mistake(check.file, check.sql_line, "check.field", said)
    for said in _products(tree, _typed(resource, aliases)):
        yield Mistake(check.file, check.sql_line, "check.decimal-product", said)


def mappings(checking: Checking) -> Iterator[Mistake]:
    """A mapping fills fields of a resource that exists, each once, the required ones all."""
    for name, mapping in checking.packs.mappings.items():
        resource = checking.packs.resources.get(mapping.resource)
        if resource is not None:
            yield from _mapping(checking, mapping, resource)
        elif not checking.knows("resources", mapping.resource):
            said = both(f"没有资源 {mapping.resource}", f"there is no resource {mapping.resource}")
            yield checking.mistake("mappings", name, ["resource"], "mapping.resource", said)


def _mapping(checking: Checking, mapping: Mapping, resource: Resource) -> Iterator[Mistake]:
    known = {field.name for field in resource.fields}
    filled = _filled(mapping)
    for path, field in filled:
        if field not in known:
            said = both(f"资源没有字段 {field}", f"the resource has no field {field}")
            yield checking.mistake("mappings", mapping.name, path, "mapping.field", said)
    for index, field in repeated(name for _, name in filled):
        said = both(f"字段 {field} 被填两次", f"the field {field} is filled twice")
        yield checking.mistake("mappings", mapping.name, filled[index][0], "mapping.twice", said)
    lacking = {field.name for field in resource.fields if field.required} - {name for _, name in filled}
    for field in sorted(lacking):
        said = both(f"必填字段 {field} 没有来源列", f"no column fills the required field {field}")
        yield checking.mistake("mappings", mapping.name, ["columns"], "mapping.required", said)


def _filled(mapping: Mapping) -> list[tuple[list[Step], str]]:
    """Where in the document, and which field it fills."""
    filled: list[tuple[list[Step], str]] = []
    for name, column in mapping.columns.items():
        filled.append((["columns", name], name))
        if column.currency_to is not None:
            filled.append((["columns", name, "currency_to"], column.currency_to))
    for name in mapping.constants:
        filled.append((["constants", name], name))
    return filled


def relations(checking: Checking) -> Iterator[Mistake]:
    """Both ends of a relation are subjects of the same row."""
    for name, relation in checking.packs.relations.items():
        resource = checking.packs.resources.get(relation.from_)
        if resource is not None:
            yield from _relation(checking, relation, resource)
        elif not checking.knows("resources", relation.from_):
            said = both(f"没有资源 {relation.from_}", f"there is no resource {relation.from_}")
            yield checking.mistake("relations", name, ["from"], "relation.resource", said)


def _relation(checking: Checking, relation: Relation, resource: Resource) -> Iterator[Mistake]:
    tokens = {field.name for field in resource.fields if field.keep == "token"} | {"subject"}
    for end, field in (("subject", relation.subject), ("other", relation.other)):
        if field not in tokens:
            said = both(f"{field} 不是 subject 或令牌字段", f"{field} is neither `subject` nor a token field")
            yield checking.mistake("relations", relation.name, [end], "relation.end", said)
    if relation.subject == relation.other:
        said = both("关系两端相同", "both ends of the relation are the same")
        yield checking.mistake("relations", relation.name, ["other"], "relation.end", said)
    kept = {field.name for field in resource.lake_fields} | {"period"}
    for index, column in enumerate(relation.columns):
        if column not in kept:
            said = both(f"列 {column} 不在数据湖中", f"the column {column} is not in the lake")
            yield checking.mistake("relations", relation.name, ["columns", index], "relation.column", said)
    if relation.aggregate_gate is not None and set(relation.aggregate_gate.forms) != {"count"}:
        said = both("aggregate_gate 只能放行计数", "an aggregate gate lets counts out and nothing else")
        yield checking.mistake("relations", relation.name, ["aggregate_gate", "forms"], "aggregate.forms", said)


def parameters(checking: Checking) -> Iterator[Mistake]:
    """One value a day, of a type that can be bound."""
    for name, parameter in checking.packs.parameters.items():
        for index, _ in repeated(str(dated.from_) for dated in parameter.values):
            said = both("同一天有两个值", "two values begin on one day")
            yield checking.mistake("parameters", name, ["values", index, "from"], "parameter.twice", said)
        for index, dated in enumerate(parameter.values):
            if not isinstance(dated.value, int | Decimal | bool | str | list | dict):
                said = both("参数值的类型不可用", "a value of this type cannot be bound")
                yield checking.mistake("parameters", name, ["values", index, "value"], "parameter.type", said)


CHECKS: tuple[Check, ...] = (row_checks, sql_checks, mappings, relations, parameters)
