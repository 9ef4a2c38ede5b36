"""Where snapshots lie: written bucket by bucket, seen at once or never, read by point. Laws of the store.

1. What `put` returned from is durable; what it did not return from never happened.
2. Nothing of a snapshot is visible before `publish` returns; after that it never changes.
3. Readers follow `activate` without a miss: each read is of one whole snapshot, the old or the new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from puhui.indicators.engine import Buckets
from puhui.indicators.layout import Layout
from puhui.model.figures import Figures, Snapshot, Value
from puhui.model.subject import Subject

Rows = Iterable[tuple[int, str, bytes]]  # bucket, token, packed row; in this order


class FiguresWriter(Protocol):
    """One snapshot being built. Buckets are put in ascending order; those in `done` are there from an earlier try."""

    @property
    def done(self) -> int:
        """The first bucket that is still to come."""

    def put(self, buckets: Buckets, rows: Rows) -> int:
        """Store all rows of a range of buckets, durably and atomically; how many there were."""

    @property
    def subjects(self) -> int:
        """Rows stored so far, earlier tries included."""

    def publish(self, snapshot: Snapshot, layout: Layout) -> None:
        """Make the snapshot readable by its number, durably. It is not current until `activate`."""

    def close(self) -> None: ...


class FiguresReader(Protocol):
    """Point reads of the current snapshot, or of one that was asked for by number."""

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def names(self) -> tuple[str, ...]: ...

    def get(self, subject: Subject, names: Sequence[str] | None = None) -> Figures:
        """The figures of a subject; a subject without rows has figures too (absent, or `empty` where complete)."""

    def values(self, subject: Subject) -> Mapping[str, Value | None]:
        """The known figures by name only: the quick way."""

    def tokens(self) -> Iterable[str]:
        """All subjects with rows, by bucket and token."""

    def close(self) -> None: ...


class FiguresStore(Protocol):
    """All snapshots of one zone."""

    def begin(self, number: int, fingerprint: str) -> FiguresWriter:
        """Begin snapshot `number`, or go on with a killed try of the same fingerprint; other remains are removed."""

    def activate(self, number: int) -> None:
        """Make a published snapshot the current one, durably, under readers."""

    def reader(self, number: int | None = None) -> FiguresReader:
        """A reader of one snapshot, or of the current one, following swaps."""

    def numbers(self) -> tuple[int, ...]:
        """The published snapshots, ascending."""

    def current(self) -> int | None: ...

    def prune(self, *, keep: int, pinned: Iterable[int] = ()) -> tuple[int, ...]:
        """Remove all but the newest `keep`, the pinned and the current; which were removed."""
