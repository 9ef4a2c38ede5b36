"""Rows of one parcel that agree in their keys: exact repeats are counted, differing ones are marked, none is lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
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
_Numbers = npt.NDArray[np.uint64]


class Seeking:
    """The numbers that a query gives more than once, looked for while others work; nothing, where it is empty."""

    def __init__(self, query: str, rows: int, tables: Tables, beside: Executor) -> None:
        self._query, self._rows, self._tables, self._beside = query, rows, tables, beside
        self._parts: list[Future[_Numbers]] = []

    def begin(self) -> None:
        """Take the numbers from the engine and sort them beside; too many of them are not held in memory so early."""
        if self._query and self._rows <= _THREADS * _PART:
            parts = (_numbers(self._query, part, _THREADS, self._tables) for part in range(_THREADS))
            self._parts = [self._beside.submit(_repeated, part) for part in parts]

    def found(self, query: str) -> _Numbers | None:
        """What was found, if it was this query and looking for it has begun."""
        return _joined(part.result() for part in self._parts) if self._parts and query == self._query else None


@contextmanager
def seeking_repeats(query: str, rows: int, tables: Tables) -> Iterator[Seeking]:
    """A search that somebody begins where the processor would rest. `rows`: about how many there are."""
    with ThreadPoolExecutor(_THREADS) as beside:
        yield Seeking(query, rows, tables, beside)


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
    sought: Seeking | None = None,
) -> Repeats:
    """Fill the tables `repeated_lines` and `conflicting_lines` for the rows of `table`.

    `keys` make a fact; `compared` are all columns of which an exact repeat agrees; bit i of a mask belongs to
    `marked[i]`.
    `last_wins`: the rows are operations in order (an increment), so a later one replaces an earlier one of its key.
    `rows`: about how many there are. `facts`: a query for numbers (`fact`), an expression over `table`, and a condition
    for the rows that it is for; rows of one key agree in one of the expressions and have its number twice in the query.
    Others may, too. `sought`: what is looked for already.
    """
    key = ", ".join(quoted(name) for name in keys)
    tables.execute(f"CREATE TABLE {DROPPED} (line BIGINT, why VARCHAR)")
    tables.execute(f"CREATE TABLE {MARKED} (line BIGINT, mask BIGINT)")
    tables.execute(f"CREATE TABLE {_CANDIDATES} AS SELECT * FROM {table} LIMIT 0")
    found = 0
    for query, number, which in facts or ((f"SELECT hash({key}) AS fact FROM {table}", f"hash({key})", "TRUE"),):
        early = sought.found(query) if sought else None
        twice = _twice(query, rows, tables) if early is None else early
        found += _collect(table, twice, f"{which} AND {number}", tables)
    if not found:
        return Repeats(0, 0, ())
    _drop_exact(key, compared, tables)
    if last_wins:
        _drop_earlier(key, tables)
    else:
        _mark_conflicts(key, marked, tables)
    return _count(tables)


def _collect(table: str, twice: _Numbers, number: str, tables: Tables) -> int:
    """Gather the rows whose number is one of `twice`; how many numbers these are."""
    if len(twice):
        tables.register("repeated_facts", pa.table({"fact": twice}))
        tables.execute(
            f"INSERT INTO {_CANDIDATES} SELECT * FROM {table} WHERE {number} IN (FROM repeated_facts) "
            f"AND line NOT IN (SELECT line FROM {_CANDIDATES})"
        )
    return len(twice)


def _twice(query: str, rows: int, tables: Tables) -> _Numbers:
    """The numbers that a query gives more than once.

    Sorting bare numbers costs a fifth of grouping them, and leaves the interpreter free: one part is sorted while the
    next is fetched.
    """
    parts = _THREADS * (1 + rows // (_THREADS * _PART))
    found: deque[Future[_Numbers]] = deque()
    twice: list[_Numbers] = []
    with ThreadPoolExecutor(_THREADS) as beside:
        for part in range(parts):
            if len(found) == _THREADS:
                twice.append(found.popleft().result())
            found.append(beside.submit(_repeated, _numbers(query, part, parts, tables)))
        return _joined([*twice, *(one.result() for one in found)])


def _numbers(query: str, part: int, parts: int, tables: Tables) -> _Numbers:
    """One part of a query's numbers: equal ones are in the same part."""
    sql = f"SELECT fact::UBIGINT AS fact FROM ({query}) WHERE fact % {parts} = {part}"
    numbers: _Numbers = tables.arrow(sql)["fact"].to_numpy()
    return numbers


def _joined(parts: Iterable[_Numbers]) -> _Numbers:
    return np.concatenate(list(parts))


def _repeated(numbers: _Numbers) -> _Numbers:
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
        f"INSERT INTO {DROPPED} SELECT line, 'superseded' FROM {_CANDIDATES} "
        f"WHERE line NOT IN (SELECT line FROM {DROPPED}) "
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
