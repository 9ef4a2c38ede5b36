"""C2SP tlog-tiles: a log as static files. Paths, hash tiles, entry bundles, and node hashes read out of tiles.

A hash tile holds up to 256 neighbouring hashes of tree level 8 * tile level, an entry bundle the entries of one tile of
leaves. Both never change once complete; a partial one has its width in its path. See https://c2sp.org/tlog-tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from puhui.wire.tlog import HASH_SIZE, ReadHash, node_hash

HEIGHT = 8
FULL = 1 << HEIGHT  # hashes in a full tile
MAX_LEVEL = 63
MAX_ENTRY = 0xFFFF  # bytes; the length prefix has two
_MAX_INDEX = (1 << 63) - 1


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """The name of a hash tile or, with level None, of an entry bundle. `width` 256 is a full one."""

    level: int | None
    index: int
    width: int = FULL

    def __post_init__(self) -> None:
        if not (self.level is None or 0 <= self.level <= MAX_LEVEL) or not 0 <= self.index <= _MAX_INDEX:
            raise ValueError("a tile's level is 0 to 63 and its index not negative")
        if not 1 <= self.width <= FULL:
            raise ValueError("a tile is 1 to 256 wide")

    @property
    def path(self) -> str:
        """The path below the log's prefix: `tile/0/x001/x234/067`, `tile/entries/000.p/7`."""
        kind = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == FULL else f".p/{self.width}"
        return f"tile/{kind}/{_index_path(self.index)}{partial}"


def _index_path(index: int) -> str:
    *upper, last = f"{index:,}".split(",")
    return "/".join([*(f"x{part.zfill(3)}" for part in upper), last.zfill(3)])


def parse_path(path: str) -> Tile | None:
    """The tile of a path, or None where the path is not exactly the one that `Tile.path` gives."""
    if len(path) > 64 or not path.isascii():
        return None
    head, _, rest = path.removeprefix("tile/").partition("/")
    where, _, wide = rest.partition(".p/")
    digits = where.replace("/x", "").replace("/", "").removeprefix("x")
    if not digits.isdigit() or not (head == "entries" or head.isdigit()) or (wide and not wide.isdigit()):
        return None
    try:
        tile = Tile(None if head == "entries" else int(head), int(digits), int(wide) if wide else FULL)
    except ValueError:
        return None
    return tile if tile.path == path else None  # one spelling only: no way to name a file twice


def width_at(level: int, index: int, size: int) -> int:
    """How many hashes tile `index` of `level` has in a tree of `size` leaves; 0 where there is none."""
    return max(0, min(FULL, (size >> HEIGHT * level) - (index << HEIGHT)))


def tiles_of_growth(old: int, new: int) -> Iterator[Tile]:
    """The hash tiles that a tree growing from `old` to `new` leaves makes or widens, level by level."""
    if not 0 <= old <= new:
        raise ValueError("a tree does not shrink")
    level = 0
    while have := new >> HEIGHT * level:
        before = old >> HEIGHT * level
        for index in range(before >> HEIGHT, (have + FULL - 1) >> HEIGHT) if before < have else ():
            yield Tile(level, index, min(FULL, have - (index << HEIGHT)))
        level += 1


def bundles_of_growth(old: int, new: int) -> Iterator[Tile]:
    """The entry bundles that a log growing from `old` to `new` entries makes or widens."""
    for index in range(old >> HEIGHT, (new + FULL - 1) >> HEIGHT) if old < new else ():
        yield Tile(None, index, width_at(0, index, new))


def tile_bytes(hashes: Sequence[bytes]) -> bytes:
    """A hash tile's file. Raises ValueError where it would be empty, too wide, or of other than 32-byte hashes."""
    if not 1 <= len(hashes) <= FULL or any(len(value) != HASH_SIZE for value in hashes):
        raise ValueError("a hash tile holds 1 to 256 hashes of 32 bytes")
    return b"".join(hashes)


def read_tile(tile: Tile, raw: bytes) -> tuple[bytes, ...]:
    """The hashes in a tile's file. Raises ValueError where its length is not that of the tile's width."""
    if len(raw) != tile.width * HASH_SIZE:
        raise ValueError("the tile's file has another length than its width asks for")
    return tuple(raw[i : i + HASH_SIZE] for i in range(0, len(raw), HASH_SIZE))


def bundle_bytes(entries: Sequence[bytes]) -> bytes:
    """An entry bundle's file: each entry behind its length in two bytes, big-endian."""
    if not 1 <= len(entries) <= FULL or any(len(entry) > MAX_ENTRY for entry in entries):
        raise ValueError("a bundle holds 1 to 256 entries of at most 65,535 bytes")
    return b"".join(part for entry in entries for part in (len(entry).to_bytes(2, "big"), entry))


def read_bundle(tile: Tile, raw: bytes) -> tuple[bytes, ...]:
    """The entries in a bundle's file. Raises ValueError where they are not as many as its width, or bytes are over."""
    found = []
    at = 0
    while at + 2 <= len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        found.append(raw[at + 2 : end])
        at = end
    if at != len(raw) or len(found) != tile.width:
        raise ValueError("the bundle's file is cut off, or holds another number of entries than its width")
    return tuple(found)


def hash_reader(size: int, read: Callable[[Tile], bytes]) -> ReadHash:
    """Node hashes of the tree of `size` leaves out of its tiles, each read once: keep it for one proof or one check.

    `read` gives a tile's file. The widest form at that size is asked for, so a store may drop what was overtaken.
    """
    kept: dict[tuple[int, int], tuple[bytes, ...]] = {}

    def read_hash(level: int, index: int) -> bytes:
        tile_level, inner = divmod(level, HEIGHT)
        place = index << inner
        at = tile_level, place >> HEIGHT
        if at not in kept:
            if not (width := width_at(*at, size)):
                raise ValueError("the tree has no such node")
            tile = Tile(*at, width)
            kept[at] = read_tile(tile, read(tile))
        first = place & (FULL - 1)
        return _subtree(kept[at][first : first + (1 << inner)], 1 << inner)

    return read_hash


def _subtree(hashes: Sequence[bytes], wanted: int) -> bytes:
    """The root over `wanted` neighbouring hashes, a power of two."""
    if len(hashes) != wanted:
        raise ValueError("the tree has no such node")
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]
