"""Publishing: timed and padded checkpoints, tiles, witnesses and anchors.

Promises: a checkpoint is shown only after its tiles are durable. Its size is a multiple of 64 and its time is the
clock's, so that neither tells how much was asked. A witness's line counts after it was verified. Whatever fails here
is tried again in the next round and never holds an answer up. An anchor is given each checkpoint until it keeps it, for
as long as the process runs; of more than WAITING that it did not keep the newest, which cover the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from puhui.ledger.batch import PADDED
from puhui.ledger.layout import bring_tiles
from puhui.ledger.reading import Tiles, node_reader
from puhui.ledger.refused import broken
from puhui.ledger.sequencer import Sequencer
from puhui.ledger.store import LogStore, StoredCheckpoint, StoreFault
from puhui.model.refusal import Refusal
from puhui.wire.notes import AddCheckpoint, Note, NoteSignature, NoteVerifier, cosigned_at
from puhui.wire.tlog import consistency_proof

PERIOD = 10.0  # seconds between rounds
WAITING = 64  # checkpoints that wait for an anchor


class WitnessFault(Exception):
    """A witness that could not be reached, or refused. `size`: what it cosigned last, where it said so. `forked`: it
    cosigned another root for this very size.
    """

    def __init__(self, why: str, size: int | None = None, *, forked: bool = False) -> None:
        super().__init__(why)
        self.size = size
        self.forked = forked


class Witness(Protocol):
    """Somebody at a second office who follows the log by the protocol tlog-witness."""

    @property
    def verifier(self) -> NoteVerifier:
        """The key of its cosignatures."""

    def add_checkpoint(self, request: AddCheckpoint) -> tuple[NoteSignature, ...]:
        """Its cosignatures of the checkpoint, not verified. Raises WitnessFault."""


class Anchor(Protocol):
    """A place outside the zone that keeps checkpoints: a folder of another office, a service, a permissioned chain."""

    def anchor(self, size: int, note: str) -> None:
        """The note is kept there once this returns. Repeatable. Raises OSError."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did: the size that is published now, and which witnesses and anchors did not do their part."""

    size: int
    faults: tuple[str, ...] = ()


class _Place:
    """An anchor, and the checkpoints that it has not kept yet: size → note."""

    def __init__(self, anchor: Anchor) -> None:
        self._anchor = anchor
        self._waiting: dict[int, str] = {}
        self._newest = 0

    def bring(self, shown: StoredCheckpoint) -> str:
        """Gives it what waits, oldest first, until it fails; its fault, or nothing."""
        if shown.size > self._newest:
            self._newest, self._waiting[shown.size] = shown.size, shown.note
        for size in list(self._waiting)[:-WAITING]:
            del self._waiting[size]
        try:
            for size, note in list(self._waiting.items()):
                self._anchor.anchor(size, note)
                del self._waiting[size]
        except OSError as fault:
            return f"{type(self._anchor).__name__}: {type(fault).__name__}"
        return ""


def newest_seen(witness: Witness, newest: StoredCheckpoint) -> int:
    """How large the log was when this witness cosigned it last, asked with the newest checkpoint that we have.

    Nothing new is shown to it: one that saw less answers with its size. Raises WitnessFault where it says nothing.
    """
    try:
        witness.add_checkpoint(AddCheckpoint(newest.size, (), newest.note))
    except WitnessFault as fault:
        if fault.size is None:
            raise
        return fault.size
    return newest.size


class Publisher:
    """Publishes the log, round by round."""

    def __init__(
        self,
        sequencer: Sequencer,
        store: LogStore,
        tiles: Tiles,
        clock: Callable[[], datetime],
        *,
        witnesses: Sequence[Witness] = (),
        anchors: Sequence[Anchor] = (),
    ) -> None:
        self._sequencer = sequencer
        self._store = store
        self._tiles = tiles
        self._clock = clock
        self._witnesses = witnesses
        self._places = [_Place(anchor) for anchor in anchors]

    def publish(self) -> Round | None:
        """One round; None where the log is empty. Where nothing came, only witnesses that are behind are asked again.

        Raises LogUnavailable, LogBroken, StoreFault, OSError.
        """
        size = self._store.tree().size
        shown = self._store.published()
        if shown is None or shown.size != size:
            if size == 0:
                return None
            size = self._sequencer.pad() if size % PADDED else size
            bring_tiles(self._store, self._tiles, size)
            self._store.publish(size)
            shown = self._store.published()
        if shown is None:
            raise broken("刚公布的检查点不见了", "the checkpoint that was just published is gone")
        faults = [*self._ask_witnesses(shown), *self._keep_elsewhere(shown)]
        return Round(shown.size, tuple(faults))

    def _ask_witnesses(self, shown: StoredCheckpoint) -> list[str]:
        signed = {name for name, _ in shown.cosignatures}
        faults = []
        for witness in self._witnesses:
            if witness.verifier.name not in signed:
                try:
                    self._ask(witness, shown)
                except WitnessFault as fault:
                    faults.append(f"{witness.verifier.name}: {fault}")
        return faults

    def _ask(self, witness: Witness, shown: StoredCheckpoint) -> None:
        old = self._store.last_cosigned(witness.verifier.name)
        try:
            lines = witness.add_checkpoint(self._request(old, shown))
        except WitnessFault as fault:
            if fault.size is None or fault.size == old:
                raise
            if fault.size > shown.size:
                raise WitnessFault("it saw a larger log: ours was set back") from None
            lines = witness.add_checkpoint(self._request(fault.size, shown))
        self._keep_lines(witness, shown, lines)

    def _request(self, old: int, shown: StoredCheckpoint) -> AddCheckpoint:
        reader = node_reader(self._store, self._tiles, shown.size)
        return AddCheckpoint(old, consistency_proof(old, shown.size, reader), shown.note)

    def _keep_lines(self, witness: Witness, shown: StoredCheckpoint, lines: Sequence[NoteSignature]) -> None:
        verifier = witness.verifier
        note = Note.parse(shown.note).with_signatures(lines)
        if cosigned_at(note, verifier) is None:
            raise WitnessFault("its cosignature does not hold")
        self._store.add_cosignature(shown.size, verifier.name, note.of(verifier)[-1].line, self._clock())

    def _keep_elsewhere(self, shown: StoredCheckpoint) -> list[str]:
        return [fault for fault in (place.bring(shown) for place in self._places) if fault]


class Publishing:
    """A thread that publishes every PERIOD seconds. Use as a context manager. `last`: the newest round; `fault`: its
    fault.
    """

    def __init__(self, publisher: Publisher, period: float = PERIOD) -> None:
        self._publisher = publisher
        self._period = period
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publishing", daemon=True)
        self.last: Round | None = None
        self.fault: str = ""

    def __enter__(self) -> Publishing:
        self._thread.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self._period):
            try:
                self.last = self._publisher.publish() or self.last
                self.fault = ""
            except (Refusal, StoreFault, OSError) as fault:
                self.fault = type(fault).__name__
