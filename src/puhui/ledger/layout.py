"""Laying the log out as tiles and entry bundles, out of the database.

Promises: repeatable from any point, also from nothing; a stop leaves what was settled, and the next call goes on there.
"""

from __future__ import annotations

from puhui.ledger.reading import Tiles, tile_file
from puhui.ledger.refused import broken
from puhui.ledger.store import LogStore
from puhui.wire.tiles import (
    FULL,
    HEIGHT,
    Tile,
    bundle_bytes,
    bundles_of_growth,
    hash_reader,
    read_tile,
    tile_bytes,
    tiles_of_growth,
    width_at,
)
from puhui.wire.tlog import Frontier, Growth, grow, leaf_hash, peaks

_STEP = FULL * FULL  # leaves that are laid out at a time


def bring_tiles(store: LogStore, tiles: Tiles, size: int) -> None:
    """The files hold the first `size` leaves, durably. Raises LogBroken where the database or a file lacks what it
    held.
    """
    done = tiles.size()
    while done < size:
        end = min(size, (done // _STEP + 1) * _STEP)
        _lay_out(store, tiles, done, end)
        tiles.settle(end)
        done = end


def _lay_out(store: LogStore, tiles: Tiles, done: int, end: int) -> None:
    first = done // FULL * FULL  # the partial bundle is written anew
    entries = store.commitments(first, end)
    if len(entries) != end - first:
        raise broken("日志存储缺少条目", "entries are missing in the log's storage")
    for bundle in bundles_of_growth(done, end):
        place = bundle.index * FULL - first
        tiles.write(bundle, bundle_bytes(entries[place : place + bundle.width]))
    grown = grow(_frontier(tiles, done), [leaf_hash(entry) for entry in entries[done - first :]])
    for tile in tiles_of_growth(done, end):
        tiles.write(tile, tile_bytes(_hashes(tiles, tile, done, grown)))


def _hashes(tiles: Tiles, tile: Tile, done: int, grown: Growth) -> tuple[bytes, ...]:
    """What a tile holds: the hashes that it held before, then those that the growth completed."""
    tile_level = tile.level or 0
    before = width_at(tile_level, tile.index, done)
    held: tuple[bytes, ...] = ()
    if before:
        old = Tile(tile_level, tile.index, before)
        held = read_tile(old, tile_file(tiles, old))
    level = grown.levels[tile_level * HEIGHT]
    start = tile.index * FULL + before - level.first
    return (*held, *level.hashes[start : start + tile.width - before])


def _frontier(tiles: Tiles, size: int) -> Frontier:
    read = hash_reader(size, lambda tile: tile_file(tiles, tile))
    return Frontier(size, tuple(read(*peak) for peak in peaks(size)))
