"""C2SP tlog-tiles: the specification's own examples, one spelling of each path, proofs out of tiles alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.wire.tiles import (
    Tile,
    bundle_bytes,
    bundles_of_growth,
    hash_reader,
    parse_path,
    read_bundle,
    read_tile,
    tile_bytes,
    tiles_of_growth,
    width_at,
)
from puhui.wire.tlog import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)

tiles = st.builds(Tile, st.none() | st.integers(0, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(2, 0, 1), "tile/2/000.p/1"),
        (Tile(None, 5), "tile/entries/005"),
        (Tile(None, 1000, 255), "tile/entries/x001/000.p/255"),
    ],
)
def test_paths_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_path(path) == tile


@given(tiles)
def test_every_tile_has_one_path(tile: Tile) -> None:
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/", "tile/0", "tile/0/", "tile/0/1", "tile/0/01", "tile/0/0001", "tile/00/001", "tile/64/001",
        "tile/-1/001", "tile/0/x000/001", "tile/0/x001", "tile/0/001/002", "tile/0/x001/x002", "tile/0/001.p",
        "tile/0/001.p/", "tile/0/001.p/0", "tile/0/001.p/01", "tile/0/001.p/256", "tile/0/001.p/1/",
        "tile/0/001.p/1.p/1", "/tile/0/001", "tile//001", "tile/0/../001", "tile/0/001\n", "tile/0/٠٠١", "0/001",
        "tile/Entries/001", "tile/0/" + "x999/" * 20 + "999", "tile/0/x00１/001", "tile/0/x001%2f001", "tile/0/+01",
    ],
)  # fmt: skip
def test_another_spelling_is_no_path(path: str) -> None:
    assert parse_path(path) is None


@settings(max_examples=500)
@given(st.text(alphabet="tile/entr s0123456789x.p-", max_size=30).map(lambda rest: f"tile/{rest}"))
def test_a_path_that_is_taken_is_its_tiles_own(path: str) -> None:
    tile = parse_path(path)
    assert tile is None or tile.path == path


def test_the_tiles_of_seventy_thousand_leaves_are_the_specifications() -> None:
    made = list(tiles_of_growth(0, 70_000))
    assert len(made) == 273 + 1 + 1 + 1 + 1
    assert made[-4:] == [Tile(0, 273, 112), Tile(1, 0, 256), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(tiles_of_growth(0, 256)) == [Tile(0, 0, 256), Tile(1, 0, 1)]


@given(st.integers(0, 200_000), st.integers(0, 2_000))
def test_a_growth_names_exactly_the_tiles_that_changed(old: int, more: int) -> None:
    new = old + more
    named = set(tiles_of_growth(old, new))
    for level in range(3):
        for index in range((new >> 8 * (level + 1)) + 1):
            width = width_at(level, index, new)
            changed = width != width_at(level, index, old)
            assert (Tile(level, index, width) in named) == changed if width else not changed
    assert all(width_at(tile.level or 0, tile.index, new) == tile.width for tile in named)
    bundles = {(bundle.index, bundle.width) for bundle in bundles_of_growth(old, new)}
    assert bundles == {(tile.index, tile.width) for tile in named if tile.level == 0}


@pytest.mark.parametrize(("size", "least"), [(1, 1), (255, 1), (256, 3), (257, 200), (700, 256), (66_000, 65_536)])
def test_proofs_out_of_tiles_verify(size: int, least: int) -> None:
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(size)]
    after, nodes = Frontier().append_many(leaves)
    hashes = {(level, at): made for level, at, made in nodes}
    asked: list[Tile] = []

    def read(tile: Tile) -> bytes:
        asked.append(tile)
        first = tile.index << 8
        return tile_bytes([hashes[8 * (tile.level or 0), first + at] for at in range(tile.width)])

    reader = hash_reader(size, read)
    for index in {0, size // 2, size - 1, least - 1}:
        assert verify_inclusion(leaves[index], index, size, inclusion_proof(index, size, reader), after.root)
    old = Frontier().append_many(leaves[:least])[0].root
    if least < size:
        assert verify_consistency(least, size, consistency_proof(least, size, reader), old, after.root)
    assert len(asked) == len(set(asked))  # each file once
    assert set(asked) <= set(tiles_of_growth(0, size))
    with pytest.raises(ValueError, match="no such node"):
        reader(0, size)


def test_a_tile_of_another_length_is_refused() -> None:
    assert read_tile(Tile(0, 0, 2), b"a" * 32 + b"b" * 32) == (b"a" * 32, b"b" * 32)
    for raw in (b"", b"a" * 32, b"a" * 63, b"a" * 65, b"a" * 96):
        with pytest.raises(ValueError, match="length"):
            read_tile(Tile(0, 0, 2), raw)


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=256))
def test_entry_bundles_are_read_back(entries: list[bytes]) -> None:
    raw = bundle_bytes(entries)
    tile = Tile(None, 0, len(entries))
    assert read_bundle(tile, raw) == tuple(entries)
    for wrong in (raw[:-1], raw + b"\0", raw + b"\0\0"):
        with pytest.raises(ValueError, match="bundle"):
            read_bundle(tile, wrong)


def test_what_no_bundle_or_tile_can_hold_is_refused() -> None:
    for entries in ([], [b""] * 257, [b"x" * 65_536]):
        with pytest.raises(ValueError, match="bundle"):
            bundle_bytes(entries)
    for hashes in ([], [b"x" * 32] * 257, [b"x" * 31]):
        with pytest.raises(ValueError, match="hash tile"):
            tile_bytes(hashes)
