"""From a resource and a mapping to the statements that type every row and mark what is wrong with it.

The view `staged` has the columns `row_at` (from 0, in file order, so that it counts records), `bad` and `warn` (bit
sets over the checks), `operation`, and one column per field, named as the field. No row is left out: a row that cannot
be typed is there with its bits set.

A short file is typed in one step. In a long one nearly every cell is written plainly (`plain.py`): a first step types
plain rows and keeps the raw cells of the others, a second types those the full way, so that only they pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from puhui.model.delivery import Severity
from puhui.model.tables import literal, quoted
from puhui.packs import forms
from puhui.quality.codes import is_long, lookup_statements
from puhui.quality.plain import Plain, plain_form
from puhui.quality.values import Typed, typed_expression

STAGED = "staged"
MARKED = "marked_rows"  # rows typed the full way, with their bits
ODD = "odd_rows"  # the raw cells of the rows between the two steps
PLAIN = "plain_rows"  # rows typed the plain way; where `plain` is FALSE, the row is in MARKED


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
    """The statements that make the view `staged`, in order, and the meaning of its bits."""

    statements: tuple[str, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read: `sql` can stand behind FROM, its columns are named as the mapping's `from`.

    `has_line`: rows carry their record number in `line`. `beside`: further columns, name → SQL over the fields.
    """

    resource: forms.Resource
    mapping: forms.Mapping
    codes: Mapping[str, forms.CodeList]
    sql: str
    has_line: bool = False
    excel: bool = False
    beside: Mapping[str, str] | None = None

    @property
    def columns(self) -> list[str]:
        """The source columns that the mapping reads."""
        found: dict[str, None] = {}
        for column in self.mapping.columns.values():
            found |= dict.fromkeys([column.from_] if isinstance(column.from_, str) else column.from_)
        if self.mapping.operation is not None:
            found[self.mapping.operation.from_] = None
        return list(found)

    @property
    def kept(self) -> list[str]:
        """The staged columns, but for `row_at`, `bad` and `warn`."""
        line = ["line"] if self.has_line else []
        return [*line, *(field.name for field in self.resource.fields), "operation", *(self.beside or {})]


def lookups(reading: Reading) -> list[str]:
    """What the engine must be told before the statements of a plan: the long code lists that they look up."""
    named = {field.code_list for field in reading.resource.fields if field.code_list}
    return [
        statement
        for name in sorted(named & reading.codes.keys())
        if is_long(reading.codes[name])
        for statement in lookup_statements(reading.codes[name])
    ]


def plan_in_one_step(reading: Reading) -> StagePlan:
    """Every row is typed the full way."""
    select, checks = _full_select(reading, "row_number() OVER () - 1 AS row_at", reading.sql)
    kept = ", ".join(map(quoted, reading.kept))
    return StagePlan(
        (
            f"CREATE TABLE {MARKED} AS {select}",
            f"CREATE TABLE {PLAIN} AS SELECT {kept}, TRUE AS plain FROM {MARKED} LIMIT 0",
            f"CREATE VIEW {STAGED} AS FROM {MARKED}",
        ),
        checks,
    )


def plan_in_two_steps(reading: Reading, plain: Collection[str]) -> StagePlan:
    """`plain`: the fields that are read plainly first; the others are typed the full way in both steps."""
    columns = reading.columns
    raw = ", ".join(f"raw[{i}] AS {quoted(name)}" for i, name in enumerate(columns, 1))
    line = "line, " if reading.has_line else ""
    select, checks = _full_select(reading, "row_at", ODD)
    kept = ", ".join(map(quoted, reading.kept))
    plainly = ", ".join(
        "'insert' AS operation" if _is_implied(name, reading) else quoted(name) for name in reading.kept
    )
    return StagePlan(
        (
            f"CREATE TABLE {PLAIN} AS {_plain_select(reading, plain, checks)}",
            # by themselves first: a few rows of every chunk at a time would cost as much as whole chunks
            f"CREATE TABLE {ODD} AS SELECT rowid AS row_at, {line}{raw} FROM {PLAIN} WHERE NOT plain",
            f"ALTER TABLE {PLAIN} DROP COLUMN raw",
            f"CREATE TABLE {MARKED} AS {select}",
            f"DROP TABLE {ODD}",
            f"CREATE VIEW {STAGED} AS SELECT rowid AS row_at, {plainly}, 0::HUGEINT AS bad, 0::HUGEINT AS warn "
            f"FROM {PLAIN} WHERE plain UNION ALL SELECT row_at, {kept}, bad, warn FROM {MARKED}",
        ),
        checks,
    )


