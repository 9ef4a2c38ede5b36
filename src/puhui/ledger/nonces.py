"""The nonces that were spent lately. A signed question lives for minutes, so they fit into memory; the log's rows are
the truth.

Promises: inside a transaction, after `refresh`, every nonce is known that any process committed within the last BUCKET
seconds. No index over all nonces ever is needed, which would cost each answer a page of the disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class NonceRows(Protocol):
    """The committed rows that nonces stand in."""

    def nonces_since(self, entry: int | None, repeat: int, bucket: int) -> tuple[list[tuple[int, str, str]], int]:
        """(bucket, institution, nonce) of questions from entry `entry` on, and of repeats behind id `repeat`, that lie
        in `bucket` or later; and the newest id of a repeat. `entry` None: of all questions.
        """


class SpentNonces:
    """Nonces by the stretch of time that they were spent in: this one and the one before."""

    def __init__(self) -> None:
        self._bucket = -1
        self._now: set[int] = set()
        self._before: set[int] = set()
        self._entry: int | None = None  # questions from this entry on are not known yet
        self._repeat = 0

    def __contains__(self, name: object) -> bool:
        return name in self._now or name in self._before

    def refresh(self, rows: NonceRows, bucket: int, size: int) -> None:
        """Learns what others committed. `bucket`: of now; `size`: of the tree, which is locked."""
        self._turn(bucket)
        found, self._repeat = rows.nonces_since(self._entry, self._repeat, bucket - 1)
        for own, institution, nonce in found:
            (self._now if own >= bucket else self._before).add(name_of(institution, nonce))
        self._entry = size

    def add(self, names: Iterable[int], size: int) -> None:
        """What this process committed itself since `refresh`: the tree has `size` leaves now."""
        self._now.update(names)
        self._entry = size

    def _turn(self, bucket: int) -> None:
        """Forget what is older than the stretch before. A clock that was set back forgets nothing."""
        if bucket > self._bucket:
            self._before = self._now if bucket == self._bucket + 1 else set()
            self._now, self._bucket = set(), bucket


def name_of(institution: str, nonce: str) -> int:
    """61 bits under a key of this process, so that nobody can aim at a collision. Eight bytes instead of two texts."""
    return hash((institution, nonce))
