"""Officers as files: NAME.pub (raw public key) and NAME.role beside it, in a folder of the zone's home (0700)."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from puhui.desk.officers import public_half
from puhui.desk.roles import DEFAULT, Role
from puhui.model.refusal import Said
from puhui.model.refusals import HomeRefused
from puhui.wire.durable import replace_bytes

_NAME = re.compile(r"[\w-]{1,60}")


class OfficerFiles:
    """An OfficerBook over one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keys(self) -> dict[str, bytes]:
        return {file.stem: file.read_bytes() for file in sorted(self._folder.glob("*.pub"))}

    def roles(self) -> dict[str, Role]:
        """The role of every officer; who was registered before there were roles has the default one."""
        return {name: self._role(name) for name in self.keys()}

    def check_new(self, name: str) -> None:
        """HomeRefused where the name is no plain word, or an officer's already."""
        if not _NAME.fullmatch(name) or name in self.keys():
            raise HomeRefused(
                Said("经办人姓名不合要求或已登记", "the officer's name is not a plain word, or is registered"),
                todo=Said("换一个姓名或工号", "take another name or staff number"),
            )

    def add(self, name: str, public: bytes, role: Role) -> None:
        """The role is written before the key: an officer counts once the key is there, and then has a role."""
        known = self.keys()
        if known.get(name) == public and self._role(name) is role:
            return
        self.check_new(name)
        if public in known.values():
            raise HomeRefused(
                Said("该密钥已属另一位经办人：一人一个角色", "this key is another officer's: one person has one role"),
                todo=Said("由本人生成新的密钥", "the officer makes a key of their own"),
            )
        self._folder.mkdir(mode=0o700, exist_ok=True)
        replace_bytes(self._folder / f"{name}.role", role.value.encode())
        replace_bytes(self._folder / f"{name}.pub", public)  # half a key would lock everybody out

    def _role(self, name: str) -> Role:
        file = self._folder / f"{name}.role"
        return Role(file.read_text("utf-8").strip()) if file.exists() else DEFAULT


def make_key(file: Path) -> bytes:
    """A new key: the private half in `file` (0600) and nowhere else; the public half, raw. HomeRefused where one is."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(pem)
    except OSError:
        raise HomeRefused(
            Said("私钥文件已存在或无法写入", "the key file is there already, or cannot be written"),
            todo=Said("换一个文件名", "take another file name"),
        ) from None
    return public_half(private)
