"""Documents and evidence at rest: AES-256-GCM under the subject's record key, or a zone key where nobody signed yet.

Promise: a ciphertext opens only with its key and as what it is bound to (the letter's id); a changed byte is refused.
"""

from __future__ import annotations

import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from puhui.model.refusal import Said
from puhui.model.refusals import Broken

_NONCE = 12


class RecordKeys(Protocol):
    """The keys under which records about subjects lie; they die with the subject's own key."""

    def record_key(self, token: str) -> bytes:
        """32 secret bytes, always the same for a subject. Raises NoSubject where it is unknown or erased."""


def seal(key: bytes, plain: bytes, bound_to: str) -> bytes:
    """Nonce and ciphertext."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, b"letter|" + bound_to.encode())


def open_sealed(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    """The plain bytes. Raises Broken for a wrong key, a changed byte, or another letter's ciphertext."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], b"letter|" + bound_to.encode())
    except (InvalidTag, ValueError):
        raise Broken(
            Said("授权书打不开：密钥不对或内容被改动", "a letter does not open: wrong key or changed"),
            todo=Said("停止写入，核对密钥目录与备份", "stop writing; compare the key folder and the backups"),
        ) from None
