"""Records of the log: salted commitments outside, sealed inside.

Promises: what the tree holds is SHA-256(salt ‖ record) and tells nothing; salt and record lie under AES-256-GCM, bound
to the entry's index, with the key of their subject. When that key is gone the record is gone and every proof stays
true.
"""

from __future__ import annotations

import os
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from puhui.ledger.templates import Template, unpacked
from puhui.model.keys import KeyStore
from puhui.model.refusal import Said
from puhui.model.refusals_question import LogBroken

SALT = 32
SUBJECT = "subject"  # the key id of what is sealed under its subject's record key
_NONCE = 12


class RecordKeys(Protocol):
    """The keys under which records of subjects are sealed. They die with their subjects."""

    def key_for(self, subject: str) -> tuple[str, bytes] | None:
        """Key id (stored beside the record) and 32 bytes; None: the subject is erased or unknown. Repeatable."""

    def open(self, key_id: str, subject: str) -> bytes | None:
        """The key that sealed; None: it is destroyed. Repeatable."""


class ZoneKeys:
    """The month's keys of the zone, for records that are about nobody: `log-YYYY-MM`."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self._month: tuple[str, tuple[str, bytes]] | None = None

    def of_month(self, at: datetime) -> tuple[str, bytes]:
        """Key id and secret for what is logged at that time."""
        name = f"log-{at:%Y-%m}"
        if self._month is None or self._month[0] != name:
            key = self._store.current(name)
            self._month = (name, (key.id, key.secret))
        return self._month[1]

    def open(self, key_id: str) -> bytes:
        """The key of that id. Raises Broken if it is gone."""
        return self._store.by_id(key_id).secret


def new_salt() -> bytes:
    return os.urandom(SALT)


def commitment(salt: bytes, record: bytes) -> bytes:
    """What the log says of a record: 32 bytes."""
    return sha256(salt + record).digest()


def seal_record(key: bytes, index: int, salt: bytes, packed: bytes) -> bytes:
    """Nonce and ciphertext of salt and record, bound to the index. `packed`: the record by `templates.Packing`."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, salt + packed, _bound(index))


def open_record(key: bytes, index: int, sealed: bytes, entry: bytes, template: Template) -> tuple[bytes, bytes]:
    """Salt and record. `template`: finds one by its name.

    Raises LogBroken where the key does not fit, a byte changed, or the commitment is another.
    """
    try:
        plain = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(index))
    except (InvalidTag, ValueError):
        raise _unreadable(index) from None
    salt, record = plain[:SALT], unpacked(plain[SALT:], template)
    if commitment(salt, record) != entry:
        raise _unreadable(index)
    return salt, record


def _bound(index: int) -> bytes:
    return b"log|" + str(index).encode()


def _unreadable(index: int) -> LogBroken:
    return LogBroken(
        Said(f"日志第 {index} 条的记录与其承诺不符", f"the record of entry {index} does not fit its commitment"),
        todo=Said("停止写入，核对备份与密钥目录", "stop writing; compare the backups and the key folder"),
        where=str(index),
    )
