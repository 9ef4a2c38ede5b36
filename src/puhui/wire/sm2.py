"""SM2 signatures with SM3 (GB/T 32918.2, GM/T 0003.2) behind the interface of `keys`; the user id is the default one.

Promises: a signature is r ‖ s, 64 bytes, so that it has one form only. Keys are the PEM files of OpenSSL 3 (PKCS #8 and
SubjectPublicKeyInfo over the curve sm2p256v1, OID 1.2.156.10197.1.301); each form has one length and is compared byte
for byte. Importing this module needs the extra `sm2` (gmssl-pyx), which writes two lines to standard error for each
signature that does not verify; they hold nothing of the message.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from hashlib import sha512

import gmssl_pyx

from puhui.model.refusal import Said
from puhui.model.refusals_question import KeyRefused
from puhui.wire import keys

USER_ID = b"1234567812345678"  # GM/T 0009-2012, clause 10: where nothing else is agreed

# The curve sm2p256v1 (GB/T 32918.5): y² = x³ + ax + b over the field of _PRIME, a = -3
_PRIME = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_A = _PRIME - 3
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_BASE = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
_SIGNED_FIRST = (len(USER_ID) * 8).to_bytes(2) + USER_ID + b"".join(one.to_bytes(32) for one in (_A, _B, *_BASE))
_SEED = b"puhui sm2-sm3 private key of a seed\n"
_Point = tuple[int, int]

# DER of the parts that never change.
_ALGORITHM = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")  # ecPublicKey over sm2p256v1
_PUBLIC_HEAD = bytes.fromhex("3059") + _ALGORITHM + bytes.fromhex("03420004")  # then x ‖ y
_PRIVATE_HEAD = bytes.fromhex("308187020100") + _ALGORITHM + bytes.fromhex("046d306b0201010420")  # then d
_PRIVATE_MIDDLE = bytes.fromhex("a14403420004")  # then x ‖ y


@dataclass(frozen=True, slots=True)
class Sm2Verifying:
    """A public SM2 key. Made by `verifying`, which refuses points off the curve."""

    id: str
    public: bytes
    algorithm: str = field(default=keys.SM2_SM3, init=False)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature, r ‖ s, is this key's over exactly this message."""
        if len(signature) != keys.SIGNATURE_SIZE:
            return False
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        if not (0 < r < _ORDER and 0 < s < _ORDER):
            return False
        return bool(gmssl_pyx.sm2_verify(self.public, message, _der(r, s), USER_ID))


@dataclass(frozen=True, slots=True)
class Sm2Signing:
    """A private SM2 key, 32 bytes, with its public half."""

    id: str
    _secret: bytes = field(repr=False)
    _public: bytes = field(repr=False)
    algorithm: str = field(default=keys.SM2_SM3, init=False)

    def sign(self, message: bytes) -> bytes:
        """r ‖ s, 64 bytes; another one each time."""
        # of the digest: the library's `sm2_sign` prepares thirty-two signatures each time, and uses one
        return _raw(gmssl_pyx.sm2_sign_sm3_digest(self._secret, _digest(self._public, message)))

    def verifying(self) -> Sm2Verifying:
        """The public half."""
        return Sm2Verifying(self.id, self._public)

    def private_pem(self) -> bytes:
        """PKCS #8, not encrypted, as OpenSSL 3 writes it."""
        return _pem("PRIVATE KEY", _PRIVATE_HEAD + self._secret + _PRIVATE_MIDDLE + self._public)


def generate(key_id: str) -> Sm2Signing:
    """A new private key."""
    public, secret = gmssl_pyx.sm2_key_generate()
    return Sm2Signing(key_id, secret, public)


def of_seed(key_id: str, seed: bytes) -> Sm2Signing:
    """The key of a 32-byte seed, always the same for the same seed: of 512 bits of hash, so without a noticeable bias.

    Its public half takes some milliseconds of a time that depends on the key: made once in a process, never on request.
    """
    if len(seed) != 32:
        raise _refused()
    secret = int.from_bytes(sha512(_SEED + seed).digest()) % (_ORDER - 2) + 1
    x, y = _times(secret, _BASE)
    return Sm2Signing(key_id, secret.to_bytes(32), x.to_bytes(32) + y.to_bytes(32))


