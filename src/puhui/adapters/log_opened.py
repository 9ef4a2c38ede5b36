"""A zone's log, put together: store, tiles, keys, prices, and what is done with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from puhui.adapters.log_django import DjangoLog
from puhui.adapters.tiles_files import TileFiles
from puhui.ledger.batch import Tools
from puhui.ledger.checking import LogReport, check_log
from puhui.ledger.publish import Anchor, Publisher, Witness
from puhui.ledger.reading import Archive
from puhui.ledger.records import RecordKeys, ZoneKeys
from puhui.ledger.sequencer import Sequencer
from puhui.metering.prices import price_of
from puhui.metering.statement import Statement, statement_of
from puhui.model.keys import KeyStore
from puhui.model.refusals import Broken
from puhui.wire.keys import Ed25519Signing
from puhui.wire.notes import NoteSigner, NoteVerifier

SIGNING_KEY = "log-signer"  # in the key store; its secret is the seed of an Ed25519 key


@dataclass(frozen=True, slots=True)
class ZoneLog:
    """The log of one zone. `tiles.size` may be behind the store: the publisher brings it up."""

    store: DjangoLog
    tiles: TileFiles
    tools: Tools
    archive: Archive
    keys: tuple[NoteVerifier, ...]  # all that ever signed checkpoints

    @property
    def verifier(self) -> NoteVerifier:
        """The key of today's checkpoints, for trust files and witnesses."""
        return self.tools.signer.verifier

    def sequencer(self, clock: Callable[[], datetime]) -> Sequencer:
        """A sequencer, not started: use it as a context manager."""
        return Sequencer(self.store, self.tools, clock)

    def publisher(
        self,
        sequencer: Sequencer,
        clock: Callable[[], datetime],
        *,
        witnesses: Sequence[Witness] = (),
        anchors: Sequence[Anchor] = (),
    ) -> Publisher:
        """What brings the log before the outside."""
        return Publisher(sequencer, self.store, self.tiles, clock, witnesses=witnesses, anchors=anchors)

    def check(
        self,
        witness_keys: Sequence[NoteVerifier] = (),
        *,
        records: bool = False,
        step: Callable[[int], None] = lambda done: None,
    ) -> LogReport:
        """The whole log, from storage; `records`: every record is opened too."""
        archive = self.archive if records else None
        return check_log(self.store, self.tiles, self.tools.origin, self.keys, witness_keys, archive=archive, step=step)

    def statement(self, institution: str, month: str) -> Statement:
        """An institution's month."""
        size = self.store.tree().size
        asked = list(self.store.asked_in(institution, month))
        leaves = self.store.commitments_at([row.entry for row in asked])
        return statement_of(institution, month, ((row, leaves[row.entry]) for row in asked), tree_size=size)


def open_log(folder: Path, origin: str, keys: KeyStore, record_keys: RecordKeys) -> ZoneLog:
    """The log whose tables are in the database that Django is connected to, and whose tiles are in `folder`.

    `origin`: `puhui/<city>/<zone>`, also the name of its key. Raises Broken where a key is gone.
    """
    store, tiles = DjangoLog(), TileFiles(folder)
    zone_keys = ZoneKeys(keys)
    signers = _signers(origin, keys)
    tools = Tools(origin, signers[-1], record_keys, zone_keys, price_of)
    return ZoneLog(
        store, tiles, tools, Archive(store, tiles, record_keys, zone_keys), tuple(one.verifier for one in signers)
    )


def _signers(origin: str, keys: KeyStore) -> list[NoteSigner]:
    """Every version of the log's key, the current one last. Old ones that were destroyed are left out."""
    current = keys.current(SIGNING_KEY)
    name, _, newest = current.id.rpartition("/")
    found = []
    for version in range(1, int(newest)):
        try:
            found.append(keys.by_id(f"{name}/{version}"))
        except Broken:
            continue
    return [NoteSigner(origin, Ed25519Signing.of_seed(key.id, key.secret)) for key in (*found, current)]
