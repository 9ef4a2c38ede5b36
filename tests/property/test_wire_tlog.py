"""The Merkle tree against a slow recursive referee that is written straight from RFC 9162 section 2.1."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.wire.tlog import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    grow,
    inclusion_proof,
    leaf_hash,
    node_hash,
    proofs_in_batch,
    verify_consistency,
    verify_inclusion,
)

MOST = 300
LEAVES = [leaf_hash(b"entry %d" % number) for number in range(MOST)]
sizes = st.integers(0, MOST)


def below(count: int) -> int:
    """The largest power of two that is less than `count`."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


@cache
def mth(first: int, end: int) -> bytes:
    if first == end:
        return EMPTY_ROOT
    if end - first == 1:
        return LEAVES[first]
    middle = first + below(end - first)
    return node_hash(mth(first, middle), mth(middle, end))


@cache
def path(leaf: int, first: int, end: int) -> tuple[bytes, ...]:
    if end - first == 1:
        return ()
    middle = first + below(end - first)
    if leaf < middle:
        return (*path(leaf, first, middle), mth(middle, end))
    return (*path(leaf, middle, end), mth(first, middle))


@cache
def subproof(until: int, first: int, end: int, whole: bool) -> tuple[bytes, ...]:
    if until == end:
        return () if whole else (mth(first, end),)
    middle = first + below(end - first)
    if until <= middle:
        return (*subproof(until, first, middle, whole), mth(middle, end))
    return (*subproof(until, middle, end, False), mth(first, middle))


def read_hash(level: int, index: int) -> bytes:
    return mth(index << level, (index + 1) << level)


def frontier(size: int) -> Frontier:
    return Frontier().append_many(LEAVES[:size])[0]


@given(sizes, sizes)
def test_a_tree_that_grows_in_batches_has_the_referees_root_and_nodes(first: int, second: int) -> None:
    old, new = sorted((first, second))
    after, nodes = frontier(old).append_many(LEAVES[old:new])
    assert (after.size, after.root) == (new, mth(0, new))
    assert all(made == read_hash(level, at) for level, at, made in nodes)
    wanted = {(level, at) for level in range(10) for at in range(old >> level, new >> level)}
    assert {(level, at) for level, at, _ in nodes} == wanted  # each complete subtree of the batch, and once
    assert len(nodes) == len(wanted)


@given(sizes, sizes)
def test_proofs_of_a_batch_are_the_referees(first: int, second: int) -> None:
    old, new = sorted((first, second))
    wanted = [path(leaf, 0, new) for leaf in range(old, new)]
    assert proofs_in_batch(frontier(old), LEAVES[old:new]) == wanted


def test_every_inclusion_proof_of_small_trees_is_the_referees_and_verifies() -> None:
    for size in range(1, 66):
        for leaf in range(size):
            proof = inclusion_proof(leaf, size, read_hash)
            assert proof == path(leaf, 0, size)
            assert verify_inclusion(LEAVES[leaf], leaf, size, proof, mth(0, size))


def test_every_consistency_proof_of_small_trees_is_the_referees_and_verifies() -> None:
    for size in range(1, 66):
        for until in range(1, size + 1):
            proof = consistency_proof(until, size, read_hash)
            assert proof == subproof(until, 0, size, True)
            assert verify_consistency(until, size, proof, mth(0, until), mth(0, size))


@given(st.integers(1, MOST), st.data())
def test_proofs_of_larger_trees_are_the_referees(size: int, data: st.DataObject) -> None:
    leaf = data.draw(st.integers(0, size - 1))
    assert inclusion_proof(leaf, size, read_hash) == path(leaf, 0, size)
    proof = consistency_proof(leaf + 1, size, read_hash)
    assert proof == subproof(leaf + 1, 0, size, True)
    assert verify_consistency(leaf + 1, size, proof, mth(0, leaf + 1), mth(0, size))


