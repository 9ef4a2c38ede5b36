"""Reading the whole log for a check: in order, in chunks, without locks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import Any

from puhui.adapters.log_sql import Row, Speech, read_moment
from puhui.adapters.log_transaction import ENTRY, entry_row
from puhui.ledger.store import Count, EntryRow, Leaves, StoredCheckpoint, StoreFault, Tallies

_ROWS = 4096
_QUESTIONS = "('answer', 'refusal')"


class DjangoLogScan:
    """`LogScan` on the connection of whoever calls."""

    def speech(self) -> Speech:
        """This thread's connection."""
        raise NotImplementedError

    def every_commitment(self, chunk: int) -> Iterator[Leaves]:
        sql = 'SELECT "index", entry, batch_size, kind FROM records_logentry ORDER BY "index"'
        for rows in self._scan(sql, chunk=chunk):
            for run in [rows] if rows[-1][0] - rows[0][0] + 1 == len(rows) else _runs(rows):
                _, entries, sizes, kinds = zip(*run, strict=True)
                yield Leaves(run[0][0], entries, set(sizes), Counter(kinds))

    def every_checkpoint(self) -> Iterator[StoredCheckpoint]:
        sql = (
            "SELECT c.size, c.note, c.at, c.published, s.witness, s.line FROM records_checkpoint c"
            " LEFT JOIN records_cosignature s ON s.checkpoint_id = c.size ORDER BY c.size, s.witness"
        )
        rows = chain.from_iterable(self._scan(sql))
        for (size, note, at, published), found in groupby(rows, key=lambda row: tuple(row[:4])):
            lines = tuple((row[4], row[5]) for row in found if row[4] is not None)
            yield StoredCheckpoint(size, note, read_moment(at), bool(published), lines)

    def every_entry(self) -> Iterator[EntryRow]:
        for rows in self._scan(f'SELECT {ENTRY} FROM records_logentry ORDER BY "index"'):
            yield from map(entry_row, rows)

    def tallies(self) -> Tallies:
        join = 'records_asked a LEFT JOIN records_logentry e ON e."index" = a.entry'
        return Tallies(
            asked_answers=self._one("SELECT count(*) FROM records_asked WHERE code = ''"),
            asked_refusals=self._one("SELECT count(*) FROM records_asked WHERE code <> ''"),
            asked_without_entry=self._one(
                f"SELECT count(*) FROM {join} WHERE e.kind IS NULL OR e.kind NOT IN {_QUESTIONS}"
                " OR (e.kind = 'answer') <> (a.code = '') OR e.institution <> a.institution"
            ),
            asked_counted=self._counted(
                "SELECT contract, product, 'month:' || month, count(nonce), sum(CASE WHEN code = '' THEN 1 ELSE 0 END),"
                " sum(price_fen) FROM records_asked WHERE contract <> '' GROUP BY contract, product, month"
            ),
            counters=self._counted(
                'SELECT contract, product, "window", count, answered, fen FROM records_counter'
                " WHERE product <> '' AND substr(\"window\", 1, 6) = 'month:'"
            ),
            events_waiting=self._one("SELECT count(*) FROM records_event WHERE NOT taken_by_ledger"),
        )

    def _counted(self, sql: str) -> dict[tuple[str, str, str], Count]:
        return {(row[0], row[1], row[2]): Count(row[3], row[4], int(row[5])) for row in self._all(sql)}

    def _one(self, sql: str) -> int:
        return int(self._all(sql)[0][0])

    def _all(self, sql: str) -> list[Row]:
        return [row for rows in self._scan(sql) for row in rows]

    def _scan(self, sql: str, params: Sequence[Any] = (), chunk: int = _ROWS) -> Iterator[list[Row]]:
        speech = self.speech()
        try:
            yield from speech.scan(sql, params, chunk)
        except speech.error as fault:
            raise StoreFault(type(fault).__name__) from fault


def _runs(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows that follow one another; each gap begins another run."""
    run: list[Row] = []
    for row in rows:
        if run and row[0] != run[-1][0] + 1:
            yield run
            run = []
        run.append(row)
    yield run
