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
from puhui.model.keys import Key, KeyStore
from puhui.model.refusals import Broken
from puhui.wire.keys import SM2_SM3, Ed25519Signing, of_seed
from puhui.wire.notes import SM2, NoteSigner, NoteVerifier

SIGNING_KEY = "log-signer"  # in the key store; its secret is the seed of an Ed25519 key


@dataclass(frozen=True, slots=True)
class Epoch:
    """A log under one origin. `first_key`: the version of the log's key that it began with. `size`: its leaves when it
    ended, because a backup was restored; None: it goes on.
    """

    origin: str
    first_key: int = 1
    size: int | None = None


@dataclass(frozen=True, slots=True)
class ZoneLog:
    """The log of one zone. `tiles.size` may be behind the store: the publisher brings it up."""

    store: DjangoLog
    tiles: TileFiles
    tools: Tools
    archive: Archive
    keys: tuple[NoteVerifier, ...]  # all that ever signed checkpoints
    ended: tuple[tuple[str, int], ...] = ()  # origin and size of the logs that this one goes on from

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
        origin, ended = self.tools.origin, self.ended
        return check_log(
            self.store, self.tiles, origin, self.keys, witness_keys, ended=ended, archive=archive, step=step
        )

    def statement(self, institution: str, month: str) -> Statement:
        """An institution's month."""
        size = self.store.tree().size
        asked = list(self.store.asked_in(institution, month))
        leaves = self.store.commitments_at([row.entry for row in asked])
        return statement_of(institution, month, ((row, leaves[row.entry]) for row in asked), tree_size=size)


@dataclass(frozen=True, slots=True)
class Sm2Keys:
    """The log's keys of SM2. `ever`: each that ever signed checkpoints; `now`: the one that signs them, if any."""

    ever: Sequence[Key] = ()
    now: Key | None = None


def open_log(
    folder: Path,
    origin: str,
    keys: KeyStore,
    record_keys: RecordKeys,
    *,
    epochs: Sequence[Epoch] = (),
    sm2: Sm2Keys | None = None,
) -> ZoneLog:
    """The log whose tables are in the database that Django is connected to, and whose tiles are in `folder`.

    `origin`: `puhui/<city>/<zone>`, also the name of its key. `epochs`: all logs of the zone, the present one last,
    where a backup was ever restored. Raises Broken where a key is gone, KeyRefused where it needs SM2 and has none.
    """
    store, tiles = DjangoLog(), TileFiles(folder)
    zone_keys = ZoneKeys(keys)
    logs = list(epochs) or [Epoch(origin)]
    signers = [NoteSigner(epoch.origin, seed) for epoch, seed in _signers(logs, keys)]
    by_sm2 = sm2 or Sm2Keys()
    others = (sm2_signer(logs[-1].origin, by_sm2.now),) if by_sm2.now else ()
    tools = Tools(logs[-1].origin, signers[-1], record_keys, zone_keys, price_of, others)
    archive = Archive(store, tiles, record_keys, zone_keys)
    ended = tuple((one.origin, one.size) for one in logs if one.size is not None)
    signers += [sm2_signer(one.origin, key) for one in logs for key in by_sm2.ever]
    return ZoneLog(store, tiles, tools, archive, tuple(one.verifier for one in signers), ended)


def sm2_signer(origin: str, key: Key) -> NoteSigner:
    """Who signs the checkpoints of that log by SM2 with that key."""
    return NoteSigner(origin, of_seed(key.id, SM2_SM3, key.secret), SM2)


def _signers(logs: Sequence[Epoch], keys: KeyStore) -> list[tuple[Epoch, Ed25519Signing]]:
    """Every version of the log's key with its log, the current one last. Old ones that were destroyed are left out."""
    current = keys.current(SIGNING_KEY)
    name, _, newest = current.id.rpartition("/")
    found = []
    for version in range(1, int(newest) + 1):
        try:
            key = keys.by_id(f"{name}/{version}")
        except Broken:
            continue
        epoch = next(one for one in reversed(logs) if one.first_key <= version)
        found.append((epoch, Ed25519Signing.of_seed(key.id, key.secret)))
    return found
