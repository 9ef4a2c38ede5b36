"""Keys under a token (PKCS #11: a hardware security module, a smart card, SoftHSM): an extra, `puhui[pkcs11]`.

The files of the key folder hold each secret under an AES-256 key that was made in the token, cannot be taken out of it
and is bound to the key's id (AES-GCM). So every kind of key (of the index, of sealing, of signing) is protected alike,
and a copy of the folder is worth nothing without the token and its PIN. What it does not do: a secret in use is in the
zone's memory, because index and sealing need it a thousand times a second.

The setting is an RFC 7512 URI: `pkcs11:token=NAME;object=LABEL?module-path=/PATH.so&pin-source=/PATH`. The PIN comes
from a file that only the zone's account may read.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, unquote

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import NoSuchKey, PKCS11Error

from puhui.adapters.keys_file import SECRET_SIZE
from puhui.model.refusal import Said
from puhui.model.refusals import KeysRefused

_NONCE, _TAG_BITS = 12, 128


@dataclass(frozen=True, slots=True)
class TokenUri:
    """Which key of which token, by which module, and the file of the PIN."""

    token: str
    label: str
    module: Path
    pin_file: Path

    @classmethod
    def parse(cls, text: str) -> TokenUri:
        """Raises KeysRefused where a part is missing, unknown, or is the PIN itself."""
        path, _, query = text.removeprefix("pkcs11:").partition("?")
        parts = dict(part.partition("=")[::2] for part in path.split(";"))
        more = {name: values[-1] for name, values in parse_qs(query).items()}
        if set(parts) != {"token", "object"} or set(more) != {"module-path", "pin-source"}:
            raise _refused("the URI needs token, object, module-path and pin-source, and nothing else")
        files = Path(more["module-path"]), Path(more["pin-source"].removeprefix("file:"))
        if not all(file.is_absolute() for file in files):
            raise _refused("module-path and pin-source are absolute")
        return cls(unquote(parts["token"]), unquote(parts["object"]), *files)


@dataclass(frozen=True, slots=True)
class _Session:
    """The one session of this process with a token: who is logged in there is a matter of the process."""

    session: Any
    lock: Lock


class TokenWrapping:
    """`Wrapping` by the token's key. Safe to share between threads: one of them asks the token at a time."""

    def __init__(self, uri: TokenUri, *, may_make: bool) -> None:
        """`may_make`: the folder holds no key yet, so the token's key may be made where there is none."""
        self._opened: dict[bytes, bytes] = {}  # what was unwrapped before, by its wrapped bytes
        try:
            opened = _session(uri.module, uri.token, _pin(uri.pin_file))
            with opened.lock:
                self._key: Any = _key_of(opened.session, uri.label, may_make=may_make)
            self._lock = opened.lock
        except (PKCS11Error, RuntimeError, OSError) as fault:
            raise _refused(type(fault).__name__) from None

    def wrap(self, key_id: str, secret: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        try:
            with self._lock:
                return nonce + bytes(self._key.encrypt(secret, **_how(nonce, key_id)))
        except PKCS11Error as fault:
            raise _refused(type(fault).__name__) from None

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes | None:
        if len(wrapped) != _NONCE + SECRET_SIZE + _TAG_BITS // 8:
            return None
        known = key_id.encode() + b"|" + wrapped
        if known not in self._opened:
            try:
                with self._lock:
                    plain = self._key.decrypt(wrapped[_NONCE:], **_how(wrapped[:_NONCE], key_id))
            except PKCS11Error:
                return None  # a token says no more of a tag that does not hold
            self._opened[known] = bytes(plain)
        return self._opened[known]


@cache
def _session(module: Path, token: str, pin: str) -> _Session:
    return _Session(pkcs11.lib(str(module)).get_token(token_label=token).open(rw=True, user_pin=pin), Lock())


def _how(nonce: bytes, key_id: str) -> dict[str, Any]:
    params = GCMParams(nonce, aad=f"puhui-key|{key_id}".encode(), tag_bits=_TAG_BITS)
    return {"mechanism": Mechanism.AES_GCM, "mechanism_param": params}


def _key_of(session: Any, label: str, *, may_make: bool) -> Any:
    try:
        key = session.get_key(object_class=ObjectClass.SECRET_KEY, key_type=KeyType.AES, label=label)
    except NoSuchKey:
        if not may_make:
            raise
        template = {Attribute.TOKEN: True, Attribute.PRIVATE: True, Attribute.SENSITIVE: True}
        template[Attribute.EXTRACTABLE] = False
        return session.generate_key(KeyType.AES, 256, label=label, store=True, template=template)
    if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
        raise _refused("the key of that label can be taken out of the token")
    return key


def _pin(file: Path) -> str:
    with file.open("rb") as opened:
        if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
            raise _refused("other accounts may read the file of the PIN: chmod 600")
        return opened.read().decode().strip()


def _refused(why: str) -> KeysRefused:
    return KeysRefused(
        Said(f"密码设备中的密钥不能使用（{why}）", f"the token's key cannot be used: {why}"),
        todo=Said(
            "检查 zone.toml 的 keys 一项、设备是否接入、口令文件；设备丢失须用其备份恢复",
            "check `keys` in zone.toml, the token and the file of its PIN; a lost token comes back from its own backup",
        ),
    )
