"""Checking the whole log from what is stored: nothing that a signature promised may have changed.

Promises: every leaf is hashed; the tree is compared with the root of every checkpoint that was ever signed, with every
tile, and with the state that appending goes on from. Records are opened apart, because that takes a key for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

from puhui.ledger.reading import Archive, Tiles
from puhui.ledger.store import Count, LogScan, LogStore, StoredCheckpoint
from puhui.model.refusals import Broken
from puhui.model.refusals_question import LogBroken
from puhui.wire.notes import ED25519, Checkpoint, Note, NoteSignature, NoteVerifier, cosigned_at, holds
from puhui.wire.tiles import FULL, HEIGHT, Tile
from puhui.wire.tlog import HASH_SIZE, Frontier, Growth, bag, grow, peaks

_CHUNK = FULL * FULL
_PREFIX = HASH_SIZE.to_bytes(2, "big")
_MOST = 100  # findings that are listed; all are counted


class Storage(LogStore, LogScan, Protocol):
    """A store that can be read as a whole."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction: a stable code, and where it is (an index, a size, a path, a counter)."""

    code: str
    where: str


@dataclass(slots=True)
class LogReport:
    """What was checked and what was found. `ok`: nothing contradicts anything."""

    entries: int = 0
    root: str = ""
    checkpoints: int = 0
    cosignatures: int = 0
    tiles: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    events_waiting: int = 0
    records_open: int | None = None  # None: not asked for
    records_erased: int | None = None
    found: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.found == 0

    def add(self, code: str, where: object) -> None:
        self.found += 1
        if len(self.findings) < _MOST:
            self.findings.append(Finding(code, str(where)))

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON says it."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "findings"}
        return {"ok": self.ok, **plain, "findings": [{"code": one.code, "where": one.where} for one in self.findings]}


def check_log(
    store: Storage,
    tiles: Tiles,
    origin: str,
    log_keys: Sequence[NoteVerifier],
    witness_keys: Sequence[NoteVerifier] = (),
    *,
    ended: Sequence[tuple[str, int]] = (),
    archive: Archive | None = None,
    step: Callable[[int], None] = lambda done: None,
) -> LogReport:
    """The report on the whole log. `archive`: open every record too. `step` is told how many leaves are done.

    `log_keys`: all that ever signed checkpoints. `ended`: origin and size of the logs that this one goes on from since
    a backup was restored, oldest first; checkpoints up to that size are theirs. A cosignature of a witness without a
    key here is a finding.
    """
    report = LogReport()
    _Walk(store, tiles, _Signed(origin, log_keys, witness_keys, ended), report).walk(step)
    _check_tallies(store, report)
    if archive:
        _check_records(store, archive, report)
    return report


@dataclass(frozen=True, slots=True)
class _Signed:
    """What checkpoints must be signed by."""

    origin: str
    log_keys: Sequence[NoteVerifier]
    witness_keys: Sequence[NoteVerifier]
    ended: Sequence[tuple[str, int]] = ()

    def _origin_at(self, size: int) -> str:
        """The log that a checkpoint of this size is of."""
        return next((origin for origin, end in self.ended if size <= end), self.origin)

    def compare(self, stored: StoredCheckpoint, root: bytes, report: LogReport) -> None:
        """The stored note states this root, and is signed."""
        origin = self._origin_at(stored.size)
        expected = Checkpoint(origin, stored.size, root).text
        text, _, lines = stored.note.partition("\n\n")
        if text + "\n" != expected:
            report.add("root" if text.startswith(f"{origin}\n{stored.size}\n") else "checkpoint-form", stored.size)
            return
        try:
            signatures = tuple(NoteSignature.parse(line) for line in lines[:-1].split("\n"))
        except ValueError:
            report.add("checkpoint-form", stored.size)
            return
        note = Note(expected, signatures)
        if note.message != stored.note or not self._signed(note):
            report.add("checkpoint-signature", stored.size)
        self._cosigned(stored, note, report)

    def _signed(self, note: Note) -> bool:
        """Whether a key of Ed25519 signed it, and every line of a key of the log holds, that of SM2 among them."""
        own = [key for key in self.log_keys if note.of(key)]
        return any(key.kind == ED25519 for key in own) and all(holds(note, key) for key in own)

    def _cosigned(self, stored: StoredCheckpoint, note: Note, report: LogReport) -> None:
        for witness, line in stored.cosignatures:
            report.cosignatures += 1
            try:
                signed = note.with_signatures([NoteSignature.parse(line.rstrip("\n"))])
            except ValueError:
                signed = note
            if not any(key.name == witness and cosigned_at(signed, key) is not None for key in self.witness_keys):
                report.add("cosignature", f"{stored.size} {witness}")


