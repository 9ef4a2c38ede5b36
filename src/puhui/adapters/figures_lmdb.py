"""`FiguresStore` on LMDB: one immutable file per snapshot, a manifest beside it, and a symlink to the current one.

    figures/7/            data.mdb, dictionary.zstd, manifest.json: snapshot 7, never written again
    figures/building/     the snapshot being built; what a kill leaves of it is gone on with or removed
    figures/current       → 7

A key is the bucket (one byte) and the token; a value is a packed row under a zstd dictionary trained on the first rows.
"""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from threading import Lock

import lmdb
import msgspec
import zstandard

from puhui.indicators.engine import Buckets
from puhui.indicators.layout import Decoder, Known, Layout
from puhui.indicators.store import Rows
from puhui.model.figures import Figures, Snapshot
from puhui.model.refusal import Said
from puhui.model.refusals import Broken, NoSnapshot
from puhui.model.subject import Subject, bucket_of
from puhui.wire.durable import OPEN, publish, replace_bytes, sync_folder

_MAP = 1 << 38  # address space, not disk: the file grows as it is filled
_SAMPLE = 4_000  # rows that the dictionary is trained on
_DICTIONARY = 64 * 1024
_LEVEL = 3
_READS_PER_LOOK = 64  # a swap is seen at the latest this many reads later


class Manifest(msgspec.Struct, frozen=True):
    """manifest.json: what the snapshot is, and how its rows are read."""

    snapshot: Snapshot
    layout: Layout
    buckets: int


class _Progress(msgspec.Struct):
    """How far a build has come; stored with each range of buckets, in the same transaction."""

    done: int
    subjects: int


class LmdbWriter:
    """One snapshot being built in its own folder."""

    def __init__(self, folder: Path, target: Path, buckets: int) -> None:
        self._folder, self._target, self._buckets = folder, target, buckets
        self._env = lmdb.open(str(folder), map_size=_MAP, max_dbs=2)
        self._meta = self._env.open_db(b"meta")
        self._rows = self._env.open_db(b"rows")
        with self._env.begin(db=self._meta) as read:
            packed = read.get(b"progress")
        self._progress = msgspec.msgpack.decode(packed, type=_Progress) if packed else _Progress(0, 0)

    @property
    def done(self) -> int:
        return self._progress.done

    @property
    def subjects(self) -> int:
        return self._progress.subjects

    def put(self, buckets: Buckets, rows: Rows) -> int:
        rows = iter(rows)
        first = list(islice(rows, _SAMPLE))
        compress = self._compressor([row for _, _, row in first]).compress
        packed = ((_key(bucket, token), compress(row)) for bucket, token, row in chain(first, rows))
        with self._env.begin(write=True) as write:
            _, added = write.cursor(db=self._rows).putmulti(packed, append=True, dupdata=False)
            progress = _Progress(buckets.high + 1, self._progress.subjects + added)
            write.put(b"progress", msgspec.msgpack.encode(progress), db=self._meta)
        self._progress = progress  # the commit above is durable
        return int(added)

    def _compressor(self, sample: Sequence[bytes]) -> zstandard.ZstdCompressor:
        path = self._folder / "dictionary.zstd"
        if not path.exists() and sample:
            replace_bytes(path, _trained(sample), mode=OPEN)
        data = path.read_bytes() if path.exists() else b""
        return zstandard.ZstdCompressor(
            level=_LEVEL,
            dict_data=zstandard.ZstdCompressionDict(data) if data else None,
            write_checksum=False,
            write_dict_id=False,
        )

    def publish(self, snapshot: Snapshot, layout: Layout) -> None:
        manifest = Manifest(snapshot, layout, self._buckets)
        replace_bytes(self._folder / "manifest.json", msgspec.json.encode(manifest), mode=OPEN)
        self.close()
        (self._folder / "lock.mdb").unlink(missing_ok=True)
        (self._folder / "fingerprint").unlink(missing_ok=True)
        sync_folder(self._folder)
        if self._target.exists():
            raise Broken(
                Said(f"快照 {self._target.name} 已存在", f"snapshot {self._target.name} exists already"),
                todo=Said("使用下一个快照编号", "take the next number"),
            )
        publish(self._folder, self._target)

    def close(self) -> None:
        self._env.close()


def _trained(sample: Sequence[bytes]) -> bytes:
    """A dictionary of the sample, or nothing where the sample is too small to train on."""
    try:
        return zstandard.train_dictionary(_DICTIONARY, list(sample)).as_bytes()
    except zstandard.ZstdError:
        return b""


def _key(bucket: int, token: str) -> bytes:
    return bytes((bucket,)) + token.encode()