@settings(max_examples=300)
@given(st.integers(1, MOST), st.data())
def test_nothing_of_an_inclusion_can_be_changed(size: int, data: st.DataObject) -> None:
    leaf = data.draw(st.integers(0, size - 1))
    proof, root = path(leaf, 0, size), mth(0, size)
    parts = [LEAVES[leaf], *proof, root]
    at = data.draw(st.integers(0, len(parts) - 1))
    parts[at] = flipped(parts[at], data)
    assert not verify_inclusion(parts[0], leaf, size, parts[1:-1], parts[-1])
    other = data.draw(st.integers(0, 2 * MOST).filter(lambda index: index != leaf))
    assert not verify_inclusion(LEAVES[leaf], other, size, proof, root)
    for wrong in ((*proof, root), (root, *proof), proof[:-1], proof[1:], (*proof, b"")):
        assert wrong == proof or not verify_inclusion(LEAVES[leaf], leaf, size, wrong, root)


@settings(max_examples=300)
@given(st.integers(2, MOST), st.data())
def test_nothing_of_a_consistency_can_be_changed(size: int, data: st.DataObject) -> None:
    until = data.draw(st.integers(1, size - 1))
    proof, one, two = consistency_proof(until, size, read_hash), mth(0, until), mth(0, size)
    parts = [one, *proof, two]
    at = data.draw(st.integers(0, len(parts) - 1))
    parts[at] = flipped(parts[at], data)
    assert not verify_consistency(until, size, parts[1:-1], parts[0], parts[-1])
    for wrong in ((*proof, two), (one, *proof), (two, *proof), proof[:-1], proof[1:], (*proof, b""), (b"", *proof), ()):
        assert not verify_consistency(until, size, wrong, one, two)
    for sizes in ((until - 1, size), (size, until), (until, until), (size, size)):
        assert not verify_consistency(*sizes, proof, one, two)


def flipped(value: bytes, data: st.DataObject) -> bytes:
    place = data.draw(st.integers(0, len(value) - 1))
    change = data.draw(st.integers(1, 255))
    return value[:place] + bytes([value[place] ^ change]) + value[place + 1 :]


@given(sizes)
def test_a_frontier_survives_its_bytes(size: int) -> None:
    assert Frontier.from_bytes(frontier(size).to_bytes()) == frontier(size)


@pytest.mark.parametrize(
    "raw", [b"", b"\0" * 7, b"\0" * 7 + b"\1", b"\0" * 40, b"\xff" * (8 + 64 * 32), b"\0" * 7 + b"\1\0"]
)
def test_bytes_that_are_no_frontier_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="frontier"):
        Frontier.from_bytes(raw)


def test_trees_of_one_size_are_consistent_by_their_roots_alone() -> None:
    assert verify_consistency(7, 7, (), mth(0, 7), mth(0, 7))
    assert not verify_consistency(7, 7, (), mth(0, 7), mth(0, 6))
    assert not verify_consistency(7, 7, (mth(0, 7),), mth(0, 7), mth(0, 7))
    assert verify_consistency(0, 0, (), EMPTY_ROOT, EMPTY_ROOT)
    assert not verify_consistency(0, 5, (), EMPTY_ROOT, mth(0, 5))  # from nothing, nothing can be proved
    assert not verify_consistency(-1, -1, (), EMPTY_ROOT, EMPTY_ROOT)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (2**64 - 1, 1), (5, -1)])
def test_a_leaf_outside_of_the_tree_is_in_no_proof(index: int, size: int) -> None:
    assert not verify_inclusion(LEAVES[0], index, size, (), LEAVES[0])
    with pytest.raises(ValueError, match="not in the tree"):
        inclusion_proof(index, size, read_hash)


def test_hostile_sizes_are_answered_at_once() -> None:
    proof = (LEAVES[1],) * 70
    assert not verify_inclusion(LEAVES[0], 2**70, 2**80, proof, LEAVES[0])
    assert not verify_consistency(2**70, 2**80 - 1, proof, LEAVES[0], LEAVES[0])


def test_each_node_of_a_growth_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from puhui.wire import tlog

    old = frontier(200)
    hashed: list[bytes] = []
    real = tlog.sha256
    monkeypatch.setattr(tlog, "sha256", lambda raw: hashed.append(raw) or real(raw))
    grown = grow(old, LEAVES[200:300])
    inside = [node for node in grown.nodes() if node.level]
    assert len(hashed) == len(inside)
    grown.proofs()
    assert len(hashed) <= len(inside) + len(grown.frontier.hashes) ** 2  # only the joins of peaks come on top
