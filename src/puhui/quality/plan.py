"""From a resource and a mapping to one statement that types every row and marks what is wrong with it.

The staged table has the columns `bad` and `warn` (bit sets over `checks`), `operation`, and one column per field, named
as the field. Rows stand in file order, so that `rowid` counts records. No row is left out: a row that cannot be typed is there
with its bits set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from puhui.model.delivery import Severity
from puhui.model.tables import literal, quoted
from puhui.packs import forms
from puhui.quality.values import Typed, typed_expression

STAGED = "staged"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be wrong with a row; `bit` is its place in `bad` (set aside, refuse) or `warn`."""

    name: str
    field: str
    severity: Severity
    bit: int
    condition: str  # TRUE where the row breaks it; over the typed columns

    @property
    def column(self) -> str:
        return "warn" if self.severity is Severity.WARN else "bad"


@dataclass(frozen=True, slots=True)
class StagePlan:
    """The statement that fills the staged table, and the meaning of its bits."""

    create_sql: str
    checks: tuple[Check, ...]
    fields: tuple[str, ...]


def plan_staging(
    resource: forms.Resource,
    mapping: forms.Mapping,
    source_sql: str,
    codes: Mapping[str, forms.CodeList],
    *,
    has_line: bool = False,
    excel: bool = False,
) -> StagePlan:
    """`source_sql` is what can stand behind FROM; its columns are named as the mapping's `from`."""
    typed = [_typed(field, mapping, codes, excel) for field in resource.fields if _is_there(field, mapping)]
    filled = {t.field for t in typed} | {name for t in typed for name in t.extra}
    checks = _checks(typed, resource, mapping, filled)
    return StagePlan(
        create_sql=_create_sql(typed, checks, resource, mapping, source_sql, has_line),
        checks=checks,
        fields=tuple(field.name for field in resource.fields),
    )


def _is_there(field: forms.Field, mapping: forms.Mapping) -> bool:
    return field.name in mapping.columns or field.name in mapping.constants


def _typed(
    field: forms.Field, mapping: forms.Mapping, codes: Mapping[str, forms.CodeList], excel: bool
) -> Typed:
    column = mapping.columns.get(field.name)
    if column is None:
        source: str | list[str] = literal(str(mapping.constants[field.name]))
    elif isinstance(column.from_, str):
        source = quoted(column.from_)
    else:
        source = [quoted(name) for name in column.from_]
    code_list = codes.get(field.code_list) if field.code_list else None
    return typed_expression(
        field, source, mapping_column=column, nulls=mapping.nulls, codes=code_list, excel=excel
    )


def _padded(resource: forms.Resource, mapping: forms.Mapping) -> dict[str, str]:
    """Coded fields whose delivered text may have blanks around the code: reported as what they are, then trimmed."""
    found = {}
    for field in resource.fields:
        column = mapping.columns.get(field.name)
        if field.code_list and column is not None and isinstance(column.from_, str) and column.as_ is None:
            name = quoted(column.from_)
            found[field.name] = f"coalesce({name} <> trim({name}), FALSE)"
    return found


def _checks(
    typed: Sequence[Typed], resource: forms.Resource, mapping: forms.Mapping, filled: set[str]
) -> tuple[Check, ...]:
    bad: list[tuple[str, str, Severity, str]] = []
    warn: list[tuple[str, str, Severity, str]] = []
    for t in typed:
        bad += [(name, t.field, Severity.SET_ASIDE, sql) for name, sql in t.problem_sql.items()]
        warn += [(name, t.field, Severity.WARN, sql) for name, sql in t.warn_sql.items()]
    warn += [("blank_padded", name, Severity.WARN, quoted("p_" + name)) for name in _padded(resource, mapping)]
    for field in resource.fields:
        if field.required and field.name not in filled:
            bad.append(("required", field.name, Severity.SET_ASIDE, "TRUE"))
    if mapping.operation is not None:
        bad.append(("operation_unknown", "", Severity.SET_ASIDE, "operation = 'unknown'"))
    for check in resource.checks:
        severity = Severity(check.severity)
        broken = f"NOT coalesce(({check.holds}), TRUE)"
        (warn if severity is Severity.WARN else bad).append((check.id, "", severity, broken))
    return tuple(
        Check(name, field, severity, bit, sql)
        for group in (bad, warn)
        for bit, (name, field, severity, sql) in enumerate(group)
    )


def _create_sql(
    typed: Sequence[Typed],
    checks: Sequence[Check],
    resource: forms.Resource,
    mapping: forms.Mapping,
    source_sql: str,
    has_line: bool,
) -> str:
    clean = ", ".join(f'{t.clean_sql} AS {quoted("t_" + t.field)}' for t in typed)
    clean += "".join(f", {sql} AS {quoted('p_' + name)}" for name, sql in _padded(resource, mapping).items())
    values = ", ".join(
        f"{sql} AS {quoted('v_' + name)}" for t in typed for name, sql in {t.field: t.value_sql, **t.extra}.items()
    )
    names = {name for t in typed for name in (t.field, *t.extra)}
    plain = ", ".join(
        f"{quoted('v_' + f.name)} AS {quoted(f.name)}" if f.name in names else f"NULL AS {quoted(f.name)}"
        for f in resource.fields
    )
    operation = _operation_sql(mapping)
    kept = ", ".join(quoted(field.name) for field in resource.fields)
    line = "line, " if has_line else ""
    return (
        f"CREATE TABLE {STAGED} AS SELECT {line}{kept}, operation, "
        f"{_bits(checks, 'bad')} AS bad, {_bits(checks, 'warn')} AS warn FROM ("
        f"SELECT *, {plain} FROM (SELECT *, {values} FROM ("
        f"SELECT {line}{clean}, {operation} AS operation FROM {source_sql})))"
    )


def _bits(checks: Sequence[Check], column: str) -> str:
    mine = [check for check in checks if check.column == column]
    if not mine:
        return "0::HUGEINT"
    # nearly all rows are clean: the bits are put together only where one of them is set
    some = " OR ".join(f"({check.condition})" for check in mine)
    parts = " + ".join(f"({check.condition})::HUGEINT * {1 << check.bit}::HUGEINT" for check in mine)
    return f"CASE WHEN {some} THEN {parts} ELSE 0::HUGEINT END"


def _operation_sql(mapping: forms.Mapping) -> str:
    if mapping.operation is None:
        return "'insert'"
    column = f"trim({quoted(mapping.operation.from_)})"
    arms = [
        f"WHEN {column} IN ({', '.join(literal(word) for word in words)}) THEN '{name}'"
        for name, words in (
            ("insert", mapping.operation.insert),
            ("update", mapping.operation.update),
            ("delete", mapping.operation.delete),
        )
        if words
    ]
    return f"CASE {' '.join(arms)} WHEN coalesce({column}, '') = '' THEN 'insert' ELSE 'unknown' END"


def bit_is_set(column: str, bit: int) -> str:
    """SQL: whether `bit` of the bit set `column` is set."""
    return f"(({column} >> {bit}) & 1) = 1"
