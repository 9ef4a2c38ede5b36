"""The Merkle tree of the log: hashing by RFC 6962 section 2.1 (SHA-256), proofs by RFC 9162 section 2.1.

A node is named by (level, index): the root of the 2**level leaves that begin with leaf index * 2**level. Hashes are 32
bytes. Making proofs needs hashes of complete subtrees only, which never change once they exist; a `Frontier` holds the
fewest of them that a growing tree needs. The `verify_…` functions answer True or False and never raise on hostile sizes
or hashes; the others raise ValueError where a size or an index is impossible, which is a mistake of the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

HASH_SIZE = 32
MAX_SIZE = (1 << 63) - 1  # leaves; a size fits a signed 64-bit integer everywhere
EMPTY_ROOT = sha256(b"").digest()

Proof = tuple[bytes, ...]
ReadHash = Callable[[int, int], bytes]  # (level, index within the level) of a complete subtree → its root


class Node(NamedTuple):
    """The root of one complete subtree: `position` is its index within the level."""

    level: int
    position: int
    hash: bytes


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf that holds `entry`."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def peaks(size: int) -> list[tuple[int, int]]:
    """(level, index) of the complete subtrees that a tree of `size` leaves consists of, left to right."""
    found = []
    first = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, first >> level))
            first += 1 << level
    return found


def bag(hashes: Sequence[bytes]) -> bytes:
    """The root over the hashes of neighbouring peaks, left to right; of none the root of the empty tree."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that a tree must remember to grow: its size and its peaks' hashes, left to right."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE or len(self.hashes) != self.size.bit_count():
            raise ValueError("a frontier has one hash for each bit that is set in its size")

    @property
    def root(self) -> bytes:
        """The tree's root hash."""
        return bag(self.hashes)

    def append_many(self, leaf_hashes: Sequence[bytes]) -> tuple[Frontier, list[Node]]:
        """The frontier after these leaves, and every subtree that they complete (the leaves too, level by level)."""
        grown = grow(self, leaf_hashes)
        return grown.frontier, grown.nodes()

    def to_bytes(self) -> bytes:
        """Eight bytes of size, big-endian, and the hashes."""
        return self.size.to_bytes(8, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, raw: bytes) -> Frontier:
        """The frontier of `to_bytes`. Raises ValueError for any other bytes."""
        if len(raw) < 8 or (len(raw) - 8) % HASH_SIZE:
            raise ValueError("a frontier is 8 bytes of size and whole hashes")
        return cls(int.from_bytes(raw[:8], "big"), tuple(raw[i : i + HASH_SIZE] for i in range(8, len(raw), HASH_SIZE)))


class _Level(NamedTuple):
    first: int  # index of hashes[0]
    hashes: list[bytes]  # of neighbouring subtrees; the first may be the old frontier's
    old: int  # 1 where the first is the old frontier's, else 0


@dataclass(frozen=True, slots=True)
class Growth:
    """One batch of leaves put onto a tree. Nodes and proofs are made from what the growth itself hashed."""

    old: Frontier
    frontier: Frontier
    levels: tuple[_Level, ...]  # from the leaves up, as far as the batch completed a subtree

    def nodes(self) -> list[Node]:
        """Every subtree that the batch completed, the leaves first."""
        return [
            Node(height, level.first + place, level.hashes[place])
            for height, level in enumerate(self.levels)
            for place in range(level.old, len(level.hashes))
        ]

    def proofs(self) -> list[Proof]:
        """The inclusion proof of each leaf of the batch, in order, in the tree after the batch.

        Proofs share their upper ends, so they are made from the top down: one tuple joined for each node.
        """
        ends: dict[int, Proof] = {}  # index of a node of the level above, or of a peak → the rest of its path
        tops = self._above_peaks()
        for height in range(len(self.levels) - 1, -1, -1):
            ends = self._one_lower(height, ends, tops.get(height))
        return [ends[index] for index in range(self.old.size, self.frontier.size)]

    def _above_peaks(self) -> dict[int, tuple[int, Proof]]:
        """Level of a peak → its index and the path from there to the root."""
        hashes = self.frontier.hashes
        found = {}
        for place, (level, index) in enumerate(peaks(self.frontier.size)):
            right = (bag(hashes[place + 1 :]),) if place + 1 < len(hashes) else ()
            found[level] = index, right + hashes[:place][::-1]
        return found

    def _one_lower(self, height: int, above: dict[int, Proof], peak: tuple[int, Proof] | None) -> dict[int, Proof]:
        first, hashes, old = self.levels[height]
        found = {} if peak is None else {peak[0]: peak[1]}
        for parent, rest in above.items():
            place = 2 * parent - first
            if place >= old:
                found[2 * parent] = (hashes[place + 1], *rest)
            found[2 * parent + 1] = (hashes[place], *rest)
        return found


