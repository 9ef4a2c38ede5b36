"""The log's store in the zone's database, through Django's connection: SQLite and PostgreSQL.

Promises: those of `ledger.store`. Each thread has a connection of its own. One process at a time appends, by the lock
on the row of the tree; several may take turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import connections
from django.db.utils import Error as DjangoError

from puhui.adapters.log_scan import DjangoLogScan
from puhui.adapters.log_sql import Postgresql, Row, Speech, Sqlite, packed, read_moment
from puhui.adapters.log_transaction import ASKED, ENTRY, Transaction, asked_row, entry_row, tree_of
from puhui.adapters.wal_sqlite import LONGEST
from puhui.ledger.store import AskedRow, EntryRow, LogTransaction, StoredCheckpoint, StoreFault
from puhui.wire.tlog import Frontier

T = TypeVar("T")
_CACHE_KIB = 65_536  # of SQLite's pages in the connection that appends


class DjangoLog(DjangoLogScan):
    """`LogStore` and `LogScan` on the tables of `records.models_question`."""

    def __init__(self, alias: str = "default") -> None:
        self._alias = alias
        self._local = threading.local()

    def close(self) -> None:
        """Ends this thread's connection; the next use makes another."""
        connections[self._alias].close()

    def speech(self) -> Speech:
        """This thread's connection. Raises StoreFault where there is none to be had."""
        connection = connections[self._alias]
        if connection.connection is None:
            try:
                connection.ensure_connection()
            except DjangoError as fault:
                raise StoreFault(type(fault).__name__) from fault
        known: Speech | None = getattr(self._local, "speech", None)
        if known is None or known.raw is not connection.connection:
            known = _speech(connection)
            self._local.speech = known
        return known

    def transact(self, work: Callable[[LogTransaction], T]) -> T:
        speech = self.speech()
        try:
            return speech.transact(lambda: work(Transaction(speech)))
        except StoreFault:
            self.close()  # whatever state it is in
            raise

    # --- reading ---

    def tree(self) -> Frontier:
        found = self._read("SELECT size, frontier FROM records_logtree WHERE id = 1")
        return tree_of(found[0]) if found else Frontier()

    def entry(self, index: int) -> EntryRow | None:
        found = self._read(f'SELECT {ENTRY} FROM records_logentry WHERE "index" = ?', index)
        return entry_row(found[0]) if found else None

    def template(self, name: bytes) -> bytes | None:
        found = self._read("SELECT body FROM records_recordtemplate WHERE name = ?", name.hex())
        return bytes(found[0][0]) if found else None

    def commitments(self, first: int, end: int) -> list[bytes]:
        sql = 'SELECT entry FROM records_logentry WHERE "index" >= ? AND "index" < ? ORDER BY "index"'
        return [bytes(entry) for (entry,) in self._read(sql, first, end)]

    def commitments_at(self, indexes: Sequence[int]) -> dict[int, bytes]:
        speech = self.speech()
        given = speech.given("bigint")
        sql = f'SELECT "index", entry FROM records_logentry WHERE "index" IN (SELECT c0 FROM {given})'
        return {index: bytes(entry) for index, entry in self._read(sql, packed([[index] for index in indexes]))}

    def events_waiting(self) -> bool:
        return bool(self._read("SELECT 1 FROM records_event WHERE NOT taken_by_ledger LIMIT 1"))

    def find_answer(self, institution: str, answer_id: str) -> AskedRow | None:
        sql = f"SELECT {ASKED} FROM records_asked WHERE answer_id = ? AND institution = ? ORDER BY entry DESC LIMIT 1"
        found = self._read(sql, answer_id, institution)
        return asked_row(found[0]) if found else None

    def entries_of(self, subject: str) -> Iterator[EntryRow]:
        sql = f'SELECT {ENTRY} FROM records_logentry WHERE subject = ? ORDER BY "index"'
        yield from map(entry_row, self._read(sql, subject))

    def asked_in(self, institution: str, month: str) -> Iterator[AskedRow]:
        sql = f"SELECT {ASKED} FROM records_asked WHERE institution = ? AND month = ? ORDER BY entry"
        yield from map(asked_row, self._read(sql, institution, month))

    def asked_at(self, indexes: Sequence[int]) -> dict[int, AskedRow]:
        speech = self.speech()
        sql = f"SELECT {ASKED} FROM records_asked WHERE entry IN (SELECT c0 FROM {speech.given('bigint')})"
        found = map(asked_row, self._read(sql, packed([[index] for index in indexes])))
        return {row.entry: row for row in found}

    # --- checkpoints ---

    def checkpoint(self, size: int) -> StoredCheckpoint | None:
        found = self._read("SELECT size, note, at, published FROM records_checkpoint WHERE size = ?", size)
        return self._with_lines(found[0]) if found else None

    def published(self, quorum: int = 0) -> StoredCheckpoint | None:
        sql = (
            "SELECT size, note, at, published FROM records_checkpoint c WHERE published AND ? <= "
            "(SELECT count(*) FROM records_cosignature s WHERE s.checkpoint_id = c.size) ORDER BY size DESC LIMIT 1"
        )
        found = self._read(sql, quorum)
        return self._with_lines(found[0]) if found else None

    def publish(self, size: int) -> None:
        speech = self.speech()
        sql = f"UPDATE records_checkpoint SET published = {speech.true} WHERE size = ?"
        self._change(speech, lambda: speech.run(sql, (size,)))

    def add_cosignature(self, size: int, witness: str, line: str, at: datetime) -> None:
        speech = self.speech()
        row = (size, witness, line, speech.moment(at))
        columns, tail = ("checkpoint_id", "witness", "line", "at"), "ON CONFLICT DO NOTHING"
        self._change(speech, lambda: speech.insert("records_cosignature", columns, [row], tail))

    def last_cosigned(self, witness: str) -> int:
        found = self._read("SELECT max(checkpoint_id) FROM records_cosignature WHERE witness = ?", witness)
        return int(found[0][0] or 0)

    def _with_lines(self, row: Row) -> StoredCheckpoint:
        size, note, at, published = row
        lines = self._read(
            "SELECT witness, line FROM records_cosignature WHERE checkpoint_id = ? ORDER BY witness", size
        )
        return StoredCheckpoint(
            size, note, read_moment(at), bool(published), tuple((name, line) for name, line in lines)
        )

    def _change(self, speech: Speech, work: Callable[[], None]) -> None:
        try:
            speech.transact(work)
        except StoreFault:
            self.close()
            raise

    def _read(self, sql: str, *params: Any) -> list[Row]:
        speech = self.speech()
        try:
            return speech.rows(sql, params)
        except speech.error as fault:
            self.close()
            raise StoreFault(type(fault).__name__) from fault


def _speech(connection: Any) -> Speech:
    raw, error = connection.connection, connection.Database.Error
    if connection.vendor == "postgresql":
        return Postgresql(raw, error)
    raw.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    raw.execute(f"PRAGMA wal_autocheckpoint={LONGEST}")
    return Sqlite(raw, error)
