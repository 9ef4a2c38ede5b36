"""How the vault seals: keyed digests for what must be found, authenticated encryption for what must be read.

Each ciphertext is bound to what it belongs to (its token or case) and stored beside the id of its algorithm
and of the key that wraps it, so that SM4 and SM3 can join as further ids without touching what is there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from puhui.model.refusal import Said
from puhui.model.refusals import Broken

AES_256_GCM = 1
CIPHERS = {AES_256_GCM: "AES-256-GCM"}
DIGEST_ALGORITHM = "HMAC-SHA256/128"
DIGEST_SIZE = 16
KEY_SIZE = 32
_NONCE = 12
_BLOCK = 64  # bytes that SHA-256 takes at a time


def digests(key: bytes, messages: Iterable[bytes]) -> list[bytes]:
    """The keyed digest of each message: HMAC-SHA256, its first 128 bits."""
    # RFC 2104 written out: both pads are hashed once instead of once a message, which halves the time
    inner, outer = (sha256(bytes(byte ^ pad for byte in key.ljust(_BLOCK, b"\0"))) for pad in (0x36, 0x5C))
    found = []
    for message in messages:
        first = inner.copy()
        first.update(message)
        second = outer.copy()
        second.update(first.digest())
        found.append(second.digest()[:DIGEST_SIZE])
    return found


def digest(key: bytes, message: str) -> bytes:
    return digests(key, (message.encode(),))[0]


def seal(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """Nonce and ciphertext under AES-256-GCM."""
    return sealer(key)(plain, bound_to)


def sealer(key: bytes) -> Callable[[bytes, bytes], bytes]:
    """`seal` under one key for many texts: (plain, bound_to) → nonce and ciphertext."""
    encrypt = AESGCM(key).encrypt

    def sealed(plain: bytes, bound_to: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + encrypt(nonce, plain, bound_to)

    return sealed


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
