"""The sequencer: many callers, one durable write, a bounded wait.

Promises: an outcome is told only after the transaction that holds its entry is durable, or after the store said what
became of a transaction whose reply was lost; while that is unknown everybody of the batch gets LogUnavailable and no
answer leaves. Entries stand in the order of the queue. A queue that is full refuses at once.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any

from puhui.ledger.batch import Batch, Building, Tools
from puhui.ledger.entries import Intent
from puhui.ledger.nonces import SpentNonces
from puhui.ledger.refused import log_unavailable
from puhui.ledger.store import LogStore, LogTransaction, StoreFault
from puhui.ledger.templates import Packing
from puhui.model.question import Receipt
from puhui.model.refusals_question import LogBroken

BATCH = 512  # intents of one transaction at most
WAITING = 8192  # intents that may stand in the queue
TICK = 1.0  # seconds between looks for events while nobody asks
# Seconds that the first of a batch waits for others, for each that came with the last one, and at most. A batch costs
# as much as ten of its entries: where many ask it pays to wait, and where few do nobody is held up.
GATHER, LONGEST = 0.0005, 0.008

Outcomes = list[tuple["_Waiting", object]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Somebody who waits, on an event loop or, with None, in a thread."""

    future: asyncio.Future[Any] | Future[Any]
    loop: asyncio.AbstractEventLoop | None = None


@dataclass(frozen=True, slots=True)
class _Item:
    """What waits in the queue. `intent` None: the tree is to be padded; told is its size then."""

    waiting: _Waiting
    intent: Intent | None


class Sequencer:
    """A thread that takes what callers put in its queue and writes it, batch by batch. Use as a context manager."""

    def __init__(self, store: LogStore, tools: Tools, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._tools = tools
        self._clock = clock
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._spent = SpentNonces()
        self._packing = Packing()
        self._known = 0  # the largest tree that was seen durable
        self._closed = False
        self._came = 0  # with the last batch
        self.broken: LogBroken | None = None  # why nothing is written, until an operator mends it
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)

    def start(self) -> Sequencer:
        """Begins. Raises StoreFault where the store cannot even be read."""
        self._known = self._store.tree().size
        self._thread.start()
        return self

    def close(self) -> None:
        """Writes what waits, then ends. Whoever comes later gets LogUnavailable. Repeatable."""
        self._closed = True
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> Sequencer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def writing(self) -> bool:
        """Whether entries are written at the moment."""
        return self.broken is None and self.alive

    @property
    def alive(self) -> bool:
        """Whether its thread runs; once it has died nothing is written until the process is started again."""
        return not self._closed and self._thread.is_alive()

    async def append(self, intent: Intent) -> Receipt:
        """The receipt of the entry, which is durable.

        Raises the QuestionRefused of a failed re-check (its refusal is logged then), AlreadyAnswered, LogUnavailable.
        """
        self._refuse_if_full()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt] = loop.create_future()
        self._queue.put(_Item(_Waiting(future, loop), intent))
        return await future

    def append_blocking(self, intents: Sequence[Intent]) -> list[Receipt]:
        """The receipts of several entries, in order; waits for all, then raises as `append` for the first that has
        none.
        """
        self._refuse_if_full()
        futures: list[Future[Receipt]] = [Future() for _ in intents]
        for intent, future in zip(intents, futures, strict=True):
            self._queue.put(_Item(_Waiting(future), intent))
        for future in futures:
            future.exception()
        return [future.result() for future in futures]

    def pad(self) -> int:
        """Fills the tree up to a size that may be published, and gives that size. Blocks. Raises LogUnavailable."""
        self._refuse_if_full()
        future: Future[int] = Future()
        self._queue.put(_Item(_Waiting(future), None))
        return future.result()

    def _refuse_if_full(self) -> None:
        if self._closed or not self._thread.is_alive() or self._queue.qsize() >= WAITING:
            raise log_unavailable()

    # --- the thread ---

    def _run(self) -> None:
        try:
            while (taken := self._next()) is not None:
                self._write(taken)
        finally:  # whatever ended it, nobody waits for ever
            self._closed = True
            _tell([(item.waiting, log_unavailable()) for item in self._left()])
            self._store.close()

    def _next(self) -> list[_Item] | None:
        """What waits, at most a batch of it; empty after a tick without anybody; None at the end."""
        try:
            first = self._queue.get(timeout=TICK)
        except Empty:
            return []
        taken: list[_Item] = []
        if first is not None and not self._closed:
            time.sleep(min(GATHER * self._came, LONGEST))
        while first is not None:
            taken.append(first)
            if len(taken) == BATCH or self._queue.empty():
                self._came = len(taken)
                return taken
            first = self._queue.get_nowait()
        if taken:
            self._queue.put(None)  # the end comes after what came before it
        return taken or None

    def _left(self) -> list[_Item]:
        left = []
        while not self._queue.empty():
            if (item := self._queue.get_nowait()) is not None:
                left.append(item)
        return left

    def _write(self, taken: Sequence[_Item]) -> None:
        items = [item for item in taken if item.intent is not None]
        told: Outcomes | None = None
        try:
            batch = self._committed([i.intent for i in items if i.intent], pad=len(items) < len(taken), idle=not taken)
            if batch is not None:
                told = [(item.waiting, outcome) for item, outcome in zip(items, batch.outcomes, strict=True)]
                told += [(item.waiting, batch.tree.size) for item in taken if item.intent is None]
        finally:
            _tell(told or [(item.waiting, log_unavailable()) for item in taken])

    def _committed(self, intents: Sequence[Intent], *, pad: bool, idle: bool) -> Batch | None:
        """The batch, durable. None: there was nothing to do, or it is lost, or nobody knows."""
        drafts: list[Batch] = []
        at = _milliseconds(self._clock())

        def work(transaction: LogTransaction) -> Batch:
            drafts.append(
                Building(self._tools, self._spent, self._packing, at).build(
                    transaction, intents, known=self._known, pad=pad
                )
            )
            return drafts[-1]

        try:
            if idle and not self._store.events_waiting():
                return None
            batch = self._store.transact(work)
        except StoreFault:
            if not drafts or not self._kept(drafts[-1]):
                return None
            batch = drafts[-1]
        except LogBroken as broken:
            self.broken = broken
            return None
        self._known = max(self._known, batch.tree.size)
        self._spent.add(batch.nonces, batch.tree.size)
        self._packing.stored(batch.templates)
        self.broken = None
        return batch

    def _kept(self, draft: Batch) -> bool:
        """Whether a transaction whose reply was lost is durable all the same: its last leaf stands, with its random
        salt.
        """
        if not draft.entries:
            return False
        last = draft.entries[-1]
        try:
            found = self._store.entry(last.index)
        except StoreFault:
            return False
        return found is not None and found.entry == last.entry


def _milliseconds(at: datetime) -> datetime:
    """The moment as records state it."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _tell(told: Outcomes) -> None:
    """Each its outcome; those of one event loop in one call."""
    by_loop: dict[asyncio.AbstractEventLoop, Outcomes] = {}
    here: Outcomes = []
    for waiting, outcome in told:
        (by_loop.setdefault(waiting.loop, []) if waiting.loop else here).append((waiting, outcome))
    _settle(here)
    for loop, settled in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: its callers are gone
            loop.call_soon_threadsafe(_settle, settled)


def _settle(told: Outcomes) -> None:
    for waiting, outcome in told:
        if waiting.future.done():
            continue  # its caller went away
        if isinstance(outcome, Exception):
            waiting.future.set_exception(outcome)
        else:
            waiting.future.set_result(outcome)
