"""The vault's index of identifiers on SQLite: keyed digest → token, in sorted leaves.

A digest is as good as chance, so its first bits say in which leaf it stands and all leaves are about equally full. A
leaf is one row of the table: its entries, fixed in size and sorted, as one BLOB. Half a million digests are looked up
by one merge over whole leaves instead of half a million walks down a tree; a single one costs one row. The law of the
store holds here too: everything happens within SQLite's transactions, and removed entries are overwritten by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import chain

import numpy as np
import numpy.typing as npt

SCHEMA = "CREATE TABLE identifier (leaf INTEGER PRIMARY KEY, entries BLOB NOT NULL)"
PACKED = 11  # bytes of a token in the store: its kind letter and ten random bytes
Packed = npt.NDArray[np.uint8]  # tokens × PACKED
_ENTRY = np.dtype([("key", ">u8"), ("rest", ">u8"), ("token", f"V{PACKED}")])  # a digest in halves, and its token
_Entries = npt.NDArray[np.void]
_Keys = npt.NDArray[np.uint64]
_FULL, _AFTER_GROWTH = 160, 64  # entries of a leaf: where leaves are split, and about how many they have then


class IdentifierIndex:
    """The table `identifier` of one database. Callers hold the transaction.

    Leaves are numbered like a heap: with 2^b leaves they are 2^b … 2^(b+1) - 1, so any of them tells b.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._last_bits: int | None = None
        self._all: _Entries | None = None  # every entry, read in this transaction

    def forget(self) -> None:
        """The transaction has ended: others may write."""
        self._all = None

    def find(self, digests: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.bool_], Packed]:
        """Which digests are known, and their tokens (bytes without meaning where unknown); in the order asked."""
        if not len(digests):
            return np.zeros(0, np.bool_), np.zeros((0, PACKED), np.uint8)
        keys, rests = _halves(digests)
        order = np.argsort(keys)
        bits = self._bits()
        entries = self._read(_enough(np.unique(_leaves(keys[order], bits)), bits))
        if not len(entries):
            return np.zeros(len(keys), np.bool_), np.zeros((len(keys), PACKED), np.uint8)
        held = _keys(entries)
        place = np.empty(len(keys), np.int64)
        place[order] = np.searchsorted(held, keys[order])  # asked in order, each step begins where the last one ended
        np.minimum(place, len(held) - 1, out=place)
        known = (held[place] == keys) & (entries["rest"].astype(np.uint64)[place] == rests)
        tokens = entries["token"][place]
        return known, tokens.view(np.uint8).reshape(-1, PACKED)

    def find_one(self, digest: bytes) -> bytes:
        """The token of one digest, empty where unknown.

        How many leaves there are is remembered from the last look: after they grew no leaf has its old number any more,
        so one that is missing is looked for again, and one that is there is the right one.
        """
        for bits in (self._last_bits, None):
            if bits is None:
                bits = self._bits()
            leaf = (1 << bits) + (int.from_bytes(digest[:8]) >> (64 - bits))
            row = self._db.execute("SELECT entries FROM identifier WHERE leaf = ?", (leaf,)).fetchone()
            if row is not None:
                self._last_bits = bits
                return _token_in(row[0], digest)
        return b""

    def add(self, digests: npt.NDArray[np.uint8], tokens: Packed) -> None:
        """New entries. IntegrityError if a digest is there already, or the first half of one."""
        new = _entries(digests, tokens)
        if not len(new):
            return
        bits = self._bits()
        leaves = _enough(np.unique(_leaves(_keys(new), bits)), bits)
        merged = _merged(self._read(leaves), new)
        if len(merged) > _FULL * len(leaves):
            merged = _merged(self._read(_all_leaves(bits)), new)
            bits = max(0, int(len(merged) // _AFTER_GROWTH).bit_length() - 1)
            leaves = _all_leaves(bits)
            self._db.execute("DELETE FROM identifier")
        self._write(leaves, merged, bits)

    def remove(self, digests: npt.NDArray[np.uint8], token: bytes) -> None:
        """Takes those of the digests out that have this token. Repeatable."""
        if not len(digests):
            return
        keys, _ = _halves(digests)
        bits = self._bits()
        leaves = np.unique(_leaves(keys, bits))
        entries = self._read(leaves)
        mine = np.isin(_keys(entries), keys) & (entries["token"] == np.void(token))
        if mine.any():
            self._write(leaves, entries[~mine], bits)

    # --- leaves ---

    def _bits(self) -> int:
        highest = self._db.execute("SELECT max(leaf) FROM identifier").fetchone()[0]
        return int(highest or 1).bit_length() - 1

    def _read(self, leaves: npt.NDArray[np.int64]) -> _Entries:
        """The entries of these leaves, in order."""
        if len(leaves) == leaves[0]:  # all there are: as many as the number of the first
            if self._all is None:
                self._all = _joined(self._db.execute("SELECT entries FROM identifier ORDER BY leaf"))
            return self._all
        sql = "SELECT entries FROM identifier WHERE leaf = ?"
        return _joined(row for leaf in leaves.tolist() for row in self._db.execute(sql, (leaf,)))

    def _write(self, leaves: npt.NDArray[np.int64], entries: _Entries, bits: int) -> None:
        """Replaces the leaves by their part of the entries."""
        self.forget()
        of_entry = _leaves(_keys(entries), bits)
        starts = np.searchsorted(of_entry, leaves) * _ENTRY.itemsize
        ends = np.searchsorted(of_entry, leaves, side="right") * _ENTRY.itemsize
        raw = memoryview(entries.tobytes())
        rows = ((leaf, raw[a:b]) for leaf, a, b in zip(leaves.tolist(), starts.tolist(), ends.tolist(), strict=True))
        self._db.executemany("INSERT OR REPLACE INTO identifier VALUES (?, ?)", rows)


def _token_in(entries: bytes, digest: bytes) -> bytes:
    start = entries.find(digest)
    while start % _ENTRY.itemsize and start > 0:  # found across two entries
        start = entries.find(digest, start + 1)
    return entries[start + len(digest) : start + _ENTRY.itemsize] if start >= 0 else b""


def _halves(digests: npt.NDArray[np.uint8]) -> tuple[_Keys, _Keys]:
    """Digests of 16 bytes as two whole numbers each."""
    halves = np.ascontiguousarray(digests).view(">u8").reshape(-1, 2).astype(np.uint64)
    return np.ascontiguousarray(halves[:, 0]), np.ascontiguousarray(halves[:, 1])


def _leaves(keys: _Keys, bits: int) -> npt.NDArray[np.int64]:
    above = (keys >> np.uint64(64 - bits)).astype(np.int64) if bits else np.zeros(len(keys), np.int64)
    return above + (1 << bits)


def _all_leaves(bits: int) -> npt.NDArray[np.int64]:
    return np.arange(1 << bits, 2 << bits, dtype=np.int64)


def _enough(leaves: npt.NDArray[np.int64], bits: int) -> npt.NDArray[np.int64]:
    """These leaves; all leaves, where reading every one in turn costs no more."""
    return _all_leaves(bits) if 4 * len(leaves) > 1 << bits else leaves


def _entries(digests: npt.NDArray[np.uint8], tokens: Packed) -> _Entries:
    """Sorted entries."""
    entries = np.empty(len(digests), _ENTRY)
    entries["key"], entries["rest"] = _halves(digests)
    entries["token"] = np.ascontiguousarray(tokens).view(f"V{PACKED}").reshape(-1)
    return entries[np.argsort(_keys(entries))]


def _keys(entries: _Entries) -> _Keys:
    return entries["key"].astype(np.uint64)


def _joined(rows: Iterable[tuple[bytes]]) -> _Entries:
    return np.frombuffer(b"".join(chain.from_iterable(rows)), _ENTRY)


def _merged(old: _Entries, new: _Entries) -> _Entries:
    """Both, sorted."""
    merged = np.insert(old, np.searchsorted(_keys(old), _keys(new)), new)
    keys = _keys(merged)
    if (keys[1:] == keys[:-1]).any():
        raise sqlite3.IntegrityError("an identifier has one token")
    return merged
