"""A zone's log grown in bulk to a size, as years of questions would have left it.

Every entry has its commitment, most have their question with nonce, idempotency key, answer id and bill, and all lie
under signed checkpoints, in the tree and in tiles; counters agree with the rows. What is not true to life: sealed
records are random bytes (they open to nothing), as long as a true one in 1 of 100 entries and as long as a padding
entry's in the others, or 10 million would take 50 GB; letters of the past have no rows.

Keys, ids and tokens ascend with the index and are spread over their whole range: the indices are filled at their end
while loading, and a new random key still falls on any page of them.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from puhui.adapters.log_opened import ZoneLog
from puhui.ledger.entries import padding_record
from puhui.ledger.layout import bring_tiles
from puhui.ledger.records import new_salt, seal_record
from puhui.ledger.store import AskedRow, Count, EntryRow, LogTransaction, Rows, StoredCheckpoint, Wanted
from puhui.ledger.windows import CounterName, Windows
from puhui.wire.notes import Checkpoint, sign_checkpoint
from puhui.wire.tlog import Frontier, grow, leaf_hash

DAYS = 90  # of the past that is loaded; it ends a day ago, so that no nonce of it is remembered
BATCH = 64  # entries under one checkpoint, as under load
STEP = 65_536  # entries of one transaction
FULL_SIZED = 100  # one in so many sealed records is as long as a true one
A_SUBJECT = 10  # neighbouring entries about one subject
REFUSED, PADDED = 7, 13  # of 20 entries one is a refusal, one padding
REFUSAL = "letter-revoked"
BYTES_AN_ENTRY = 1_100  # of the disk: measured 920 with tables, indices and tiles; the rest is room


@dataclass(frozen=True, slots=True)
class Model:
    """A true answer of the zone, as its log holds it: what is loaded has its shape."""

    entry: EntryRow
    asked: AskedRow


def load(
    log: ZoneLog, entries: int, model: Model, now: datetime, step: Callable[[int], None] = lambda done: None
) -> None:
    """Grow the log to that many entries. `step` is told how many there are. Raises ValueError for a larger log."""
    first = log.store.tree().size
    if first > entries:
        raise ValueError("the log is larger than that already")
    loading = _Loading(log, _Plan(model, first, entries, now, log.tools.zone_keys.of_month(now)))
    with _unsynced(log):
        for begin in range(first, entries, STEP):
            log.store.transact(partial(loading.write, begin=begin, end=min(begin + STEP, entries)))
            step(min(begin + STEP, entries))
    bring_tiles(log.store, log.tiles, entries)


@contextmanager
def _unsynced(log: ZoneLog) -> Iterator[None]:
    """SQLite without waiting for the disk; at the end all of it is synced."""
    speech = log.store.speech()
    speech.run("PRAGMA synchronous=OFF")
    try:
        yield
    finally:
        speech.run("PRAGMA synchronous=FULL")
        speech.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        log.store.close()
        os.sync()


class _Plan:
    """Which rows stand at an index."""

    def __init__(self, model: Model, first: int, end: int, now: datetime, key: tuple[str, bytes]) -> None:
        self._model, self._end = model, end
        self._begin = (now - timedelta(days=DAYS + 1)).replace(microsecond=0)
        self._pace = timedelta(days=DAYS) / max(1, end - first)
        self._first = first
        self._key_id = key[0]
        self._short = len(seal_record(key[1], 0, new_salt(), padding_record(now)))

    def at(self, index: int) -> datetime:
        """When the entry came: its batch's moment."""
        at = self._begin + self._pace * (index - self._first)
        return at.replace(microsecond=0, tzinfo=UTC)

    def entry(self, index: int, size: int, at: datetime) -> EntryRow:
        model, kind = self._model.entry, kind_at(index)
        length = self._short if index % FULL_SIZED else len(model.sealed)
        if kind == "padding":
            return EntryRow(index, os.urandom(32), kind, at, "", "", self._key_id, os.urandom(self._short), size)
        return EntryRow(
            index, os.urandom(32), kind, at, self._subject(index), model.institution, model.key_id,
            os.urandom(length), size,
        )  # fmt: skip

    def asked(self, index: int, windows: Windows, at: datetime) -> AskedRow:
        model, place = self._model.asked, self._place(index)
        refused = kind_at(index) == "refusal"
        return model._replace(
            entry=index,
            bucket=windows.bucket,
            nonce=_like(model.nonce, os.urandom(8)),
            idempotency_key=None if refused else _like(model.idempotency_key, place),
            content=os.urandom(len(model.content)),
            answer_id=_id(model.answer_id, place),
            subject=self._subject(index),
            letter=f"L-past{index // A_SUBJECT:09}",
            code=REFUSAL if refused else "",
            month=windows.bill,
            price_fen=0 if refused else model.price_fen,
            at=at,
        )

    def _place(self, index: int) -> bytes:
        """Eight bytes that ascend with the index from none to all."""
        return ((index << 64) // (self._end + 1)).to_bytes(8, "big")

    def _subject(self, index: int) -> str:
        token, low = self._model.entry.subject, index // A_SUBJECT * A_SUBJECT
        return token[:-20] + (self._place(low) + b"\x5a\xa5").hex()


def kind_at(index: int) -> str:
    """What the entry of that index is."""
    return {REFUSED: "refusal", PADDED: "padding"}.get(index % 20, "answer")


def _like(text: str | None, place: bytes) -> str:
    """Hex digits as many as the model's, from `place` on."""
    length = len(text or "")
    return (place + os.urandom(length)).hex()[:length]


def _id(text: str, place: bytes) -> str:
    """An answer's id, in an alphabet whose letters ascend as its values do."""
    return "A-" + base64.b32hexencode(place + os.urandom(12)).decode().lower()[: len(text) - 2]


class _Loading:
    """Writes what was planned, batch by batch, as the sequencer would have."""

    def __init__(self, log: ZoneLog, plan: _Plan) -> None:
        self._log, self._plan = log, plan
        self._counters: dict[CounterName, Count] = {}

    def write(self, transaction: LogTransaction, *, begin: int, end: int) -> None:
        """The entries [begin, end), BATCH to a checkpoint."""
        tree = transaction.tree()
        for first in range(begin, end, BATCH):
            tree = self._batch(transaction, tree, first, min(first + BATCH, end))

    def _batch(self, transaction: LogTransaction, tree: Frontier, begin: int, size: int) -> Frontier:
        at, tools = self._plan.at(begin), self._log.tools
        windows = Windows.at(at)
        entries = [self._plan.entry(index, size, at) for index in range(begin, size)]
        asked = [self._plan.asked(row.index, windows, at) for row in entries if row.kind != "padding"]
        grown = grow(tree, [leaf_hash(row.entry) for row in entries]).frontier
        note = sign_checkpoint(Checkpoint(tools.origin, grown.size, grown.root), tools.signer)
        rows = Rows(asked=asked, counters=self._counted(transaction, asked, windows))
        transaction.write(entries, rows, grown, StoredCheckpoint(size, note, at))
        return grown

    def _counted(
        self, transaction: LogTransaction, asked: Sequence[AskedRow], windows: Windows
    ) -> dict[CounterName, Count]:
        """The counters that these questions change, as they are then."""
        changed: dict[CounterName, Count] = {}
        for row in asked:
            for name in windows.counters(row.contract, row.product):
                count = changed[name] = self._counters.get(name) or self._stored(transaction, name)
                count.count += 1
                count.answered += not row.code
                count.fen += row.price_fen
        return changed

    def _stored(self, transaction: LogTransaction, name: CounterName) -> Count:
        wanted = Wanted([], [], [], [], [name], [])
        return self._counters.setdefault(name, transaction.facts(wanted).counters.get(name, Count()))