def plain_forms(reading: Reading, named: Callable[[str], str] = quoted) -> dict[str, Plain]:
    """The fields of a file that have a plain form. `named`: the SQL name of a source column."""
    found = {}
    for field in reading.resource.fields:
        column = reading.mapping.columns.get(field.name)
        if column is None or not isinstance(column.from_, str):
            continue
        codes = reading.codes.get(field.code_list) if field.code_list else None
        form = plain_form(field, named(column.from_), column, reading.mapping.nulls, codes)
        if form is not None:
            found[field.name] = form
    return found


def _plain_select(reading: Reading, fields: Collection[str], checks: Sequence[Check]) -> str:
    """The first step: values by their plain forms, `plain` where they hold and no check is broken, else raw cells."""
    place = {name: f"r_{i}" for i, name in enumerate(reading.columns)}
    forms_of = {name: form for name, form in plain_forms(reading, place.__getitem__).items() if name in fields}
    others = [t for t in _typed_fields(reading, place.__getitem__) if t.field not in forms_of]
    holds = [form.is_plain_sql for form in forms_of.values()]
    holds += [f"NOT ({check.condition})" for check in checks if check.field not in forms_of]
    line = "line, " if reading.has_line else ""
    raw = ", ".join(f"{quoted(name)} AS {alias}" for name, alias in place.items())
    first = [form.columns_sql for form in forms_of.values()]
    first += _clean_columns(others, _padded(reading, place.__getitem__, set(forms_of)))
    listed = ", ".join([*place.values(), *first, f"{_operation_sql(reading.mapping, place.__getitem__)} AS operation"])
    typed = _named_select(
        reading, others, set(forms_of), f"SELECT {line}{listed} FROM (SELECT {line}{raw} FROM {reading.sql})"
    )
    judged = f"SELECT *, coalesce({' AND '.join(holds) or 'TRUE'}, FALSE) AS plain FROM ({typed})"
    cells = f"CASE WHEN plain THEN NULL ELSE [{', '.join(place.values())}] END AS raw"
    kept = _kept_sql(reading, [name for name in reading.kept if not _is_implied(name, reading)])
    return f"SELECT {kept}, plain, {cells} FROM ({judged})"


def _full_select(reading: Reading, at: str, source: str) -> tuple[str, tuple[Check, ...]]:
    """Every row of `source` typed, with its bits, and the meaning of the bits. `row_at`: its place, as SQL over
    `source`."""
    typed = _typed_fields(reading, quoted)
    padded = _padded(reading, quoted)
    filled = {t.field for t in typed} | {name for t in typed for name in t.extra}
    checks = _checks(typed, reading.resource, reading.mapping, filled, padded)
    line = "line, " if reading.has_line else ""
    clean = ", ".join([*_clean_columns(typed, padded), f"{_operation_sql(reading.mapping, quoted)} AS operation"])
    rows = _named_select(reading, typed, set(), f"SELECT {at}, {line}{clean} FROM {source}")
    return (
        f"SELECT row_at, {_kept_sql(reading, reading.kept)}, {_bits(checks, 'bad')} AS bad, "
        f"{_bits(checks, 'warn')} AS warn FROM ({rows})",
        checks,
    )


def _clean_columns(typed: Sequence[Typed], padded: Mapping[str, str]) -> list[str]:
    clean = [f"{t.clean_sql} AS {quoted('t_' + t.field)}" for t in typed]
    return clean + [f"{sql} AS {quoted('p_' + name)}" for name, sql in padded.items()]


