"""Officers and their keys: who acts is proved by a key file once the zone knows any officer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed

Officers = Mapping[str, bytes]  # name → raw Ed25519 public key


def identify_officer(name: str, key_file: Path | None, officers: Officers) -> str:
    """The officer's name, proved by the key file. A zone without registered officers takes the name as it is given."""
    if not officers:
        return name
    if name not in officers or key_file is None:
        raise _not_proved()
    challenge = secrets.token_bytes(32)
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise _not_proved()
        Ed25519PublicKey.from_public_bytes(officers[name]).verify(key.sign(challenge), challenge)
    except (InvalidSignature, ValueError, OSError):
        raise _not_proved() from None
    return name


def public_half(key: Ed25519PrivateKey) -> bytes:
    """The raw public key of an officer's private key."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _not_proved() -> NotAllowed:
    return NotAllowed(
        Said("经办人身份未能证明", "who acts could not be proved"),
        todo=Said("用已登记经办人的姓名和私钥文件", "give the name and key file of a registered officer"),
    )