class _Walk:
    """One pass over leaves, checkpoints and tiles, side by side."""

    def __init__(self, store: Storage, tiles: Tiles, signed: _Signed, report: LogReport) -> None:
        self._store = store
        self._tiles = tiles
        self._signed = signed
        self._report = report
        self._laid_out = tiles.size()
        self._batches: set[int] = set()  # sizes that entries name and no checkpoint had so far
        self._waiting: dict[int, list[bytes]] = {}  # tile level → hashes of the tile that is not full yet

    def walk(self, step: Callable[[int], None]) -> None:
        report, tree = self._report, Frontier()
        checkpoints = self._store.every_checkpoint()
        following = next(checkpoints, None)
        for leaves in self._store.every_commitment(_CHUNK):
            if leaves.first != tree.size:
                report.add("gap", tree.size)
                break
            grown = grow(tree, _leaf_hashes(leaves.entries))
            self._batches |= leaves.batch_sizes
            report.kinds = Counter(report.kinds) + Counter(leaves.kinds)
            while following and following.size <= grown.frontier.size:
                self._compare(following, grown)
                following = next(checkpoints, None)
            self._compare_tiles(leaves.first, leaves.entries, grown)
            tree = grown.frontier
            step(tree.size)
        while following:
            report.add("checkpoint-beyond", following.size)
            following = next(checkpoints, None)
        self._finish(tree)

    def _compare(self, stored: StoredCheckpoint, grown: Growth) -> None:
        self._report.checkpoints += 1
        self._batches.discard(stored.size)
        self._signed.compare(stored, bag(_peaks_at(stored.size, grown)), self._report)

    def _compare_tiles(self, first: int, entries: Sequence[bytes], grown: Growth) -> None:
        if set(map(len, entries)) != {HASH_SIZE}:
            self._report.add("entry-size", first)
        for place in range(0, len(entries), FULL):
            self._compare_bundle((first + place) // FULL, entries[place : place + FULL])
        for tile_level, level in enumerate(grown.levels[::HEIGHT]):
            waiting = self._waiting.setdefault(tile_level, [])
            waiting.extend(level.hashes[level.old :])
            index = (level.first + len(level.hashes) - len(waiting)) // FULL
            while len(waiting) >= FULL:
                self._compare_tile(tile_level, index, waiting[:FULL])
                del waiting[:FULL]
                index += 1

    def _compare_bundle(self, index: int, entries: Sequence[bytes]) -> None:
        width = min(len(entries), self._laid_out - index * FULL)
        if width > 0:  # `wire.tiles.bundle_bytes` of entries that all have 32 bytes
            self._same(Tile(None, index, width), _PREFIX + _PREFIX.join(entries[:width]))

    def _compare_tile(self, tile_level: int, index: int, hashes: Sequence[bytes]) -> None:
        width = min(len(hashes), (self._laid_out >> HEIGHT * tile_level) - index * FULL)
        if width > 0:
            self._same(Tile(tile_level, index, width), b"".join(hashes[:width]))

    def _same(self, tile: Tile, data: bytes) -> None:
        self._report.tiles += 1
        if self._tiles.read(tile) != data:
            self._report.add("tile", tile.path)

    def _finish(self, tree: Frontier) -> None:
        for tile_level, hashes in self._waiting.items():
            index = ((tree.size >> HEIGHT * tile_level) - len(hashes)) // FULL
            self._compare_tile(tile_level, index, hashes)
        report = self._report
        report.entries, report.root = tree.size, tree.root.hex()
        if not self._goes_on_from(tree):
            report.add("tree", tree.size)
        for size in sorted(self._batches):
            report.add("batch-without-checkpoint", size)
        if self._laid_out > tree.size:
            report.add("tiles-beyond", self._laid_out)

    def _goes_on_from(self, tree: Frontier) -> bool:
        """Whether the state that the next batch is appended to is that of the stored leaves."""
        try:
            return self._store.tree() == tree
        except LogBroken:
            return False


def _leaf_hashes(entries: Sequence[bytes]) -> list[bytes]:
    """`wire.tlog.leaf_hash` of each, written out: calls would be a third of the time."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def _peaks_at(size: int, grown: Growth) -> list[bytes]:
    """The peaks of the tree at a size that the growth reached or passed."""
    old = dict(zip(peaks(grown.old.size), grown.old.hashes, strict=True))
    found = []
    for level, index in peaks(size):
        known = grown.levels[level] if level < len(grown.levels) else None
        own = known is not None and index >= known.first
        found.append(known.hashes[index - known.first] if known and own else old[level, index])
    return found


def _check_tallies(store: LogScan, report: LogReport) -> None:
    """Answers, questions and counters say the same."""
    tallies = store.tallies()
    report.events_waiting = tallies.events_waiting
    if tallies.asked_without_entry:
        report.add("question-without-entry", tallies.asked_without_entry)
    if report.kinds.get("answer", 0) != tallies.asked_answers:  # each question has an entry of its own
        report.add("answer-without-question", report.kinds.get("answer", 0) - tallies.asked_answers)
    for name in tallies.asked_counted.keys() | tallies.counters.keys():
        # replays alone count nothing, and have no counter
        if tallies.asked_counted.get(name, Count()) != tallies.counters.get(name, Count()):
            report.add("counter", " ".join(name))


def _check_records(store: LogScan, archive: Archive, report: LogReport) -> None:
    """Each record opens to what its leaf commits to, or its key is destroyed."""
    report.records_open = report.records_erased = 0
    for row in store.every_entry():
        try:
            opened = archive.open(row)
        except (LogBroken, Broken):
            report.add("record", row.index)
            continue
        if opened is None:
            report.records_erased += 1
        else:
            report.records_open += 1