def _named_select(reading: Reading, typed: Sequence[Typed], done: set[str], source: str) -> str:
    """The values of `typed` over their cleaned texts, then every field under its name. `done`: fields with a value."""
    values = [
        f"{sql} AS {quoted('v_' + name)}" for t in typed for name, sql in {t.field: t.value_sql, **t.extra}.items()
    ]
    names = done | {name for t in typed for name in (t.field, *t.extra)}
    named = [
        f"{quoted('v_' + f.name)} AS {quoted(f.name)}" if f.name in names else f"NULL AS {quoted(f.name)}"
        for f in reading.resource.fields
    ]
    return f"SELECT *, {', '.join(named)} FROM (SELECT {', '.join(['*', *values])} FROM ({source}))"


def _is_implied(name: str, reading: Reading) -> bool:
    """Whether all rows agree in this column, so that the plain rows need not hold it."""
    return name == "operation" and reading.mapping.operation is None


def _kept_sql(reading: Reading, names: Sequence[str]) -> str:
    """Staged columns over the named fields."""
    beside = reading.beside or {}
    return ", ".join(f"{beside[name]} AS {quoted(name)}" if name in beside else quoted(name) for name in names)


def _typed_fields(reading: Reading, named: Callable[[str], str]) -> list[Typed]:
    there = [field for field in reading.resource.fields if _is_there(field, reading.mapping)]
    return [_typed(field, reading.mapping, reading.codes, reading.excel, named) for field in there]


def _is_there(field: forms.Field, mapping: forms.Mapping) -> bool:
    return field.name in mapping.columns or field.name in mapping.constants


def _typed(
    field: forms.Field,
    mapping: forms.Mapping,
    codes: Mapping[str, forms.CodeList],
    excel: bool,
    named: Callable[[str], str],
) -> Typed:
    column = mapping.columns.get(field.name)
    if column is None:
        source: str | list[str] = literal(str(mapping.constants[field.name]))
    elif isinstance(column.from_, str):
        source = named(column.from_)
    else:
        source = [named(name) for name in column.from_]
    code_list = codes.get(field.code_list) if field.code_list else None
    return typed_expression(field, source, mapping_column=column, nulls=mapping.nulls, codes=code_list, excel=excel)


def _padded(reading: Reading, named: Callable[[str], str], without: Collection[str] = ()) -> dict[str, str]:
    """Coded fields whose delivered text may have blanks around the code: reported as what they are, then trimmed."""
    found = {}
    for field in reading.resource.fields:
        column = reading.mapping.columns.get(field.name)
        if column is None or field.name in without or not field.code_list:
            continue
        if isinstance(column.from_, str) and column.as_ is None:
            name = named(column.from_)
            found[field.name] = f"coalesce({name} <> trim({name}), FALSE)"
    return found


def _checks(
    typed: Sequence[Typed],
    resource: forms.Resource,
    mapping: forms.Mapping,
    filled: set[str],
    padded: Collection[str],
) -> tuple[Check, ...]:
    bad: list[tuple[str, str, Severity, str]] = []
    warn: list[tuple[str, str, Severity, str]] = []
    for t in typed:
        bad += [(name, t.field, Severity.SET_ASIDE, sql) for name, sql in t.problem_sql.items()]
        warn += [(name, t.field, Severity.WARN, sql) for name, sql in t.warn_sql.items()]
    warn += [("blank_padded", name, Severity.WARN, quoted("p_" + name)) for name in padded]
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


def _bits(checks: Sequence[Check], column: str) -> str:
    mine = [check for check in checks if check.column == column]
    if not mine:
        return "0::HUGEINT"
    # nearly all rows are clean: the bits are put together only where one of them is set
    some = " OR ".join(f"({check.condition})" for check in mine)
    parts = " + ".join(f"({check.condition})::HUGEINT * {1 << check.bit}::HUGEINT" for check in mine)
    return f"CASE WHEN {some} THEN {parts} ELSE 0::HUGEINT END"


def _operation_sql(mapping: forms.Mapping, named: Callable[[str], str]) -> str:
    if mapping.operation is None:
        return "'insert'"
    column = f"trim({named(mapping.operation.from_)})"
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
