"""Whole-table checks of packs: a SELECT of `line` of the bad rows FROM `rows`. Their findings become bits like any
other's."""

from __future__ import annotations

from collections.abc import Sequence

from puhui.model.delivery import Severity
from puhui.model.tables import Tables, quoted
from puhui.packs.packset import SqlCheck
from puhui.quality.names import NUMBERED
from puhui.quality.plan import MARKED, PLAIN, STAGED, Check

ROWS = "rows"


def run_sql_checks(
    sql_checks: Sequence[SqlCheck], taken: Sequence[Check], fields: Sequence[str], tables: Tables
) -> tuple[Check, ...]:
    """Mark the staged rows that the checks find; the bits follow those that are taken already."""
    if not sql_checks:
        return ()
    shown = ", ".join(quoted(name) for name in ("line", *fields))
    tables.execute(f"CREATE VIEW {ROWS} AS SELECT {shown} FROM {NUMBERED} WHERE bad = 0")
    made: list[Check] = []
    for one in sql_checks:
        severity = Severity(one.head.severity)
        column = "warn" if severity is Severity.WARN else "bad"
        bit = sum(check.column == column for check in (*taken, *made))
        made.append(Check(one.name, "", severity, bit, ""))
        tables.execute(f"CREATE OR REPLACE TABLE found_by_check AS SELECT DISTINCT line FROM ({one.sql})")
        _mark(column, bit, f"SELECT n.row_at FROM {NUMBERED} n JOIN found_by_check f ON f.line = n.line", tables)
    tables.execute(f"DROP VIEW {ROWS}")
    return tuple(made)


def _mark(column: str, bit: int, found: str, tables: Tables) -> None:
    """Set a bit of the rows at the places that `found` gives; rows that had none move to those that have bits."""
    tables.execute(f"CREATE OR REPLACE TABLE found_places AS {found}")
    clean = f"row_at IN (FROM found_places) AND row_at NOT IN (SELECT row_at FROM {MARKED})"
    tables.execute(f"INSERT INTO {MARKED} BY NAME SELECT * FROM {STAGED} WHERE {clean}")
    tables.execute(f"UPDATE {PLAIN} SET plain = FALSE WHERE plain AND rowid IN (FROM found_places)")
    tables.execute(f"UPDATE {MARKED} SET {column} = {column} + {1 << bit}::HUGEINT WHERE row_at IN (FROM found_places)")
