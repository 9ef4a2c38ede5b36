"""Keys that sign and keys that verify, one interface for every algorithm; PEM files and raw public keys.

Promises: the algorithm is a property of the key, never of the message: what verifies is the key's own method, and a
message that names another algorithm does not verify. A private key is written for its owner alone (0600) and is never
in a text of ours. Ed25519 is RFC 8032 by libsodium, which takes neither weak keys nor a second form of a signature;
SM2 with SM3 (GB/T 32918) comes with the extra `sm2`.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
    randombytes,
)
from nacl.exceptions import BadSignatureError

from puhui.model.refusal import Said
from puhui.model.refusals_question import KeyRefused
from puhui.wire.durable import sync_folder, write_new

ED25519 = "ed25519"
SM2_SM3 = "sm2-sm3"
ALGORITHMS = (ED25519, SM2_SM3)
SIGNATURE_SIZE = 64  # bytes, of both: Ed25519's R ‖ S, SM2's r ‖ s


class Verifying(Protocol):
    """A public key under its id. Safe to share between threads."""

    @property
    def id(self) -> str:
        """What signatures name: `bank-a/1`, `zone/1`."""

    @property
    def algorithm(self) -> str:
        """One of ALGORITHMS."""

    @property
    def public(self) -> bytes:
        """The raw public key: 32 bytes (Ed25519), 64 bytes x ‖ y (SM2)."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature, 64 bytes, is this key's over exactly this message. Never raises for what is given."""


class Signing(Protocol):
    """A private key under its id. Safe to share between threads."""

    @property
    def id(self) -> str:
        """What its signatures name."""

    @property
    def algorithm(self) -> str:
        """One of ALGORITHMS."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes. Ed25519: the same message gives the same signature; SM2 does not."""

    def verifying(self) -> Verifying:
        """The public half, under the same id."""

    def private_pem(self) -> bytes:
        """PKCS #8, not encrypted: for `write_private`."""


