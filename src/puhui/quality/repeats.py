"""Rows of one parcel that agree in their keys: exact repeats are counted, differing ones are marked, none is lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from puhui.model.delivery import AGAIN, Issue, Severity
from puhui.model.tables import Tables, quoted

DROPPED = "repeated_lines"  # line, why: rows that are in the parcel once more
MARKED = "conflicting_lines"  # line, mask


_CANDIDATES = "repeat_rows"
_PART = 8_000_000  # facts compared at a time, by each thread
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Repeats:
    """How many rows stand in the parcel once more, how many contradict each other, and the issues that say so."""

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
    rows: int = 0,
    facts: Sequence[tuple[str, str, str]] = (),
) -> Repeats:
    """Fill the tables `repeated_lines` and `conflicting_lines` for the rows of `table`.

    `keys` make a fact; `compared` are all columns of which an exact repeat agrees; bit i of a mask belongs to `marked[i]`.
    `last_wins`: the rows are operations in order (an increment), so a later one replaces an earlier one of its key.
    `rows`: about how many there are. `facts`: a query for numbers (`fact`), an expression over `table`, and a condition for
    the rows that it is for; rows of one key agree in one of the expressions and have its number twice in the query. Others
    may, too.
    """
    key = ", ".join(quoted(name) for name in keys)
    tables.execute(f"CREATE TABLE {DROPPED} (line BIGINT, why VARCHAR)")
    tables.execute(f"CREATE TABLE {MARKED} (line BIGINT, mask BIGINT)")
    tables.execute(f"CREATE TABLE {_CANDIDATES} AS SELECT * FROM {table} LIMIT 0")
    found = 0
    for query, number, which in facts or ((f"SELECT hash({key}) AS fact FROM {table}", f"hash({key})", "TRUE"),):
        found += _collect(table, query, f"{which} AND {number}", rows, tables)
    if not found:
        return Repeats(0, 0, ())
    _drop_exact(key, compared, tables)
    if last_wins:
        _drop_earlier(key, tables)
    else:
        _mark_conflicts(key, marked, tables)
    return _count(tables)


def _collect(table: str, query: str, number: str, rows: int, tables: Tables) -> int:
    """Gather the rows whose number occurs twice; how many numbers do."""
    twice = _twice(query, _THREADS * (1 + rows // (_THREADS * _PART)), tables)
    if len(twice):
        tables.register("repeated_facts", pa.table({"fact": twice}))
        tables.execute(
            f"INSERT INTO {_CANDIDATES} SELECT * FROM {table} WHERE {number} IN (FROM repeated_facts) "
            f"AND line NOT IN (SELECT line FROM {_CANDIDATES})"
        )
    return len(twice)


def _twice(query: str, parts: int, tables: Tables) -> npt.NDArray[np.uint64]:
    """The numbers that a query gives more than once.

    Sorting bare numbers costs a fifth of grouping them, and leaves the interpreter free: one part is sorted while the next
    is fetched.
    """
    found: deque[Future[npt.NDArray[np.uint64]]] = deque()
    twice: list[npt.NDArray[np.uint64]] = []
    with ThreadPoolExecutor(_THREADS) as beside:
        for part in range(parts):
            if len(found) == _THREADS:
                twice.append(found.popleft().result())
            sql = f"SELECT fact::UBIGINT AS fact FROM ({query}) WHERE fact % {parts} = {part}"
            found.append(beside.submit(_repeated, tables.arrow(sql)["fact"].to_numpy()))
        return np.concatenate([*twice, *(one.result() for one in found)])


def _repeated(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    ordered = np.sort(numbers)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def _drop_exact(key: str, compared: Sequence[str], tables: Tables) -> None:
    same = ", ".join(quoted(name) for name in compared)
    tables.execute(
        f"INSERT INTO {DROPPED} SELECT line, 'duplicate' FROM {_CANDIDATES} "
        f"QUALIFY row_number() OVER (PARTITION BY {key}, {same} ORDER BY line) > 1"
    )


def _drop_earlier(key: str, tables: Tables) -> None:
    tables.execute(
        f"INSERT INTO {DROPPED} SELECT line, 'superseded' FROM {_CANDIDATES} WHERE line NOT IN (SELECT line FROM {DROPPED}) "
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
        f"FROM {_CANDIDATES} WHERE line NOT IN (SELECT line FROM {DROPPED}) GROUP BY {key}) WHERE len(lines) > 1)"
    )


def _count(tables: Tables) -> Repeats:
    dropped = dict(tables.rows(f"SELECT why, count(*) FROM {DROPPED} GROUP BY 1"))
    conflicts = int(tables.rows(f"SELECT count(*) FROM {MARKED}")[0][0])
    issues = [Issue(why, Severity.WARN, "", n) for why, n in sorted(dropped.items())]
    if conflicts:
        issues.append(Issue("conflict", Severity.WARN, "", conflicts))
    return Repeats(sum(dropped.values()), conflicts, tuple(issues))
