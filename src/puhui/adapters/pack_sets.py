"""The zone's sets of packs, each a folder by its digest: HOME/pack-sets/DIGEST/PACK/…, read-only once it is there.

Promises: a set appears whole or not at all. Which set is in use, the zone's tables say; HOME/packs is a link to it, for
people. Sets that were in use before stay, so that the definitions of older figures can be read.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from puhui.model.refusal import Said
from puhui.model.refusals import Broken
from puhui.packs.digests import folder_digest, set_digest
from puhui.wire.durable import publish, sync_file, sync_folder

SETS, SHOWN, DRAFT = "pack-sets", "packs", ".draft"


class PackSets:
    """The sets of packs of one home."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._root = home / SETS

    def keep(self, folders: Sequence[Path]) -> str:
        """Copy these packs as one set, durable once it returns; its digest. Repeatable. They were checked before."""
        draft = self._root / DRAFT
        with self._alone():
            shutil.rmtree(draft, ignore_errors=True)  # what a stop left
            for folder in folders:
                _copy(folder, draft / folder.resolve().name)
            digest = _digest(draft)
            if not (self._root / digest).exists():
                _settle(draft)
                publish(draft, self._root / digest)
            shutil.rmtree(draft, ignore_errors=True)
        return digest

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time, the next one waits; a dead one lets go."""
        self._root.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(self._root, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def folders(self, digest: str) -> list[Path]:
        """The folders of a set's packs. Raises Broken where it is gone."""
        found = _packs_in(self._root / digest) if digest else []
        if not found:
            raise Broken(
                Said("使用中的数据包集合不见了", "the set of packs is gone"),
                todo=Said(f"从备份恢复 {SETS}", f"restore {SETS} from a backup"),
            )
        return found

    def show(self, digest: str) -> None:
        """Point HOME/packs at a set. Repeatable; a stop leaves the link as it was, and the next start mends it.

        A backup may have come back with a copy of a set in the link's place: it gives way. Other folders stay.
        """
        link = self._home / SHOWN
        target = f"{SETS}/{digest}"
        if link.is_symlink() and os.readlink(link) == target:
            return
        if link.is_dir() and not link.is_symlink():
            if not (self._root / _digest(link)).exists():
                return
            shutil.rmtree(link)
        fresh = self._home / f".{SHOWN}.new"
        with self._alone():
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(target)
            publish(fresh, link)

    def shown(self) -> str:
        """The digest of the set that HOME/packs points at; empty where it points at none."""
        link = self._home / SHOWN
        return Path(os.readlink(link)).name if link.is_symlink() else ""


def _copy(folder: Path, target: Path) -> None:
    """Links are kept as links, so that the check refuses them in the copy too."""
    shutil.copytree(folder, target, symlinks=True, ignore=shutil.ignore_patterns(".*"))


def _packs_in(folder: Path) -> list[Path]:
    return sorted(pack for pack in folder.iterdir() if pack.is_dir()) if folder.is_dir() else []


def _digest(folder: Path) -> str:
    """Of the set of packs in a folder, as `load_packs` names it where nothing is wrong with them."""
    return set_digest((pack.name, folder_digest(_contents(pack))) for pack in _packs_in(folder))


def _contents(pack: Path) -> dict[str, bytes]:
    return {str(file.relative_to(pack)): file.read_bytes() for file in pack.rglob("*") if file.is_file()}


def _settle(draft: Path) -> None:
    """Every byte and name of the set is on the disk, and nobody edits a file by mistake."""
    for place, _, names in os.walk(draft):
        for file in (Path(place, name) for name in names):
            if not file.is_symlink():
                file.chmod(0o444)
                sync_file(file)
        sync_folder(Path(place))
