"""Whole-table checks of packs: a SELECT of `line` of the bad rows FROM `rows`. Their findings become bits like any other's."""

from __future__ import annotations

from collections.abc import Sequence

from puhui.model.delivery import Severity
from puhui.model.tables import Tables
from puhui.packs.packset import SqlCheck
from puhui.quality.names import NUMBERED
from puhui.quality.plan import STAGED, Check

ROWS = "rows"


def run_sql_checks(
    sql_checks: Sequence[SqlCheck], taken: Sequence[Check], tables: Tables
) -> tuple[Check, ...]:
    """Mark the staged rows that the checks find; the bits follow those that are taken already."""
    if not sql_checks:
        return ()
    tables.execute(f"CREATE VIEW {ROWS} AS SELECT * EXCLUDE (bad, warn, at, operation) FROM {NUMBERED} WHERE bad = 0")
    made: list[Check] = []
    for one in sql_checks:
        severity = Severity(one.head.severity)
        column = "warn" if severity is Severity.WARN else "bad"
        bit = sum(check.column == column for check in (*taken, *made))
        made.append(Check(one.name, "", severity, bit, ""))
        tables.execute(f"CREATE OR REPLACE TABLE found_by_check AS SELECT DISTINCT line FROM ({one.sql})")
        tables.execute(
            f"UPDATE {STAGED} SET {column} = {column} + {1 << bit}::HUGEINT WHERE rowid IN "
            f"(SELECT n.at FROM {NUMBERED} n JOIN found_by_check f ON f.line = n.line)"
        )
    tables.execute(f"DROP VIEW {ROWS}")
    return tuple(made)
