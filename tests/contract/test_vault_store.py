"""The laws of the vault's store, of its key store and of its journal, as their protocols state them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from puhui.adapters.journal_file import FileJournal
from puhui.adapters.vault_sqlite import SqliteVault
from puhui.model.refusals import Broken
from puhui.subjects.keyed import Digests
from puhui.subjects.store import ErasureJournal, SealedCase, SealedRecord, SealedRows, Tombstone, VaultStore

CITY, ZONE = "360500", "a1"


def token(n: int, kind: str = "E") -> str:
    return f"{CITY}{ZONE}{kind}{n * 0x1F2E3D4C5B6A7988 % (1 << 64):016x}{n:04x}"


def digest(n: int) -> bytes:
    return (n * 0x9E3779B97F4A7C15 % (1 << 128)).to_bytes(16, "big")


def digests(*numbers: int) -> Digests:
    return np.frombuffer(b"".join(map(digest, numbers)), np.uint8).reshape(-1, 16)


def record(n: int, kind: str = "E", body: bytes = b"body") -> SealedRecord:
    return SealedRecord(token(n, kind), "2026-09-01", 1, 1, b"wrapped", body)


def rows(*records: SealedRecord) -> SealedRows:
    tokens, wrapped, bodies = ([getattr(one, name) for one in records] for name in ("token", "wrapped", "body"))
    return SealedRows(tokens, "2026-09-01", 1, 1, wrapped, bodies)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "vault" / "vault.db"


@pytest.fixture
def store(file: Path) -> VaultStore:
    return SqliteVault(file, city=CITY, zone=ZONE)


def test_identifiers_are_found_in_the_order_asked(store: VaultStore) -> None:
    with store.batch():
        store.index(digests(5, 1, 200, 77), [token(n) for n in (5, 1, 200, 77)])
    asked = [200, 3, 1, 200, 77, 4]
    found = store.tokens_of(digests(*asked)).to_pylist()
    assert found == [token(n) if n in (1, 77, 200) else None for n in asked]
    assert store.tokens_of(digests()).to_pylist() == []


def test_half_a_digest_finds_nobody(store: VaultStore) -> None:
    with store.batch():
        store.index(digests(5), [token(5)])
    half = digests(5).copy()
    half[:, 8:] = 0
    assert store.tokens_of(half).to_pylist() == [None]


def test_an_identifier_has_one_token(store: VaultStore) -> None:
    with store.batch():
        store.index(digests(5), [token(5)])
    with pytest.raises(Broken), store.batch():
        store.index(digests(5), [token(6)])
    assert store.tokens_of(digests(5)).to_pylist() == [token(5)]


def test_names_may_have_many_tokens_and_are_added_once(store: VaultStore) -> None:
    for _ in range(2):
        with store.batch():
            store.index_names([(digest(1), token(2)), (digest(1), token(1)), (digest(2), token(2))])
    found = store.tokens_named([digest(2), digest(3), digest(1)])
    assert found == [(token(2),), (), tuple(sorted([token(1), token(2)]))]


def test_records_come_back_as_they_were(store: VaultStore) -> None:
    with store.batch():
        store.add(rows(record(1), record(2, "P"), record(3, "I")))
        store.replace([record(1, body=b"another")])
    found = store.records([token(1), token(2, "P"), token(9), token(3, "E")])
    assert found == {token(1): record(1, body=b"another"), token(2, "P"): record(2, "P")}
    assert {r.token for r in store.every_record("EI")} == {token(1), token(3, "I")}
    assert store.count() == 3


def test_a_token_is_given_once(store: VaultStore) -> None:
    with store.batch():
        store.add(rows(record(1)))
    with pytest.raises(Broken), store.batch():
        store.add(rows(record(1)))


def test_marks_belong_to_one_source_each(store: VaultStore) -> None:
    with store.batch():
        store.set_marks("a", [(token(1), b"x"), (token(2), b"y")])
        store.set_marks("b", [(token(1), b"z")])
        store.set_marks("a", [(token(1), b"w")])
    asked = [token(2), token(1), token(3)]
    assert store.marks("a", asked) == [b"y", b"w", b""]
    assert store.marks("b", asked) == [b"", b"z", b""]
    assert store.marks("never", asked) == [b""] * 3


def test_cases_are_kept_replaced_and_dropped(store: VaultStore) -> None:
    first, second = (SealedCase(digest(n), "open", "", 1, 1, b"body") for n in (1, 2))
    linked = SealedCase(digest(1), "linked", token(4), 1, 1, b"more")
    with store.batch():
        for case in (second, first, linked):
            store.put_case(case)
    assert store.case(digest(1)) == linked
    assert store.cases() == sorted([linked, second], key=lambda case: case.key)
    with store.batch():
        store.drop_case(digest(1))
        store.drop_case(digest(1))
    assert store.case(digest(1)) is None


def test_a_burial_takes_only_what_is_the_subjects(store: VaultStore) -> None:
    with store.batch():
        store.add(rows(record(1), record(2)))
        store.index(digests(1, 2), [token(1), token(2)])
        store.index_names([(digest(9), token(1)), (digest(9), token(2))])
        store.set_marks("a", [(token(1), b"x"), (token(2), b"y")])
    stone = Tombstone(token(1), "2026-09-01", "officer-1", "request", b"commitment")
    for _ in range(2):
        with store.batch():
            store.bury(stone, digests(1, 2), [digest(9)])
    assert store.tombstones() == [stone]
    assert store.tokens_of(digests(1, 2)).to_pylist() == [None, token(2)]
    assert store.tokens_named([digest(9)]) == [(token(2),)]
    assert store.marks("a", [token(1), token(2)]) == [b"", b"y"]
    assert list(store.records([token(1), token(2)])) == [token(2)]


def test_a_batch_is_all_or_nothing_and_durable(store: VaultStore, file: Path) -> None:
    with pytest.raises(KeyError), store.batch():
        store.add(rows(record(1)))
        raise KeyError
    with store.batch():
        store.add(rows(record(2)))
    again = SqliteVault(file, city=CITY, zone=ZONE)
    assert list(again.records([token(1), token(2)])) == [token(2)]


def test_facts_about_the_vault_are_written_once(store: VaultStore) -> None:
    with store.batch():
        store.write_meta({"city": CITY})
    with pytest.raises(Broken), store.batch():
        store.write_meta({"city": "360800"})
    assert store.meta() == {"city": CITY}


# --- the journal ---


@pytest.fixture
def journal(tmp_path: Path) -> ErasureJournal:
    return FileJournal(tmp_path / "vault" / "erasures.journal")


def test_entries_come_back_in_order(journal: ErasureJournal) -> None:
    assert journal.entries() == []
    for n in range(3):
        journal.append(f"entry {n}".encode())
    assert journal.entries() == [b"entry 0", b"entry 1", b"entry 2"]


def test_a_torn_last_entry_is_left_out_and_spoils_no_other(journal: ErasureJournal, tmp_path: Path) -> None:
    journal.append(b"whole")
    with (tmp_path / "vault" / "erasures.journal").open("ab") as opened:
        opened.write(b"to")
    assert journal.entries() == [b"whole"]
    journal.append(b"next")
    assert journal.entries()[-1] == b"next"


def test_an_entry_is_one_line(journal: ErasureJournal) -> None:
    with pytest.raises(ValueError):
        journal.append(b"two\nlines")
