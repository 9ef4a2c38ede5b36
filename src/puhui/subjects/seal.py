"""How the vault seals what must be read again: authenticated encryption, each subject's record under its own key.

Each ciphertext is bound to what it belongs to (its token or case) and stored beside the id of its algorithm
and of the key that wraps it, so that SM4 and SM3 can join as further ids without touching what is there.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from puhui.model.refusal import Said
from puhui.model.refusals import Broken

AES_256_GCM = 1
CIPHERS = {AES_256_GCM: "AES-256-GCM"}
KEY_SIZE = 32
CHECK_SIZE = 16
_NONCE = 12
_KEY_OF, _RECORD_OF = b"k|", b"r|"


def check_value(key: bytes, message: str) -> bytes:
    """HMAC-SHA256 of a message, its first 128 bits: what commits to a key or a line of a journal."""
    return hmac.digest(key, message.encode(), "sha256")[:CHECK_SIZE]


def seal(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """Nonce and ciphertext under AES-256-GCM."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def seal_each(
    wrapping: bytes, keys: Sequence[bytes], plains: Iterable[bytes], names: Iterable[bytes]
) -> tuple[list[bytes], list[bytes]]:
    """For many subjects, each with its key, its plain bytes and the name that both are bound to: the keys under the
    wrapping key, and the plain bytes under the keys."""
    drawn = os.urandom(2 * _NONCE * len(keys))
    nonces = [drawn[at : at + _NONCE] for at in range(0, len(drawn), _NONCE)]
    wrap = AESGCM(wrapping).encrypt
    wrapped, bodies = [], []
    for key, plain, name, first, second in zip(keys, plains, names, nonces[0::2], nonces[1::2], strict=True):
        wrapped.append(first + wrap(first, key, _KEY_OF + name))
        bodies.append(second + AESGCM(key).encrypt(second, plain, _RECORD_OF + name))
    return wrapped, bodies


def seal_body(key: bytes, plain: bytes, name: bytes) -> bytes:
    """A subject's record under its own key."""
    return seal(key, plain, _RECORD_OF + name)


def open_body(cipher: int, wrapping: bytes, wrapped: bytes, body: bytes, name: bytes) -> tuple[bytes, bytes]:
    """A subject's key and its record's plain bytes. Raises Broken as `open_sealed`."""
    key = open_key(cipher, wrapping, wrapped, name)
    return key, open_sealed(cipher, key, body, _RECORD_OF + name)


def open_key(cipher: int, wrapping: bytes, wrapped: bytes, name: bytes) -> bytes:
    """A subject's key alone. Raises Broken as `open_sealed`."""
    return open_sealed(cipher, wrapping, wrapped, _KEY_OF + name)


def rewrap(cipher: int, old: bytes, new: bytes, wrapped: bytes, name: bytes) -> bytes:
    """A subject's key, wrapped by another key. Raises Broken as `open_sealed`."""
    return seal(new, open_sealed(cipher, old, wrapped, _KEY_OF + name), _KEY_OF + name)


def open_sealed(cipher: int, key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """The plain bytes. Raises Broken for a wrong key, a changed byte, a moved row or an unknown algorithm."""
    if cipher not in CIPHERS:
        raise _broken()
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)
    except (InvalidTag, ValueError):
        raise _broken() from None


def _broken() -> Broken:
    return Broken(
        Said("身份库的记录打不开：密钥不对或内容被改动", "a record does not open: wrong key or changed"),
        todo=Said("停止写入，核对密钥目录与备份", "stop writing; compare the key folder and the backups"),
    )
