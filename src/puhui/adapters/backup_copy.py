"""Copying a zone while it answers questions.

Promises: what refers is copied before what it refers to, so that the copy never knows less than it speaks of. Nothing
is delivered, rolled back or compacted while tables and lake are taken (their leases are held: such an act is refused as
busy, and tried again); questions are answered all the while. In this order:

1. the lake's files get a second name each, which takes a moment: they are never written again;
2. the tables, in one snapshot of the database: editions, letters, the log;
3. the leases end; vault, in one snapshot; its journals; the rest; the keys last, into a folder of their own.

So every token, key and file that the tables name is in the copy. What vault or journals know beyond is newer, and does
no harm: subjects without rows, erasures to be carried out.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from puhui.adapters.backup_manifest import (
    Listed,
    Manifest,
    copy_file,
    facts_of,
    fresh_folder,
    publish_folder,
    write_manifest,
)
from puhui.adapters.backup_postgres import DUMP, dump_postgresql
from puhui.adapters.home_opened import ERASURES, KEYS, STOPS, VAULT
from puhui.model.keys import KeyStore
from puhui.model.refusal import Said
from puhui.model.refusals import Busy, HomeRefused

TABLES, VAULT_FILE, LAKE = "records.db", "vault.db", "lake"
_APART = {KEYS, VAULT, LAKE, "ledger", "work", "packs"}  # the ledger's tiles and the link `packs` are made again
_READERS = "lock.mdb"  # LMDB's table of who reads now
_PATIENCE, _PAUSE = 600.0, 0.2  # seconds

Lease = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Source:
    """A home and who else writes it. `leases`: of every table of the lake. `scratch`: a private folder, in the home."""

    home: Path
    database: str  # a PostgreSQL address; empty: SQLite in the home
    leases: Sequence[Lease]
    scratch: Path
    with_figures: bool = True


def copy_zone(source: Source, target: Path) -> list[Listed]:
    """Everything but the keys. Raises Busy where somebody delivers for ten minutes on end."""
    second = source.scratch / LAKE
    with _quiet(source.leases):
        _second_names(source.home / LAKE, second, with_figures=source.with_figures)
        files = [_tables(source, target)]
    files.append(_database(source.home / VAULT / VAULT_FILE, target, f"{VAULT}/{VAULT_FILE}"))
    files += [one for name in (ERASURES, STOPS) if (one := _copied(source.home, f"{VAULT}/{name}", target))]
    files += _tree(second, target / LAKE, LAKE)
    for entry in sorted(source.home.iterdir()):
        if entry.name not in _APART and not entry.name.startswith((".", TABLES)):
            copy = target / entry.name
            files += _tree(entry, copy, entry.name) if entry.is_dir() else [copy_file(entry, copy, entry.name)]
    shutil.rmtree(second)
    return files


def copy_keys(home: Path, target: Path) -> list[Listed]:
    """The keys as they stand now. None where another keeps them."""
    folder = home / KEYS
    names = sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []
    return [copy_file(folder / name, target / name, name) for name in names if not name.startswith(".")]


@contextmanager
def _quiet(leases: Sequence[Lease]) -> Iterator[None]:
    """All leases, each waited for."""
    until = time.monotonic() + _PATIENCE
    with ExitStack() as held:
        for lease in leases:
            while True:
                try:
                    held.enter_context(lease())
                    break
                except Busy:
                    if time.monotonic() > until:
                        raise
                    time.sleep(_PAUSE)
        yield


def _second_names(lake: Path, second: Path, *, with_figures: bool) -> None:
    """The same files under a second name, so that a compaction may remove the first. Drafts and locks are left out.

    Snapshots have no lease: one that is being built, or is pruned at this moment, is left out.
    """
    figures = lake / "service" / "figures"
    second.mkdir(mode=0o700)
    if lake.is_dir():
        _name_again(lake, second, figures)
    if with_figures and figures.is_dir():
        (second / "service").mkdir(mode=0o700, exist_ok=True)
        (second / "service" / "figures").mkdir(mode=0o700)
        for entry in figures.iterdir():
            if entry.name.isdigit() or entry.name == "current":
                with suppress(FileNotFoundError):
                    _entry_again(entry, second / "service" / "figures" / entry.name, figures)


def _name_again(folder: Path, second: Path, left_out: Path) -> None:
    for entry in folder.iterdir():
        if entry != left_out and not entry.name.startswith(".") and entry.name != _READERS:
            _entry_again(entry, second / entry.name, left_out)


def _entry_again(entry: Path, second: Path, left_out: Path) -> None:
    if entry.is_symlink():
        second.symlink_to(os.readlink(entry))
    elif entry.is_dir():
        second.mkdir(mode=0o700)
        _name_again(entry, second, left_out)
    else:
        os.link(entry, second)


def _tables(source: Source, target: Path) -> Listed:
    if source.database:
        return dump_postgresql(source.database, target / DUMP)
    return _database(source.home / TABLES, target, TABLES)


def _database(file: Path, target: Path, path: str) -> Listed:
    """One moment of an SQLite file, all at once: step by step, a busy writer would make it begin again and again."""
    draft = target / f"{path}.draft"
    draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as live, closing(sqlite3.connect(draft)) as copy:
        live.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    listed = copy_file(draft, target / path, path, 0o600)
    draft.unlink()
    return listed


def _copied(home: Path, path: str, target: Path) -> Listed | None:
    return copy_file(home / path, target / path, path) if (home / path).exists() else None


def _tree(folder: Path, target: Path, name: str) -> list[Listed]:
    """A folder's files, links as links; drafts and locks are left out."""
    files = []
    for entry in sorted(folder.iterdir()):
        path = f"{name}/{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and not entry.is_symlink():
            files += _tree(entry, target / entry.name, path)
        else:
            files.append(copy_file(entry, target / entry.name, path))
    return files


