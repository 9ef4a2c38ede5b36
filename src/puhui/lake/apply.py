"""From a parent edition and the rows of a parcel to the files of the child: which go, which are written anew.

A snapshot replaces the periods that it names (all rows where the resource has none). An increment or a correction
replaces rows that agree in the keys; a delete is absence in the child; a row of an earlier period never replaces one of
a later period (late data apply by period, then by sequence).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from puhui.model.delivery import EditionFile
from puhui.model.tables import Tables, literal, quoted

BY_BUCKET_FROM_ROWS = 200_000  # below this one file is quicker to write and to read than one per bucket


@dataclass(frozen=True, slots=True)
class Change:
    """Rows to apply: `table` holds the house columns, the kept fields, and `operation` (insert, update, delete)."""

    table: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    replaced_periods: tuple[str, ...] | None  # a snapshot's periods; None: rows replace rows by key
    whole: bool = False  # a snapshot of a resource without periods: nothing of the parent stays


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The parent's files that leave, and the query for the rows that come in their place."""

    removed: tuple[EditionFile, ...]
    sql: str
    superseded: int  # rows of the parcel that a later period had replaced already


def plan_rewrite(tables: Tables, parent: Sequence[EditionFile], change: Change) -> Rewrite:
    """Which files of the parent go, and one query with all rows to write. Reads the parent, writes nothing."""
    incoming = _incoming(change)
    if not parent:
        return Rewrite((), incoming, 0)
    if change.whole:
        return Rewrite(tuple(parent), incoming, 0)
    if change.replaced_periods is not None:
        return _replace_periods(tables, parent, change, incoming)
    return _replace_keys(tables, parent, change)


def count_conflicts(tables: Tables, paths: Sequence[str]) -> int:
    """Rows of these files that contradict another row of their key."""
    if not paths:
        return 0
    listed = ", ".join(literal(path) for path in paths)
    scan = f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
    return int(tables.rows(f"SELECT count(*) FROM {scan} WHERE conflict <> 0")[0][0])


def _incoming(change: Change) -> str:
    names = ", ".join(quoted(c) for c in change.columns)
    return f"SELECT {names} FROM {change.table} WHERE operation <> 'delete'"


def _replace_periods(tables: Tables, parent: Sequence[EditionFile], change: Change, incoming: str) -> Rewrite:
    periods = ", ".join(literal(p) for p in change.replaced_periods or ()) or "NULL"
    touched = _files_where(tables, parent, f"period IN ({periods})")
    if not touched:
        return Rewrite((), incoming, 0)
    kept = f"SELECT {_those(change)} FROM {_scan(touched)} WHERE period NOT IN ({periods})"
    return Rewrite(tuple(touched), f"{incoming} UNION ALL BY NAME {kept}", 0)


def _replace_keys(tables: Tables, parent: Sequence[EditionFile], change: Change) -> Rewrite:
    same_key = " AND ".join(f"c.{quoted(k)} IS NOT DISTINCT FROM p.{quoted(k)}" for k in change.keys)
    matched = f"EXISTS (SELECT 1 FROM {change.table} c WHERE {same_key})"
    touched = _files_where(tables, parent, matched)
    names = ", ".join(quoted(c) for c in change.columns)
    if not touched:
        return Rewrite((), _incoming(change), 0)
    later = f"SELECT 1 FROM {_scan(touched)} p WHERE {same_key} AND p.period > c.period"
    superseded = tables.rows(f"SELECT count(*) FROM {change.table} c WHERE EXISTS ({later})")[0][0]
    replaced = f"EXISTS (SELECT 1 FROM {change.table} c WHERE {same_key} AND c.period >= p.period)"
    kept = f"SELECT {_those(change)} FROM {_scan(touched)} p WHERE NOT {replaced}"
    fresh = f"SELECT {names} FROM {change.table} c WHERE operation <> 'delete' AND NOT EXISTS ({later})"
    return Rewrite(tuple(touched), f"{fresh} UNION ALL BY NAME {kept}", superseded)


def _those(change: Change) -> str:
    """The columns of the change that the parent's files have: a field younger than they are is null in their rows."""
    return f"COLUMNS(lambda name: name IN ({', '.join(literal(name) for name in change.columns)}))"


def _files_where(tables: Tables, files: Sequence[EditionFile], condition: str) -> list[EditionFile]:
    found = tables.rows(f"SELECT DISTINCT filename FROM {_scan(files, names=True)} p WHERE {condition}")
    names = {row[0] for row in found}
    return [file for file in files if file.path in names]


def _scan(files: Sequence[EditionFile], *, names: bool = False) -> str:
    listed = ", ".join(literal(file.path) for file in files)
    flag = ", filename = true" if names else ""
    return f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true{flag})"
