"""Keys as files: one file per key version in a folder that only the zone's account may enter (0700, files 0600).

Promises: a key is created once even if two processes ask at the same moment; what is returned is on the disk.
Whoever reads this folder reads everything it protects: production puts the folder on its own sealed volume,
or another KeyStore (a hardware module) in its place.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from puhui.adapters.durable import create_bytes, sync_folder
from puhui.model.keys import Key
from puhui.model.refusal import Said
from puhui.model.refusals import Broken

_SIZE = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,100}")


class FileKeys:
    """A KeyStore over one folder. File `name.3` holds version 3 of `name`, 32 raw bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)

    def current(self, name: str) -> Key:
        """The newest version of `name`, created if there is none."""
        _named(name)
        while not (versions := self._versions(name)):
            self._create(name, 1)
        return self.by_id(f"{name}/{versions[-1]}")

    def by_id(self, key_id: str) -> Key:
        """The key of that id. Raises Broken if it is gone or damaged."""
        try:
            secret = self._file(key_id).read_bytes()
        except FileNotFoundError:
            raise _lost(key_id) from None
        if len(secret) != _SIZE:
            raise _lost(key_id)
        return Key(key_id, secret)

    def renew(self, name: str) -> Key:
        """A new version of `name`; when two ask at once, both get one of their own."""
        _named(name)
        while True:
            version = (self._versions(name) or [0])[-1] + 1
            if self._create(name, version):
                return self.by_id(f"{name}/{version}")

    def destroy(self, key_id: str) -> None:
        """Overwrites the file, then removes it. A file system that copies on write may keep old blocks."""
        file = self._file(key_id)
        try:
            with file.open("r+b") as opened:
                opened.write(secrets.token_bytes(_SIZE))
                opened.flush()
                os.fsync(opened.fileno())
            file.unlink()
        except FileNotFoundError:
            return
        sync_folder(self._folder)

    def _versions(self, name: str) -> list[int]:
        found = (file.name.rpartition(".") for file in self._folder.iterdir())
        return sorted(int(version) for stem, _, version in found if stem == name and version.isdigit())

    def _file(self, key_id: str) -> Path:
        name, _, version = key_id.rpartition("/")
        _named(name)
        if not version.isdigit():
            raise ValueError("a key id is name/version")
        return self._folder / f"{name}.{version}"

    def _create(self, name: str, version: int) -> bool:
        """The name appears whole or not at all. False if another was first."""
        return create_bytes(self._folder / f"{name}.{version}", secrets.token_bytes(_SIZE))


def _named(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError("a key's name is lower-case letters, digits, dots and hyphens")


def _lost(key_id: str) -> Broken:
    return Broken(
        Said(f"密钥 {key_id} 不存在或已损坏", f"the key {key_id} is gone or damaged"),
        todo=Said(
            "从密钥备份恢复该密钥；若已依法销毁，其保护的数据不可再读",
            "restore it from its backup; if it was destroyed by law, what it protected cannot be read again",
        ),
    )