@dataclass(frozen=True, slots=True)
class Ed25519Verifying:
    """A public Ed25519 key. Made by `verifying`, which refuses points that are none."""

    id: str
    public: bytes
    algorithm: str = field(default=ED25519, init=False)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over exactly this message."""
        if len(signature) != SIGNATURE_SIZE:
            return False
        try:
            crypto_sign_open(signature + message, self.public)
        except BadSignatureError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Ed25519Signing:
    """A private Ed25519 key. `_secret`: seed and public key, as libsodium prepares it once."""

    id: str
    _secret: bytes = field(repr=False)
    algorithm: str = field(default=ED25519, init=False)

    @classmethod
    def of_seed(cls, key_id: str, seed: bytes) -> Ed25519Signing:
        """The key of a 32-byte seed (RFC 8032's private key)."""
        if len(seed) != 32:
            raise _refused("Ed25519 私钥应为 32 字节", "an Ed25519 private key has 32 bytes")
        return cls(key_id, crypto_sign_seed_keypair(seed)[1])

    def sign(self, message: bytes) -> bytes:
        """64 bytes, always the same for the same message."""
        return crypto_sign(message, self._secret)[:SIGNATURE_SIZE]

    def verifying(self) -> Ed25519Verifying:
        """The public half."""
        return Ed25519Verifying(self.id, self._secret[32:])

    def private_pem(self) -> bytes:
        """PKCS #8 (RFC 8410), not encrypted."""
        key = Ed25519PrivateKey.from_private_bytes(self._secret[:32])
        return key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def generate(key_id: str, algorithm: str = ED25519) -> Signing:
    """A new private key. Raises KeyRefused for an algorithm that is unknown or not installed."""
    if algorithm == ED25519:
        return Ed25519Signing.of_seed(key_id, randombytes(32))
    return _sm2(algorithm).generate(key_id)


def of_seed(key_id: str, algorithm: str, seed: bytes) -> Signing:
    """The private key of 32 secret bytes, which is how a zone's own keys are kept. Raises KeyRefused as `generate`."""
    return Ed25519Signing.of_seed(key_id, seed) if algorithm == ED25519 else _sm2(algorithm).of_seed(key_id, seed)


def verifying(key_id: str, algorithm: str, public: bytes) -> Verifying:
    """The public key of its stored parts. Raises KeyRefused where the bytes are no key of that algorithm."""
    if algorithm != ED25519:
        return _sm2(algorithm).verifying(key_id, public)
    if len(public) != 32 or not crypto_core_ed25519_is_valid_point(public):
        raise _refused("不是有效的 Ed25519 公钥", "these are not the bytes of an Ed25519 public key")
    return Ed25519Verifying(key_id, public)


def write_private(key: Signing, file: Path) -> None:
    """Writes the private key as PEM, for its owner alone, durably. Raises FileExistsError: no key is overwritten."""
    write_new(file, key.private_pem())
    sync_folder(file.parent)


def read_private(file: Path, key_id: str) -> Signing:
    """The private key of a PEM file (PKCS #8, not encrypted); the file tells the algorithm. Raises KeyRefused."""
    try:
        return private_of_pem(file.read_bytes(), key_id)
    except OSError as error:
        why = error.strerror
        raise _refused(f"私钥文件无法读取（{why}）", f"the key file cannot be read ({why})") from None


def private_of_pem(pem: bytes, key_id: str) -> Signing:
    """The private key of PEM text; what stands before it is no part of it (RFC 7468, 2). Raises KeyRefused."""
    pem = pem[max(pem.find(b"-----BEGIN"), 0) :]
    if _is_sm2(pem):
        return _sm2(SM2_SM3).private_of_pem(pem, key_id)
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _not_pem() from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _not_pem()
    return Ed25519Signing.of_seed(key_id, key.private_bytes_raw())


def public_pem(key: Verifying) -> bytes:
    """The public key as PEM (SubjectPublicKeyInfo), whose object identifier tells the algorithm."""
    if key.algorithm != ED25519:
        return _sm2(key.algorithm).public_pem(key.public)
    return Ed25519PublicKey.from_public_bytes(key.public).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def public_of_pem(pem: bytes, key_id: str) -> Verifying:
    """The public key of PEM text; what stands before it is no part of it (RFC 7468, 2). Raises KeyRefused."""
    pem = pem[max(pem.find(b"-----BEGIN"), 0) :]
    if _is_sm2(pem):
        return _sm2(SM2_SM3).public_of_pem(pem, key_id)
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise _not_pem() from None
    if not isinstance(key, Ed25519PublicKey):
        raise _not_pem()
    return verifying(key_id, ED25519, key.public_bytes_raw())


class _Sm2(Protocol):
    """What `puhui.wire.sm2` gives; imported where a key asks for it."""

    def generate(self, key_id: str) -> Signing: ...
    def of_seed(self, key_id: str, seed: bytes) -> Signing: ...
    def verifying(self, key_id: str, public: bytes) -> Verifying: ...
    def private_of_pem(self, pem: bytes, key_id: str) -> Signing: ...
    def public_of_pem(self, pem: bytes, key_id: str) -> Verifying: ...
    def public_pem(self, public: bytes) -> bytes: ...


def _sm2(algorithm: str) -> _Sm2:
    if algorithm != SM2_SM3:
        raise _refused("不支持该签名算法", "this signature algorithm is not supported")
    try:
        from puhui.wire import sm2
    except ModuleNotFoundError as error:
        if error.name != "gmssl_pyx":
            raise
        raise KeyRefused(
            Said("未安装国密 SM2 支持", "SM2 is not installed here"),
            todo=Said("安装 puhui[sm2]（仅 x86_64）", "install puhui[sm2] (x86_64 only)"),
        ) from None
    return cast(_Sm2, sm2)


def _is_sm2(pem: bytes) -> bool:
    """Whether the PEM holds the object identifier of the SM2 curve."""
    try:
        body = b"".join(pem.strip().splitlines()[1:-1])
        return b"\x2a\x81\x1c\xcf\x55\x01\x82\x2d" in binascii.a2b_base64(body)
    except binascii.Error:
        return False


def _not_pem() -> KeyRefused:
    return _refused("不是 Ed25519 或 SM2 密钥的 PEM 文件", "this is no PEM file of an Ed25519 or SM2 key, unencrypted")


def _refused(zh: str, en: str) -> KeyRefused:
    return KeyRefused(
        Said(zh, en), todo=Said("检查密钥文件、算法和长度", "check the key file, its algorithm and length")
    )
