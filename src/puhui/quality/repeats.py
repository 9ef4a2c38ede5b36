"""Rows of one parcel that agree in their keys: exact repeats are counted, differing ones are marked, none is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from puhui.model.delivery import AGAIN, Issue, Severity
from puhui.model.tables import Tables, quoted

DROPPED = "repeated_lines"  # line, why: rows that are in the parcel once more
MARKED = "conflicting_lines"  # line, mask


@dataclass(frozen=True, slots=True)
class Repeats:
    """How many rows stand in the parcel once more, how many contradict each other, and the issues that say so."""

    duplicates: int
    conflicts: int
    issues: tuple[Issue, ...]


def find_repeats(
    table: str, keys: Sequence[str], compared: Sequence[str], marked: Sequence[str], tables: Tables, *, last_wins: bool
) -> Repeats:
    """Fill the tables `repeated_lines` and `conflicting_lines` for the rows of `table`.

    `keys` make a fact; `compared` are all columns of which an exact repeat agrees; bit i of a mask belongs to `marked[i]`.
    `last_wins`: the rows are operations in order (an increment), so a later one replaces an earlier one of its key.
    """
    key = ", ".join(quoted(name) for name in keys)
    tables.execute(f"CREATE TABLE {DROPPED} (line BIGINT, why VARCHAR)")
    tables.execute(f"CREATE TABLE {MARKED} (line BIGINT, mask BIGINT)")
    total, distinct = tables.rows(f"SELECT count(*), count(DISTINCT hash({key})) FROM {table}")[0]
    if total == distinct:
        return Repeats(0, 0, ())
    tables.execute(
        f"CREATE TABLE repeat_rows AS SELECT * FROM {table} WHERE hash({key}) IN "
        f"(SELECT hash({key}) FROM {table} GROUP BY 1 HAVING count(*) > 1)"
    )
    _drop_exact(key, compared, tables)
    if last_wins:
        _drop_earlier(key, tables)
    else:
        _mark_conflicts(key, marked, tables)
    return _count(tables)


def _drop_exact(key: str, compared: Sequence[str], tables: Tables) -> None:
    same = ", ".join(quoted(name) for name in compared)
    tables.execute(
        f"INSERT INTO {DROPPED} SELECT line, 'duplicate' FROM repeat_rows "
        f"QUALIFY row_number() OVER (PARTITION BY {key}, {same} ORDER BY line) > 1"
    )


def _drop_earlier(key: str, tables: Tables) -> None:
    tables.execute(
        f"INSERT INTO {DROPPED} SELECT line, 'superseded' FROM repeat_rows WHERE line NOT IN (SELECT line FROM {DROPPED}) "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY line DESC) > 1"
    )


def _mark_conflicts(key: str, marked: Sequence[str], tables: Tables) -> None:
    bits = [
        f"(count(DISTINCT {quoted(name)}) + (count({quoted(name)}) < count(*))::INT > 1)::BIGINT << {bit}"
        for bit, name in enumerate(marked)
    ]
    mask = " | ".join(f"({bit})" for bit in bits)
    tables.execute(
        f"INSERT INTO {MARKED} SELECT line, mask + CASE WHEN line = lines[1] THEN 0 ELSE {AGAIN} END FROM ("
        f"SELECT lines, unnest(lines) AS line, mask FROM (SELECT list_sort(list(line)) AS lines, {mask} AS mask "
        f"FROM repeat_rows WHERE line NOT IN (SELECT line FROM {DROPPED}) GROUP BY {key}) WHERE len(lines) > 1)"
    )


def _count(tables: Tables) -> Repeats:
    dropped = dict(tables.rows(f"SELECT why, count(*) FROM {DROPPED} GROUP BY 1"))
    conflicts = int(tables.rows(f"SELECT count(*) FROM {MARKED}")[0][0])
    issues = [Issue(why, Severity.WARN, "", n) for why, n in sorted(dropped.items())]
    if conflicts:
        issues.append(Issue("conflict", Severity.WARN, "", conflicts))
    return Repeats(sum(dropped.values()), conflicts, tuple(issues))
