"""Record keys out of the vault, kept in memory for a short while.

Promises: a key is kept for at most LIFE seconds after it was read, and `forget` drops it at once; a subject erased by
another process cannot be read here longer than that. An erased subject is never taken for a living one afterwards.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from puhui.ledger.records import RecordKeys

LIFE = 60.0  # seconds
_MOST = 20_000  # subjects


class CachedRecordKeys:
    """`RecordKeys` in front of others, which are asked once a subject and LIFE."""

    def __init__(self, keys: RecordKeys, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, tuple[str, bytes]]] = OrderedDict()
        self._lock = Lock()

    def key_for(self, subject: str) -> tuple[str, bytes] | None:
        kept = self._kept.get(subject)
        if kept and self._clock() - kept[0] < LIFE:
            return kept[1]
        found = self._keys.key_for(subject)
        if found is None:
            self.forget(subject)
            return None
        with self._lock:
            self._kept[subject] = (self._clock(), found)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return found

    def open(self, key_id: str, subject: str) -> bytes | None:
        found = self.key_for(subject)
        return found[1] if found and found[0] == key_id else None

    def forget(self, subject: str) -> None:
        """The subject's key is not in memory any more."""
        with self._lock:
            self._kept.pop(subject, None)