def grow(old: Frontier, leaf_hashes: Sequence[bytes]) -> Growth:
    """The tree after `leaf_hashes`, hashing each new node once."""
    size = old.size + len(leaf_hashes)
    left = {level: value for (level, _), value in zip(peaks(old.size), old.hashes, strict=True)}
    levels: list[_Level] = []
    hashes, first = list(leaf_hashes), old.size
    while hashes:
        height = len(levels)
        if known := first & 1:  # odd: the left sibling of the first is a peak of the old tree
            hashes.insert(0, left[height])
        levels.append(_Level(first - known, hashes, known))
        pairs = iter(hashes)
        hashes = [sha256(b"\x01" + one + two).digest() for one, two in zip(pairs, pairs)]  # noqa: B905 (an odd one waits)
        first = (first - known) >> 1
    return Growth(old, Frontier(size, _peaks_of(size, left, levels)), tuple(levels))


def _peaks_of(size: int, left: dict[int, bytes], levels: list[_Level]) -> tuple[bytes, ...]:
    """The peaks' hashes after the growth: the highest may be the old tree's, the others end their level."""
    return tuple(
        level_hashes.hashes[index - level_hashes.first]
        if level < len(levels) and index >= (level_hashes := levels[level]).first
        else left[level]
        for level, index in peaks(size)
    )


def proofs_in_batch(old: Frontier, leaf_hashes: Sequence[bytes]) -> list[Proof]:
    """The inclusion proofs of a batch's leaves in the tree after the batch, from the frontier and the batch alone."""
    return grow(old, leaf_hashes).proofs()


def inclusion_proof(index: int, size: int, read_hash: ReadHash) -> Proof:
    """The path of leaf `index` in the tree of its first `size` leaves, from the leaf's sibling up."""
    if not 0 <= index < size:
        raise ValueError("the leaf is not in the tree")
    tops = peaks(size)
    own = next(place for place, (level, top) in enumerate(tops) if index >> level == top)
    path = [read_hash(level, index >> level ^ 1) for level in range(tops[own][0])]
    if right := tops[own + 1 :]:
        path.append(bag([read_hash(*node) for node in right]))
    return (*path, *(read_hash(*node) for node in reversed(tops[:own])))


def consistency_proof(size1: int, size2: int, read_hash: ReadHash) -> Proof:
    """Proof that the tree of `size1` leaves is the beginning of that of `size2`; empty where size1 is 0 or size2."""
    if not 0 <= size1 <= size2:
        raise ValueError("a tree does not shrink")
    return () if size1 in (0, size2) else tuple(_subproof(size1, 0, size2, read_hash, whole=True))


def _subproof(size1: int, first: int, end: int, read_hash: ReadHash, *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162 2.1.4.1 over the leaves [first, end); `size1` counts from `first`."""
    if size1 == end - first:
        return [] if whole else [root_of(first, end, read_hash)]
    split = first + (1 << (end - first - 1).bit_length() - 1)
    if size1 <= split - first:
        return [*_subproof(size1, first, split, read_hash, whole=whole), root_of(split, end, read_hash)]
    lower = _subproof(first + size1 - split, split, end, read_hash, whole=False)
    return [*lower, root_of(first, split, read_hash)]


def root_of(first: int, end: int, read_hash: ReadHash) -> bytes:
    """The hash over the leaves [first, end), `first` being where a subtree of that many leaves may begin."""
    return bag([read_hash(level, (first >> level) + index) for level, index in peaks(end - first)])


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf`, a leaf hash, is leaf `index` of the tree of that size and root (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size or len(leaf) != HASH_SIZE:
        return False
    place, last, reached = index, size - 1, leaf
    for sibling in proof:
        if last == 0 or len(sibling) != HASH_SIZE:
            return False
        if place & 1 or place == last:
            reached = node_hash(sibling, reached)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and reached == root


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> bool:
    """Whether the tree of size1 and root1 is the beginning of that of size2 and root2 (RFC 9162 2.1.4.2).

    Trees of the same size are consistent where their roots are the same and the proof is empty. From the empty tree to
    another nothing can be proved, so the answer is False; who follows a log from its beginning asks nothing.
    """
    if size1 == size2:
        return size1 >= 0 and not proof and root1 == root2
    if not 0 < size1 < size2 or not proof or any(len(step) != HASH_SIZE for step in proof):
        return False
    steps = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    return len(steps[0]) == HASH_SIZE and _walk(size1 - 1, size2 - 1, steps) == (root1, root2)


def _walk(place: int, last: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The two roots that the steps lead to, or None where there are too many or too few of them."""
    while place & 1:
        place, last = place >> 1, last >> 1
    one = two = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            one, two = node_hash(step, one), node_hash(step, two)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            two = node_hash(two, step)
        place, last = place >> 1, last >> 1
    return (one, two) if last == 0 else None
