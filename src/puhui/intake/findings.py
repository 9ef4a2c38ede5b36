"""What the checks of a file found, for whoever looks at it before it is delivered: the rows with nothing against them,
and every cell with something against it, each as a Parquet file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from puhui.model.delivery import Issue, Severity
from puhui.model.tables import Tables, literal, quoted
from puhui.packs import forms
from puhui.quality.check import BrokenRecord, CheckedRows
from puhui.quality.names import NUMBERED
from puhui.quality.plan import Check, bit_is_set
from puhui.subjects.rows import IDENTITY, INVALID, find_invalid

_CELLS = "found_cells"  # line, field, check, severity
_BROKEN = "broken_records"


@dataclass(frozen=True, slots=True)
class Findings:
    """The issues of identifiers, whose form the staging does not judge; how many rows are clean, and how many cells
    are not."""

    issues: tuple[Issue, ...]
    clean_rows: int
    bad_cells: int


def find_cells(
    checked: CheckedRows, broken: Sequence[BrokenRecord], resource: forms.Resource, tables: Tables, today: date
) -> Findings:
    """Name every cell that breaks a check, the form of identifiers among them. Nobody is looked up in the vault."""
    tables.execute(f"CREATE TABLE {_CELLS} AS {_bits_sql(checked.checks)}")
    issues: list[Issue] = []
    if resource.identify:
        find_invalid(checked.checked, resource, tables, today)
        of_rows = f"FROM {NUMBERED} s JOIN {INVALID} i ON i.{IDENTITY} = s.{IDENTITY}"
        tables.execute(f"INSERT INTO {_CELLS} SELECT s.line, i.field, i.\"check\", 'warn' {of_rows}")
        counts = tables.rows(f'SELECT i."check", i.field, count(*) {of_rows} GROUP BY 1, 2 ORDER BY 1, 2')
        issues = [Issue(check, Severity.WARN, field, count) for check, field, count in counts]
    numbers, reasons = [record.line for record in broken], [record.reason for record in broken]
    tables.register(
        _BROKEN, pa.table({"line": pa.array(numbers, pa.int64()), "reason": pa.array(reasons, pa.string())})
    )
    tables.execute(f"INSERT INTO {_CELLS} SELECT line, '', 'broken:' || reason, 'set_aside' FROM {_BROKEN}")
    cells, rows = tables.rows(f"SELECT count(*), count(DISTINCT line) FROM {_CELLS}")[0]
    return Findings(tuple(issues), checked.checked.lines - int(rows), int(cells))


def write_findings(
    resource: forms.Resource, tables: Tables, *, clean_rows: Path | None, bad_cells: Path | None
) -> None:
    """After `find_cells`: the clean rows with their record numbers, in no order, and (line, field, check, severity) of
    every bad cell."""
    if clean_rows is not None:
        columns = ", ".join(quoted(name) for name in ("line", *(field.name for field in resource.fields)))
        sql = f"SELECT {columns} FROM {NUMBERED} s WHERE NOT EXISTS (SELECT 1 FROM {_CELLS} c WHERE c.line = s.line)"
        tables.export(sql, str(clean_rows))
    if bad_cells is not None:
        tables.export(f"FROM {_CELLS} ORDER BY line, field", str(bad_cells))


def _bits_sql(checks: Sequence[Check]) -> str:
    """Every bit that is set, as a row."""
    arms = ", ".join(f"CASE WHEN {bit_is_set(check.column, check.bit)} THEN {_named(check)} END" for check in checks)
    listed = (
        f"unnest(list_filter([{arms}], lambda found: found IS NOT NULL))"
        if checks
        else 'NULL::STRUCT(field VARCHAR, "check" VARCHAR, severity VARCHAR)'
    )
    rows = f"SELECT line, {listed} AS found FROM {NUMBERED} WHERE bad <> 0 OR warn <> 0"
    return f'SELECT line::BIGINT AS line, found.field, found."check", found.severity FROM ({rows})'


def _named(check: Check) -> str:
    field, name, severity = literal(check.field), literal(check.name), literal(check.severity.value)
    return f"{{'field': {field}, 'check': {name}, 'severity': {severity}}}"
