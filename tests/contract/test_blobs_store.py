"""The laws of the BlobStore: what was sealed opens as it was, under its own key, or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from puhui.adapters import blobs_sealed
from puhui.adapters.blobs_sealed import SealedFiles
from puhui.adapters.keys_file import FileKeys
from puhui.lake.store import BlobStore, Sealed
from puhui.model.refusals import Broken

CHUNK = 64


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs_sealed, "_CHUNK", CHUNK)


@pytest.fixture
def keys(tmp_path: Path) -> FileKeys:
    return FileKeys(tmp_path / "keys")


@pytest.fixture
def store(tmp_path: Path, keys: FileKeys) -> BlobStore:
    return SealedFiles(tmp_path / "base", keys)


def plain(size: int) -> bytes:
    return bytes((n * 7 + 3) % 251 for n in range(size))


def read(store: BlobStore, sealed: Sealed, name: str = "d", resource: str = "r") -> bytes:
    with store.open(sealed, resource, name) as opened:
        return opened.read()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 1000])
def test_what_is_sealed_opens_as_it_was(store: BlobStore, size: int, tmp_path: Path) -> None:
    sealed = store.seal("r", "d", io.BytesIO(plain(size)))
    assert read(store, sealed) == plain(size)
    data = (tmp_path / "base" / "r" / "d").read_bytes()
    assert size < 16 or plain(size)[:16] not in data


def test_the_real_chunk_size_too(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    data = plain(1 << 16) * 80
    assert len(data) > blobs_sealed._CHUNK
    assert read(store, store.seal("r", "d", io.BytesIO(data))) == data


def test_a_second_blob_under_the_parcels_key(store: BlobStore) -> None:
    sealed = store.seal("r", "d", io.BytesIO(b"one"))
    store.seal_with(sealed, "r", "d.set-aside", io.BytesIO(b"two"))
    assert (read(store, sealed), read(store, sealed, "d.set-aside")) == (b"one", b"two")
    assert list(store.names("r")) == ["d", "d.set-aside"] and list(store.resources()) == ["r"]


def test_another_parcels_key_opens_nothing(store: BlobStore) -> None:
    sealed = store.seal("r", "d", io.BytesIO(b"one"))
    other = store.seal("r", "e", io.BytesIO(b"two"))
    with pytest.raises(Broken):
        read(store, other)
    with pytest.raises(Broken):
        read(store, sealed, resource="s")
    with pytest.raises(Broken):
        read(store, Sealed(sealed.key_id, sealed.wrapped_key[:-1] + b"\0"))
    with pytest.raises(Broken):
        read(store, Sealed(sealed.key_id, b""))


def test_a_blob_or_key_that_is_gone(store: BlobStore, keys: FileKeys) -> None:
    sealed = store.seal("r", "d", io.BytesIO(b"one"))
    with pytest.raises(Broken):
        read(store, sealed, "nothing")
    keys.destroy(sealed.key_id)
    with pytest.raises(Broken):
        read(store, sealed)


def test_every_flipped_byte_is_seen(store: BlobStore, tmp_path: Path) -> None:
    sealed = store.seal("r", "d", io.BytesIO(plain(150)))
    path = tmp_path / "base" / "r" / "d"
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        with pytest.raises(Broken):
            read(store, sealed)


def test_every_cut_and_every_tail_is_seen(store: BlobStore, tmp_path: Path) -> None:
    sealed = store.seal("r", "d", io.BytesIO(plain(150)))
    path = tmp_path / "base" / "r" / "d"
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(Broken):
            read(store, sealed)
    path.write_bytes(whole + b"\0")
    with pytest.raises(Broken):
        read(store, sealed)


def test_chunks_stay_where_they_were_sealed(store: BlobStore, tmp_path: Path) -> None:
    sealed = store.seal("r", "d", io.BytesIO(plain(3 * CHUNK)))
    store.seal_with(sealed, "r", "e", io.BytesIO(plain(3 * CHUNK)))
    d, e = (tmp_path / "base" / "r" / name for name in "de")
    whole, size, head = d.read_bytes(), 4 + 12 + CHUNK + 16, len(blobs_sealed._MAGIC)
    one, two, three = (whole[head + n * size : head + (n + 1) * size] for n in range(3))
    for mixed in (two + one + three, one + three, one + one + two + three, one + two + three + three):
        d.write_bytes(whole[:head] + mixed)
        with pytest.raises(Broken):
            read(store, sealed)
    d.write_bytes(e.read_bytes())  # another blob of the same parcel
    with pytest.raises(Broken):
        read(store, sealed)


def test_nobody_else_may_look(store: BlobStore, tmp_path: Path) -> None:
    store.seal("r", "d", io.BytesIO(b"one"))
    modes = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "base").rglob("*")}
    assert modes == {"r": 0o700, "d": 0o600}


def test_what_a_kill_leaves_is_swept(store: BlobStore, tmp_path: Path) -> None:
    class Killed(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.seal("r", "d", Killed())  # type: ignore[arg-type]
    assert list(store.names("r")) == []
    assert len(list((tmp_path / "base" / "r").iterdir())) == 1
    assert (store.sweep("r"), store.sweep("r"), store.sweep("never")) == (1, 0, 0)
    assert list((tmp_path / "base" / "r").iterdir()) == []


def test_forgetting_is_repeatable(store: BlobStore) -> None:
    sealed = store.seal("r", "d", io.BytesIO(b"one"))
    for _ in range(2):
        store.forget("r", "d")
    assert list(store.names("r")) == [] and list(store.names("never")) == []
    with pytest.raises(Broken):
        read(store, sealed)


def test_sealing_beside_other_work_shows_nothing_before_it_is_finished(store: BlobStore, tmp_path: Path) -> None:
    delivered = tmp_path / "delivered"
    delivered.write_bytes(plain(1000))
    with store.sealing("r", "d", delivered) as sealing:
        assert list(store.names("r")) == []
        sealed = sealing.finish()
        assert list(store.names("r")) == ["d"]
    assert read(store, sealed) == plain(1000)
    store.seal_with(sealed, "r", "d.set-aside", io.BytesIO(b"two"))
    assert read(store, sealed, "d.set-aside") == b"two"


@pytest.mark.parametrize("times", [0, 1, 2])
def test_sealing_that_is_left_leaves_nothing(store: BlobStore, tmp_path: Path, times: int) -> None:
    delivered = tmp_path / "delivered"
    delivered.write_bytes(plain(1000))
    with pytest.raises(KeyError), store.sealing("r", "d", delivered) as sealing:
        for _ in range(times):
            sealing.begin()
        raise KeyError
    assert list((tmp_path / "base" / "r").iterdir()) == []


def test_sealing_that_began_early_is_the_same(store: BlobStore, tmp_path: Path) -> None:
    delivered = tmp_path / "delivered"
    delivered.write_bytes(plain(1000))
    with store.sealing("r", "d", delivered) as sealing:
        sealing.begin()
        sealed = sealing.finish()
    assert read(store, sealed) == plain(1000)


def test_sealing_says_what_went_wrong_beside(store: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), store.sealing("r", "d", tmp_path) as sealing:
        sealing.finish()
    assert list(store.names("r")) == []
