"""The index of identifiers over many leaves: what a large vault does, told with a small one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from puhui.adapters.vault_sqlite import SqliteVault
from puhui.model.refusals import Broken, HomeRefused
from puhui.subjects.keyed import Digests
from puhui.subjects.store import Tombstone

CITY, ZONE = "360500", "a1"
DRAWN = np.random.default_rng(20)
DIGESTS: Digests = DRAWN.integers(0, 256, (6000, 16), np.uint8)
TOKENS = [f"{CITY}{ZONE}E{bytes(row).hex()}" for row in DRAWN.integers(0, 256, (6000, 10), np.uint8)]
PARTS = [slice(0, 1), slice(1, 40), slice(40, 3000), slice(3000, 3005), slice(3005, 5000)]  # the rest stays unknown


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "vault" / "vault.db"


@pytest.fixture
def store(file: Path) -> SqliteVault:
    store = SqliteVault(file, city=CITY, zone=ZONE)
    for part in PARTS:
        with store.batch():
            store.index(DIGESTS[part], TOKENS[part])
    return store


def leaves(file: Path) -> dict[int, int]:
    with sqlite3.connect(file) as raw:
        return dict(raw.execute("SELECT leaf, length(entries) / 27 FROM identifier"))


def test_all_are_found_in_any_order_by_many_and_by_one(store: SqliteVault) -> None:
    order = DRAWN.permutation(6000)
    expected = [TOKENS[n] if n < 5000 else None for n in order]
    assert store.tokens_of(DIGESTS[order]).to_pylist() == expected
    few = order[:7]
    assert store.tokens_of(DIGESTS[few]).to_pylist() == expected[:7]
    assert [store.token_of(DIGESTS[n].tobytes()) or None for n in order] == expected


def test_a_token_stands_once_in_what_is_found(store: SqliteVault) -> None:
    with store.batch():
        store.index(DIGESTS[5000:5002], [TOKENS[3], TOKENS[3]])
    found = store.tokens_of(DIGESTS[[3, 5000, 7, 5001, 5999]])
    assert found.to_pylist() == [TOKENS[3], TOKENS[3], TOKENS[7], TOKENS[3], None]
    assert sorted(found.dictionary.to_pylist()) == sorted([TOKENS[3], TOKENS[7]])


def test_leaves_split_as_they_fill_and_hold_every_entry_once(store: SqliteVault, file: Path) -> None:
    held = leaves(file)
    assert sum(held.values()) == 5000
    assert len(held) == min(held) == 1 << (len(held).bit_length() - 1) > 16
    assert max(held.values()) < 250


def test_a_batch_that_fails_leaves_the_index_as_it_was(store: SqliteVault, file: Path) -> None:
    before = leaves(file)
    with pytest.raises(Broken), store.batch():
        store.index(DIGESTS[5000:], TOKENS[5000:])
        assert store.token_of(DIGESTS[5500].tobytes()) == TOKENS[5500]
        store.index(DIGESTS[17:18], TOKENS[5999:])
    assert leaves(file) == before
    assert store.tokens_of(DIGESTS[[17, 5500]]).to_pylist() == [TOKENS[17], None]


def test_what_is_known_inside_a_batch_is_not_taken_for_what_was_committed_since(file: Path, store: SqliteVault) -> None:
    other = SqliteVault(file, city=CITY, zone=ZONE)
    assert other.tokens_of(DIGESTS[5000:]).null_count == 1000
    with store.batch():
        store.index(DIGESTS[5000:], TOKENS[5000:])
    assert other.tokens_of(DIGESTS[5000:]).to_pylist() == TOKENS[5000:]


def test_a_burial_takes_its_entries_and_their_bytes(store: SqliteVault, file: Path) -> None:
    stone = Tombstone(TOKENS[100], "2026-09-01", "officer-1", "request", b"commitment")
    gone = DIGESTS[100].tobytes()
    assert gone in _bytes(file)
    with store.batch():
        store.bury(stone, DIGESTS[[100, 101, 5999]], [])
    store.scrub()
    assert store.tokens_of(DIGESTS[[100, 101]]).to_pylist() == [None, TOKENS[101]]
    assert (store.token_of(gone), store.token_of(DIGESTS[101].tobytes())) == ("", TOKENS[101])
    assert gone not in _bytes(file)
    assert sum(leaves(file).values()) == 4999


def _bytes(file: Path) -> bytes:
    return b"".join(path.read_bytes() for path in file.parent.iterdir())


def test_a_vault_of_an_older_form_is_refused(store: SqliteVault, file: Path) -> None:
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA user_version = 1")
    with pytest.raises(HomeRefused):
        SqliteVault(file, city=CITY, zone=ZONE)
