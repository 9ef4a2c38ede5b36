"""Run the checks of a resource over a landed file: every record is typed and marked, none is dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from puhui.model.delivery import Checked, Issue, Landing, Severity
from puhui.model.tables import Tables, literal
from puhui.packs import forms
from puhui.packs.packset import SqlCheck
from puhui.quality.names import NUMBERED
from puhui.quality.plan import (
    MARKED,
    PLAIN,
    STAGED,
    Check,
    Reading,
    bit_is_set,
    lookups,
    plain_forms,
    plan_in_one_step,
    plan_in_two_steps,
)
from puhui.quality.regions import region_issues
from puhui.quality.sql_checks import run_sql_checks

_SHIFTS = "broken_shifts"
TWO_STEPS_FROM = 50_000  # records; below, a second statement costs more than it saves
_SAMPLE = 2_000
_ODD_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Source:
    """An opened file: what stands behind FROM, and what could not even be split into columns.

    `has_line`: the rows carry their record number in `line`; else they stand in file order without it. `sample_sql`:
    the same rows, read without a record of what does not split into columns.
    """

    sql: str
    has_line: bool
    excel: bool = False
    lines: int = 0
    sample_sql: str = ""


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """A record that breaks in the file's own sense: its number from 1, the physical line, the raw text, why."""

    line: int
    place: int
    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """`Checked`, and the checks whose bits the staged rows carry."""

    checked: Checked
    checks: tuple[Check, ...]


def stage(
    resource: forms.Resource,
    mapping: forms.Mapping,
    source: Source,
    codes: Mapping[str, forms.CodeList],
    tables: Tables,
    *,
    beside: Mapping[str, str] | None = None,
    two_steps_from: int = TWO_STEPS_FROM,
) -> tuple[Check, ...]:
    """Make the view `staged` from the file; the meaning of its bits comes back.

    `beside`: further columns of `staged`, name → SQL over the fields. From `two_steps_from` records on the plainly
    written rows are typed first.
    """
    reading = Reading(resource, mapping, codes, source.sql, source.has_line, source.excel, beside)
    in_two = source.lines >= two_steps_from
    plan = (
        plan_in_two_steps(reading, _plainly_written(reading, source, tables)) if in_two else plan_in_one_step(reading)
    )
    for sql in (*lookups(reading), *plan.statements):
        tables.execute(sql)
    return plan.checks


def _plainly_written(reading: Reading, source: Source, tables: Tables) -> set[str]:
    """The fields whose first cells are nearly all written plainly: for the others the first step would be in vain."""
    forms_of = plain_forms(reading)
    if not forms_of:
        return set()
    values = ", ".join(form.columns_sql for form in forms_of.values())
    odd = ", ".join(f"count(*) FILTER (WHERE NOT coalesce({form.is_plain_sql}, FALSE))" for form in forms_of.values())
    sample = f"SELECT *, {values} FROM (FROM {source.sample_sql or source.sql} LIMIT {_SAMPLE})"
    counts = tables.rows(f"SELECT {odd} FROM ({sample})")[0]
    return {name for name, count in zip(forms_of, counts, strict=True) if count <= _SAMPLE * _ODD_SHARE}


def unstage(tables: Tables) -> None:
    """Drop the staged rows, so that the file can be staged again."""
    tables.execute(f"DROP VIEW {STAGED}")
    for table in (PLAIN, MARKED):
        tables.execute(f"DROP TABLE {table}")


def check(
    landing: Landing,
    resource: forms.Resource,
    source: Source,
    checks: tuple[Check, ...],
    broken: Sequence[BrokenRecord],
    sql_checks: Sequence[SqlCheck],
    tables: Tables,
) -> CheckedRows:
    """Number the staged rows by their records and count what was found. `broken` are the records that never got in."""
    _number(source, broken, tables)
    checks = (*checks, *run_sql_checks(sql_checks, checks, [field.name for field in resource.fields], tables))
    staged = int(tables.rows(f"SELECT count(*) FROM {STAGED}")[0][0])
    issues = [*_broken_issues(broken), *_bit_issues(checks, resource, tables)]
    checked = Checked(landing=landing, table=NUMBERED, issues=tuple(issues), lines=staged + len(broken))
    return CheckedRows(checked, checks)


def _number(source: Source, broken: Sequence[BrokenRecord], tables: Tables) -> None:
    if source.has_line:
        tables.execute(f"CREATE VIEW {NUMBERED} AS FROM {STAGED}")
        return
    if not broken:
        tables.execute(f"CREATE VIEW {NUMBERED} AS SELECT *, row_at + 1 AS line FROM {STAGED}")
        return
    # the j-th broken record (from 1) has `line - j` good records before it: rows from there on are j records further
    ordered = sorted(record.line for record in broken)
    shifts = {"first": [line - j for j, line in enumerate(ordered, 1)], "shift": range(1, len(ordered) + 1)}
    tables.register(_SHIFTS, pa.table({name: pa.array(values, pa.int64()) for name, values in shifts.items()}))
    tables.execute(
        f"CREATE VIEW {NUMBERED} AS SELECT s.*, s.row_at + 1 + coalesce(b.shift, 0) AS line FROM {STAGED} s "
        f'ASOF LEFT JOIN (SELECT "first", max(shift) AS shift FROM {_SHIFTS} GROUP BY 1) b ON s.row_at >= b."first"'
    )


def _broken_issues(broken: Sequence[BrokenRecord]) -> list[Issue]:
    reasons = sorted({record.reason for record in broken})
    return [
        Issue(f"broken:{reason}", Severity.SET_ASIDE, "", sum(r.reason == reason for r in broken), ())
        for reason in reasons
    ]


def _bit_issues(checks: Sequence[Check], resource: forms.Resource, tables: Tables) -> list[Issue]:
    found: list[Issue] = []
    for column in ("bad", "warn"):
        mine = [check for check in checks if check.column == column]
        if not mine:
            continue
        counts = ", ".join(f"count(*) FILTER (WHERE {bit_is_set(column, c.bit)})" for c in mine)
        row = tables.rows(f"SELECT {counts} FROM {STAGED} WHERE {column} <> 0")[0]
        for one, n in zip(mine, row, strict=True):
            if n:
                found += _issues_of(one, int(n), resource, tables)
    return found


def _issues_of(one: Check, count: int, resource: forms.Resource, tables: Tables) -> list[Issue]:
    """The issue of one check with the numbers of its first rows; an area field's by what its codes are."""
    condition = bit_is_set(one.column, one.bit)
    if one.name == "code_list" and one.field and resource.field(one.field).semantic == "region":
        return region_issues(one.field, condition, STAGED, tables)
    lines = tables.rows(f"SELECT line FROM {NUMBERED} WHERE {one.column} <> 0 AND {condition} ORDER BY line LIMIT 5")
    return [Issue(one.name, one.severity, one.field, count, tuple(str(line) for (line,) in lines))]


def reasons_sql(checks: Sequence[Check]) -> str:
    """SQL over a staged row: the list of `field:check` that it breaks and that keep it out."""
    arms = [
        f"CASE WHEN {bit_is_set('bad', c.bit)} THEN {literal(f'{c.field}:{c.name}')} END"
        for c in checks
        if c.column == "bad"
    ]
    listed = ", ".join(arms) or "NULL::VARCHAR"
    return f"list_filter([{listed}], lambda reason: reason IS NOT NULL)"
