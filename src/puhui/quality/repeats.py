"""Rows of one parcel that agree in their keys: exact repeats are counted, differing ones are marked, none is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from puhui.model.delivery import AGAIN, Issue, Severity
from puhui.model.tables import Tables, quoted

DROPPED = "repeated_lines"  # line, why: rows that are in the parcel once more
MARKED = "conflicting_lines"  # line, mask


_PART = 20_000_000  # facts compared at a time


@dataclass(frozen=True, slots=True)
class Repeats:
    """How many rows there are, how many stand in the parcel once more, how many contradict each other, and the issues that
    say so."""

    rows: int
    duplicates: int
    conflicts: int
    issues: tuple[Issue, ...]


def find_repeats(
    table: str,
    keys: Sequence[str],
    compared: Sequence[str],
    marked: Sequence[str],
    tables: Tables,
    *,
    last_wins: bool,
    fact_sql: str = "",
    at_most: int = 0,
) -> Repeats:
    """Fill the tables `repeated_lines` and `conflicting_lines` for the rows of `table`.

    `keys` make a fact; `compared` are all columns of which an exact repeat agrees; bit i of a mask belongs to `marked[i]`.
    `last_wins`: the rows are operations in order (an increment), so a later one replaces an earlier one of its key.
    `fact_sql`: a number over the rows of `table` that is the same where the keys are; it may be the same elsewhere.
    `at_most`: how many rows there may be; more than some are compared part by part.
    """
    key = ", ".join(quoted(name) for name in keys)
    fact = fact_sql or f"hash({key})"
    tables.execute(f"CREATE TABLE {DROPPED} (line BIGINT, why VARCHAR)")
    tables.execute(f"CREATE TABLE {MARKED} (line BIGINT, mask BIGINT)")
    twice, rows = _twice(table, fact, 1 + at_most // _PART, tables)
    if not len(twice):
        return Repeats(rows, 0, 0, ())
    tables.register("repeated_facts", pa.table({"fact": twice}))
    tables.execute(f"CREATE TABLE repeat_rows AS SELECT * FROM {table} WHERE {fact} IN (FROM repeated_facts)")
    _drop_exact(key, compared, tables)
    if last_wins:
        _drop_earlier(key, tables)
    else:
        _mark_conflicts(key, marked, tables)
    return _count(rows, tables)


def _twice(table: str, fact: str, parts: int, tables: Tables) -> tuple[npt.NDArray[np.uint64], int]:
    """The facts that more than one row has, and how many rows there are. Sorting bare numbers costs a fifth of grouping."""
    rows, found = 0, []
    for part in range(parts):
        where = f" WHERE fact % {parts} = {part}" if parts > 1 else ""
        numbers = tables.arrow(f"SELECT fact FROM (SELECT ({fact})::UBIGINT AS fact FROM {table}){where}")["fact"].to_numpy()
        ordered = np.sort(numbers)
        rows += len(ordered)
        found.append(np.unique(ordered[1:][ordered[1:] == ordered[:-1]]))
    return np.concatenate(found), rows


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


def _count(rows: int, tables: Tables) -> Repeats:
    dropped = dict(tables.rows(f"SELECT why, count(*) FROM {DROPPED} GROUP BY 1"))
    conflicts = int(tables.rows(f"SELECT count(*) FROM {MARKED}")[0][0])
    issues = [Issue(why, Severity.WARN, "", n) for why, n in sorted(dropped.items())]
    if conflicts:
        issues.append(Issue("conflict", Severity.WARN, "", conflicts))
    return Repeats(rows, sum(dropped.values()), conflicts, tuple(issues))