class _Open:
    """One snapshot, open for reading; it closes when nobody holds it any more, so a swap cuts no read short."""

    def __init__(self, folder: Path) -> None:
        try:
            self.manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
        except msgspec.DecodeError as error:
            raise Broken(
                Said("快照清单损坏", "the snapshot's manifest is damaged"),
                todo=Said("重建快照", "build the snapshot again"),
            ) from error
        self.decoder = Decoder(self.manifest.layout)
        self.env = lmdb.open(str(folder), readonly=True, lock=False, readahead=False, max_dbs=2)
        weakref.finalize(self, self.env.close)
        self.rows = self.env.open_db(b"rows", create=False)
        data = (folder / "dictionary.zstd").read_bytes() if (folder / "dictionary.zstd").exists() else b""
        self.decompress = zstandard.ZstdDecompressor(
            dict_data=zstandard.ZstdCompressionDict(data) if data else None
        ).decompress

    def packed(self, token: str) -> bytes | None:
        with self.env.begin(db=self.rows, buffers=True) as read:
            stored = read.get(_key(bucket_of(token, self.manifest.buckets), token))
            return self.decompress(stored) if stored is not None else None


# LMDB lets a process open a file once: readers of one snapshot share it
_opened: weakref.WeakValueDictionary[tuple[int, int], _Open] = weakref.WeakValueDictionary()
_opening = Lock()


def _open(folder: Path) -> _Open:
    with _opening:
        try:
            status = (folder / "data.mdb").stat()
        except FileNotFoundError:
            raise _no_snapshot() from None
        found = _opened.get((status.st_dev, status.st_ino))
        if found is None:
            found = _opened[status.st_dev, status.st_ino] = _Open(folder)
        return found


class LmdbReader:
    """Point reads; a reader of the current snapshot looks at the link about once in 64 reads."""

    def __init__(self, root: Path, number: int | None) -> None:
        self._root, self._follows = root, number is None
        self._target = self._link() if number is None else str(number)
        self._open: _Open | None = _open(_existing(root, self._target))
        self._reads = 0

    def _link(self) -> str:
        try:
            return os.readlink(self._root / "current")
        except FileNotFoundError:
            raise _no_snapshot() from None

    def _now(self) -> _Open:
        if self._follows:
            self._reads += 1
            if self._reads % _READS_PER_LOOK == 0:
                self._look()
        if self._open is None:
            raise ValueError("the reader is closed")
        return self._open

    def _look(self) -> None:
        target = self._link()
        if target != self._target:
            self._open, self._target = _open(_existing(self._root, target)), target

    @property
    def target(self) -> str:
        """The number of the snapshot that is read now, as the link names it."""
        return self._target

    @property
    def snapshot(self) -> Snapshot:
        return self._now().manifest.snapshot

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(slot.name for slot in self._now().manifest.layout.slots)

    def get(self, subject: Subject, names: Sequence[str] | None = None) -> Figures:
        now = self._now()
        figures = now.decoder.figures(subject.token, now.packed(subject.token), names)
        snapshot = now.manifest.snapshot
        return Figures(subject.token, snapshot.number, snapshot.as_of, figures)

    def values(self, subject: Subject) -> Known:
        now = self._now()
        return now.decoder.values(subject.token, now.packed(subject.token))

    def tokens(self) -> Iterator[str]:
        now = self._now()
        with now.env.begin(db=now.rows) as read, read.cursor() as cursor:
            for key in cursor.iternext(keys=True, values=False):
                yield key[1:].decode()

    def close(self) -> None:
        self._open = None


class LmdbFigures:
    """All snapshots of a zone under one folder, HOME/lake/service/figures."""

    def __init__(self, root: Path, *, buckets: int = 16) -> None:
        self._root, self._buckets = root, buckets

    def begin(self, number: int, fingerprint: str) -> LmdbWriter:
        self._root.mkdir(parents=True, exist_ok=True)
        folder = self._root / "building"
        mark = folder / "fingerprint"
        if not mark.exists() or mark.read_text() != fingerprint:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            replace_bytes(mark, fingerprint.encode(), mode=OPEN)
        return LmdbWriter(folder, self._root / str(number), self._buckets)

    def activate(self, number: int) -> None:
        _existing(self._root, str(number))
        fresh = self._root / f"current.{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(str(number))
        publish(fresh, self._root / "current")

    def reader(self, number: int | None = None) -> LmdbReader:
        return LmdbReader(self._root, number)

    def numbers(self) -> tuple[int, ...]:
        if not self._root.is_dir():
            return ()
        return tuple(sorted(int(entry.name) for entry in self._root.iterdir() if entry.name.isdigit()))

    def current(self) -> int | None:
        link = self._root / "current"
        return int(os.readlink(link)) if link.is_symlink() else None

    def prune(self, *, keep: int, pinned: Iterable[int] = ()) -> tuple[int, ...]:
        numbers = self.numbers()
        kept = {*numbers[len(numbers) - keep :], *pinned, self.current()}
        gone = tuple(number for number in numbers if number not in kept)
        for number in gone:  # open readers keep the bytes until they close
            shutil.rmtree(self._root / str(number))
        return gone


def _existing(root: Path, target: str) -> Path:
    if not (root / target / "manifest.json").is_file():
        raise _no_snapshot()
    return root / target


def _no_snapshot() -> NoSnapshot:
    return NoSnapshot(
        Said("没有该快照", "there is no such snapshot"),
        todo=Said("先运行 puhui snapshot build", "run puhui snapshot build first"),
    )
