"""Keys as files: one file per key version in a folder that only the zone's account may enter (0700, files 0600).

Promises: a key is created once even if two processes ask at the same moment; what is returned is on the disk; a folder
or file that others may read is refused, not mended, because somebody may have read it. Whoever reads this folder reads
everything it protects: production puts the folder on its own sealed volume, lets a token wrap what stands in the files
(`keys_pkcs11`), or puts another KeyStore in its place (`keys_command`).
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path
from typing import Protocol

from puhui.model.keys import Key
from puhui.model.refusal import Said
from puhui.model.refusals import Broken, KeysRefused
from puhui.wire.durable import create_bytes, sync_folder

SECRET_SIZE = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,100}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Wrapping(Protocol):
    """What stands in the files in place of the secrets."""

    def wrap(self, key_id: str, secret: bytes) -> bytes:
        """The bytes of the file, bound to the id."""

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes | None:
        """The secret; None where the bytes are none of that key's."""


class Plain:
    """The secrets as they are."""

    def wrap(self, key_id: str, secret: bytes) -> bytes:
        return secret

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes | None:
        return wrapped if len(wrapped) == SECRET_SIZE else None


class FileKeys:
    """A KeyStore over one folder, whose file `name.3` holds version 3 of `name`. KeysRefused where others may enter."""

    def __init__(self, folder: Path, wrapping: Wrapping | None = None) -> None:
        self._folder = folder
        self._wrapping = wrapping or Plain()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_private(folder.stat(), folder)

    def current(self, name: str) -> Key:
        """The newest version of `name`, created if there is none."""
        check_name(name)
        while not (versions := self._versions(name)):
            self._create(name, 1)
        return self.by_id(f"{name}/{versions[-1]}")

    def by_id(self, key_id: str) -> Key:
        """The key of that id. Raises Broken if it is gone or damaged, KeysRefused if others may read its file."""
        file = self._file(key_id)
        try:
            with file.open("rb") as opened:
                _check_private(os.fstat(opened.fileno()), file)
                wrapped = opened.read()
        except FileNotFoundError:
            raise key_lost(key_id) from None
        secret = self._wrapping.unwrap(key_id, wrapped)
        if secret is None:
            raise key_lost(key_id)
        return Key(key_id, secret)

    def renew(self, name: str) -> Key:
        """A new version of `name`; when two ask at once, both get one of their own."""
        check_name(name)
        while True:
            version = (self._versions(name) or [0])[-1] + 1
            if self._create(name, version):
                return self.by_id(f"{name}/{version}")

    def destroy(self, key_id: str) -> None:
        """Overwrites the file, then removes it. A file system that copies on write may keep old blocks."""
        file = self._file(key_id)
        try:
            with file.open("r+b") as opened:
                opened.write(secrets.token_bytes(os.fstat(opened.fileno()).st_size))
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
        name, version = parts_of(key_id)
        return self._folder / f"{name}.{version}"

    def _create(self, name: str, version: int) -> bool:
        """The name appears whole or not at all. False if another was first."""
        wrapped = self._wrapping.wrap(f"{name}/{version}", secrets.token_bytes(SECRET_SIZE))
        return create_bytes(self._folder / f"{name}.{version}", wrapped)


def check_name(name: str) -> None:
    """ValueError for what is no key's name."""
    if not _NAME.fullmatch(name):
        raise ValueError("a key's name is lower-case letters, digits, dots and hyphens")


def parts_of(key_id: str) -> tuple[str, int]:
    """Name and version of `name/version`. ValueError for anything else."""
    name, _, version = key_id.rpartition("/")
    check_name(name)
    if not (version.isascii() and version.isdigit()):
        raise ValueError("a key id is name/version")
    return name, int(version)


def _check_private(found: os.stat_result, path: Path) -> None:
    """KeysRefused where the group or others may do anything with it."""
    if stat.S_IMODE(found.st_mode) & _OTHERS:
        mode = "700" if stat.S_ISDIR(found.st_mode) else "600"
        raise KeysRefused(
            Said(f"密钥 {path.name} 可被其他账户读取", f"other accounts may read the keys in {path.name}"),
            todo=Said(
                f"查明谁可能读过；确认无人后运行 chmod {mode} {path}，否则按密钥泄露处理（puhui key compromise）",
                f"find out who may have read them; if nobody, run `chmod {mode} {path}`, else treat them as compromised"
                " (`puhui key compromise`)",
            ),
        )


def key_lost(key_id: str) -> Broken:
    """The refusal for a key that is gone or damaged."""
    return Broken(
        Said(f"密钥 {key_id} 不存在或已损坏", f"the key {key_id} is gone or damaged"),
        todo=Said(
            "从密钥备份恢复该密钥；若已依法销毁，其保护的数据不可再读",
            "restore it from its backup; if it was destroyed by law, what it protected cannot be read again",
        ),
    )