def _times(number: int, point: _Point) -> _Point:
    """The multiple of a point by 1 up to the order less 2: by doubling and adding, which never meets infinity there."""
    found = point
    for bit in f"{number:b}"[1:]:
        found = _plus(found, found)
        if bit == "1":
            found = _plus(found, point)
    return found


def _plus(one: _Point, other: _Point) -> _Point:
    """The sum of two points that are not each other's negative (GB/T 32918.1)."""
    (x1, y1), (x2, y2) = one, other
    rise, run = (3 * x1 * x1 + _A, 2 * y1) if one == other else (y2 - y1, x2 - x1)
    slope = rise * pow(run, -1, _PRIME) % _PRIME
    x3 = (slope * slope - x1 - x2) % _PRIME
    return x3, (slope * (x1 - x3) - y1) % _PRIME


def _digest(public: bytes, message: bytes) -> bytes:
    """What is signed: SM3 of the signer's own digest Z and of the message (GB/T 32918.2, 5.5 and 6.1)."""
    return bytes(gmssl_pyx.sm3_hash(gmssl_pyx.sm3_hash(_SIGNED_FIRST + public) + message))


def verifying(key_id: str, public: bytes) -> Sm2Verifying:
    """The public key x ‖ y, 64 bytes. Raises KeyRefused where that is no point of the curve."""
    if len(public) != 64:
        raise _refused()
    try:
        gmssl_pyx.normalize_sm2_public_key(public)
    except gmssl_pyx.InvalidValueError:
        raise _refused() from None
    return Sm2Verifying(key_id, public)


def private_of_pem(pem: bytes, key_id: str) -> Sm2Signing:
    """The private key of PEM text. Raises KeyRefused, also where the public half that it holds is another's."""
    der = _der_of(pem, "PRIVATE KEY")
    secret, public = der[36:68], der[74:]
    if der != _PRIVATE_HEAD + secret + _PRIVATE_MIDDLE + public or not 0 < int.from_bytes(secret) < _ORDER - 1:
        raise _refused()
    key = Sm2Signing(key_id, secret, verifying(key_id, public).public)
    if not key.verifying().verify(b"", key.sign(b"")):
        raise _refused()
    return key


def public_of_pem(pem: bytes, key_id: str) -> Sm2Verifying:
    """The public key of PEM text. Raises KeyRefused."""
    der = _der_of(pem, "PUBLIC KEY")
    if not der.startswith(_PUBLIC_HEAD):
        raise _refused()
    return verifying(key_id, der[len(_PUBLIC_HEAD) :])


def public_pem(public: bytes) -> bytes:
    """SubjectPublicKeyInfo as PEM."""
    return _pem("PUBLIC KEY", _PUBLIC_HEAD + public)


def _der(r: int, s: int) -> bytes:
    """SEQUENCE of two INTEGERs (GM/T 0009), which gmssl takes."""
    body = _integer(r) + _integer(s)
    return b"\x30" + bytes([len(body)]) + body


def _integer(number: int) -> bytes:
    size = number.bit_length() // 8 + 1  # a leading zero where the first bit is set
    return b"\x02" + bytes([size]) + number.to_bytes(size)


def _raw(der: bytes) -> bytes:
    """r ‖ s of what gmssl gives."""
    split = 4 + der[3]
    return int.from_bytes(der[4:split]).to_bytes(32) + int.from_bytes(der[split + 2 :]).to_bytes(32)


def _pem(label: str, der: bytes) -> bytes:
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def _der_of(pem: bytes, label: str) -> bytes:
    lines = pem.strip().splitlines()
    if lines[0] != f"-----BEGIN {label}-----".encode() or lines[-1] != f"-----END {label}-----".encode():
        raise _refused()
    return binascii.a2b_base64(b"".join(lines[1:-1]))


def _refused() -> KeyRefused:
    return KeyRefused(
        Said("不是 SM2 密钥（sm2p256v1）", "this is no SM2 key (sm2p256v1)"),
        todo=Said("用 OpenSSL 3 生成的 SM2 密钥文件", "give a PEM file of an SM2 key as OpenSSL 3 makes it"),
    )
