"""Small tables held in memory for the hot path, read again when their version row says that they changed.

Law: what was committed EVERY seconds before a call is seen by it. The database is asked on a thread of its own, so that
a caller in an event loop may call; the look begins AHEAD of its time, so that who calls all the while waits for none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from django.db import Error, connections, transaction
from django.db.models import F

from puhui.adapters import django_setup  # noqa: F401  imported first: settings before models
from puhui.model.refusal import Said
from puhui.model.refusals_question import LogUnavailable
from puhui.records import models

T = TypeVar("T")
EVERY = 0.05  # seconds
AHEAD = 0.015  # seconds before a look is due: what it takes on a busy machine
PARTNERS = "partners"  # institutions, their keys, contracts


def lock_partners() -> None:
    """First in a transaction that changes institutions, keys or contracts: one at a time, and readers will see it."""
    lock_version(PARTNERS)


def lock_version(name: str) -> None:
    """First in a transaction that changes the tables of that version: one at a time, and readers will see it."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a version is raised in the transaction of the change")
    models.Version.objects.get_or_create(name=name)
    models.Version.objects.filter(name=name).update(number=F("number") + 1)


class Watched(Generic[T]):
    """What `read` returned, no older than EVERY seconds where the tables changed."""

    def __init__(
        self, read: Callable[[], T], *, name: str = PARTNERS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`name`: of the version row that grows with what `read` reads."""
        self._read = read
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, name)
        self._held: T | None = None
        self._version = -1
        self._fresh_until = float("-inf")
        self._ahead: tuple[float, Future[tuple[int, T]]] | None = None  # a look under way, and when it began

    def current(self) -> T:
        """What the tables hold. Raises LogUnavailable where the database does not answer: nothing old is trusted."""
        held, left = self._held, self._fresh_until - self._clock()
        if held is not None and left > AHEAD:
            return held
        with self._lock:
            self._look_ahead()
            if self._held is None or self._clock() >= self._fresh_until:
                self._refresh()
            assert self._held is not None
            return self._held

    def forget(self) -> None:
        """Look again at the next call: this process has just changed something."""
        with self._lock:
            self._fresh_until, self._ahead = float("-inf"), None  # a look under way may have seen the old rows

    def close(self) -> None:
        """Ends the thread with its connection. Repeatable."""
        self._thread.submit(connections.close_all).result()
        self._thread.shutdown()

    def _look_ahead(self) -> None:
        """Begins the next look; takes up one that has ended well."""
        if self._ahead is None:
            self._ahead = (self._clock(), self._thread.submit(self._look))
        elif self._ahead[1].done() and self._ahead[1].exception() is None:
            self._take_up()

    def _refresh(self) -> None:
        """Waits for a look that began no more than EVERY seconds ago."""
        asked = self._clock()
        if self._ahead is None or self._ahead[0] + EVERY <= asked:
            self._ahead = (asked, self._thread.submit(self._look))
        try:
            self._take_up()
        except Error:
            self._ahead = None
            self._thread.submit(connections.close_all).result()
            raise LogUnavailable(
                LogUnavailable.meaning, todo=Said("检查数据库后重试", "see to the database, then ask again")
            ) from None

    def _take_up(self) -> None:
        assert self._ahead is not None
        began, look = self._ahead
        self._version, self._held = look.result()
        self._fresh_until, self._ahead = began + EVERY, None

    def _look(self) -> tuple[int, T]:
        """The version is read first: the rows may be newer than it, and never older."""
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT number FROM records_version WHERE name = %s", [self._name])
            row = cursor.fetchone()
        version = int(row[0]) if row else 0
        if self._held is not None and version == self._version:
            return version, self._held
        return version, self._read()