@dataclass(frozen=True, slots=True)
class Facts:
    """What the manifest says of the zone. `size`, `root`: of the log when the backup began; it holds at least that."""

    zone: str
    made_at: str
    database: str
    size: int
    root: str


def write_backup(
    source: Source, target: Path, keys_target: Path | None, facts: Facts, keys: KeyStore
) -> dict[str, object]:
    """A whole backup, keys apart: both folders appear at the end or not at all. Raises HomeRefused, Busy."""
    check_apart(source.home, target, keys_target)
    draft = fresh_folder(target)
    files = copy_zone(source, draft)
    database = "postgresql" if facts.database else "sqlite"
    manifest = Manifest(1, facts.zone, facts.made_at, database, facts.size, facts.root, tuple(files))
    if keys_target:
        keys_draft = fresh_folder(keys_target)
        listed = tuple(copy_keys(source.home, keys_draft))
        write_manifest(keys_draft, Manifest(1, facts.zone, facts.made_at, "keys", 0, "", listed), keys)
        publish_folder(keys_draft, keys_target)
    digest = write_manifest(draft, manifest, keys)
    publish_folder(draft, target)
    return {**facts_of(manifest), "files": len(files), "bytes": sum(one.size for one in files), "manifest": digest}


def check_apart(home: Path, target: Path, keys_target: Path | None) -> None:
    """HomeRefused where a folder is not empty, or lies in another, or keys in the home have nowhere to go."""
    if keys_target is None and (home / KEYS).is_dir() and any((home / KEYS).iterdir()):
        raise _not_apart("须用 --keys-out 给出密钥的备份文件夹", "the keys need a folder of their own: --keys-out")
    folders = [one.resolve() for one in (home, target, keys_target) if one is not None]
    for one in folders[1:]:
        if one.exists() and (not one.is_dir() or any(one.iterdir())):
            raise _not_apart(f"{one.name} 不是空文件夹", f"{one.name} is not an empty folder")
    if any(one != other and other in one.parents for one in folders for other in folders) or len(set(folders)) < len(
        folders
    ):
        raise _not_apart("专区、备份、密钥备份须互不包含", "home, backup and backup of keys lie apart from each other")


def _not_apart(zh: str, en: str) -> HomeRefused:
    return HomeRefused(
        Said(zh, en),
        todo=Said("密钥与其余备份分开存放，放在不同的介质上", "keep the keys apart from the rest, on another medium"),
    )
