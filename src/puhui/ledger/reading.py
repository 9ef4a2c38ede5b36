"""Reading the log back: node hashes out of tiles and database, receipts made again, proofs as files.

Promises: what is made again is byte for byte what was first given, for as long as the subject's key lives; a proof is
true whether or not the record can still be read.
"""

from __future__ import annotations

from typing import Protocol

from puhui.ledger.records import SUBJECT, RecordKeys, ZoneKeys, open_record
from puhui.ledger.refused import broken, subject_gone
from puhui.ledger.store import EntryRow, LogStore, StoredCheckpoint
from puhui.model.question import Receipt
from puhui.model.refusal import Said
from puhui.model.refusals import Redacted, UnknownName
from puhui.wire.notes import Note, NoteSignature, TlogProof
from puhui.wire.tiles import Tile, hash_reader
from puhui.wire.tlog import Proof, ReadHash, inclusion_proof, leaf_hash, node_hash


class Tiles(Protocol):
    """The log as static files. They hold nothing that the database does not."""

    def size(self) -> int:
        """How many leaves the files hold, durably; 0 where there are none."""

    def read(self, tile: Tile) -> bytes | None:
        """The file of a tile, or the beginning of a wider one that overtook it; None where there is neither."""

    def write(self, tile: Tile, data: bytes) -> None:
        """The file appears whole, in place of what bore its name. Not durable before `settle`."""

    def settle(self, size: int) -> None:
        """What was written is durable, and `size` counts from now on. Partial tiles that full ones overtook may go."""


def node_reader(store: LogStore, tiles: Tiles, size: int) -> ReadHash:
    """Hashes of complete subtrees within the first `size` leaves: from tiles, the newest from the database."""
    known = tiles.size()
    from_tiles = hash_reader(known, lambda tile: tile_file(tiles, tile)) if known else None
    newest: list[bytes] = []
    kept: dict[tuple[int, int], bytes] = {}

    def leaf(index: int) -> bytes:
        if not newest:
            newest.extend(map(leaf_hash, store.commitments(known, size)))
        return newest[index - known]

    def read(level: int, index: int) -> bytes:
        if from_tiles and (index + 1) << level <= known:
            return from_tiles(level, index)
        if level == 0:
            return leaf(index)
        if (level, index) not in kept:
            kept[level, index] = node_hash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))
        return kept[level, index]

    return read


def tile_file(tiles: Tiles, tile: Tile) -> bytes:
    """The tile's file. Raises LogBroken where it is gone."""
    found = tiles.read(tile)
    if found is None:
        raise broken(f"瓦片 {tile.path} 不见了", f"the tile {tile.path} is gone")
    return found


class Archive:
    """The log's entries after the fact."""

    def __init__(self, store: LogStore, tiles: Tiles, keys: RecordKeys, zone_keys: ZoneKeys) -> None:
        self._store = store
        self._tiles = tiles
        self._keys = keys
        self._zone_keys = zone_keys
        self._templates: dict[bytes, bytes] = {}

    def made_again(self, index: int) -> Receipt:
        """The receipt as it was given when the entry was written: same proof, same checkpoint, same record and salt.

        Raises UnknownName where the log has no such entry, Redacted where the subject's key is destroyed.
        """
        row = self.row(index)
        opened = self.open(row)
        if opened is None:
            raise _erased(index)
        checkpoint = self._checkpoint(row.batch_size)
        salt, record = opened
        return Receipt(index, row.batch_size, self._proof(index, row.batch_size), checkpoint.note, record, salt, row.at)

    def receipt(self, index: int) -> Receipt:
        """`made_again` for a caller outside: SubjectUnknown, like any other, where the subject was erased."""
        try:
            return self.made_again(index)
        except Redacted:
            raise subject_gone() from None

    def open(self, row: EntryRow) -> tuple[bytes, bytes] | None:
        """Salt and record of an entry; None: the subject's key is destroyed. Raises LogBroken, Broken."""
        key = self._keys.open(row.key_id, row.subject) if row.key_id == SUBJECT else self._zone_keys.open(row.key_id)
        return None if key is None else open_record(key, row.index, row.sealed, row.entry, self._template)

    def _template(self, name: bytes) -> bytes | None:
        """A template never changes, and there are few."""
        if name not in self._templates and (body := self._store.template(name)) is not None:
            self._templates[name] = body
        return self._templates.get(name)

    def row(self, index: int) -> EntryRow:
        """The entry. Raises UnknownName."""
        row = self._store.entry(index)
        if row is None:
            raise UnknownName(
                Said(f"日志没有第 {index} 条", f"the log has no entry {index}"),
                todo=Said("核对序号", "check the index"),
            )
        return row

    def proof_text(self, index: int, quorum: int = 0) -> str:
        """A C2SP tlog-proof of the entry, by the newest published checkpoint that covers it, else by its own.

        Its own too where the log has gone on under another origin since (a backup was restored).
        """
        row = self.row(index)
        own, checkpoint = self._checkpoint(row.batch_size), self._store.published(quorum)
        if checkpoint is None or checkpoint.size <= index or _origin(checkpoint) != _origin(own):
            checkpoint = own
        return TlogProof(index, self._proof(index, checkpoint.size), with_cosignatures(checkpoint)).text

    def _proof(self, index: int, size: int) -> Proof:
        return inclusion_proof(index, size, node_reader(self._store, self._tiles, size))

    def _checkpoint(self, size: int) -> StoredCheckpoint:
        checkpoint = self._store.checkpoint(size)
        if checkpoint is None:
            raise broken(f"缺少规模 {size} 的检查点", f"the checkpoint of size {size} is missing")
        return checkpoint


def _origin(checkpoint: StoredCheckpoint) -> str:
    return checkpoint.note.partition("\n")[0]


def with_cosignatures(checkpoint: StoredCheckpoint) -> str:
    """The signed note with the lines of its witnesses."""
    lines = (NoteSignature.parse(line.rstrip("\n")) for _, line in checkpoint.cosignatures)
    return Note.parse(checkpoint.note).with_signatures(lines).message


def _erased(index: int) -> Redacted:
    return Redacted(
        Said(
            f"第 {index} 条的记录已依法删除，证明仍然有效",
            f"the record of entry {index} is erased by law; its proof holds",
        ),
        todo=Said("无需处理；可用 puhui ledger proof 取得证明", "nothing; `puhui ledger proof` gives the proof"),
        article="《个人信息保护法》第四十七条",
    )
