"""The signature's headers in the one byte form that the profile takes: read, checked, written.

Promises: each value has one form only (fixed order of parameters, ten digits of time, canonical base64), so two readers
cannot take one message for two; what is of another form is refused and not mended. Used by `http_signatures` alone.
"""

from __future__ import annotations

from base64 import b64encode
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Iterable, Sequence
from hashlib import sha256
from string import ascii_letters, ascii_lowercase, digits
from typing import NoReturn

from puhui.model.refusal import Said
from puhui.model.refusals_question import BadRequest, BadSignature
from puhui.wire.keys import ALGORITHMS, SIGNATURE_SIZE

MAX_LIFE = 300  # seconds from `created` to `expires`
SHORTEST_KEY, LONGEST_KEY = 16, 64  # characters of an idempotency key: letters, digits, `-` and `_`; made at random
JSON_TYPE = b"application/json"  # the one content type

LABEL = b"puhui="
WITH_BODY = LABEL + b'("@method" "@authority" "@path" "content-digest" "content-type" "idempotency-key")'
WITHOUT_BODY = LABEL + b'("@method" "@authority" "@path" "@query")'
OF_ANSWER = LABEL + b'("@status" "content-type" "content-digest" "signature";req;key="puhui")'
REQUEST_PARAMETERS = (b"created=", b"expires=", b'nonce="', b'keyid="', b'alg="', b'tag="')
ANSWER_PARAMETERS = (b"created=", b'keyid="', b'alg="', b'tag="')

_NEEDED = frozenset({b"content-digest", b"content-type", b"idempotency-key", b"signature-input", b"signature"})


def signature_base(components: Sequence[tuple[bytes, bytes]], parameters: bytes) -> bytes:
    """What is signed (RFC 9421, 2.5): each identifier with its value, then the list with its parameters."""
    lines = [b"%b: %b\n" % component for component in components]
    return b'%b"@signature-params": %b' % (b"".join(lines), parameters)


def visible(text: str, where: str) -> bytes:
    """Printable ASCII without blanks: nothing that could end a line of the signature base."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        bad_request("请求目标含不允许的字符", "the request's target has characters that are not allowed", where)
    return text.encode()


# --- headers ---


def covered(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers that the profile needs, by lower-case name. None of them stands twice."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in _NEEDED:
            if lower in found:
                refuse("同一报文头出现两次", "a header stands twice", lower.decode())
            found[lower] = value
    return found


def digest_header(body: bytes) -> bytes:
    """RFC 9530, one algorithm: SHA-256."""
    return b"sha-256=:%b:" % b2a_base64(sha256(body).digest(), newline=False)


def digest_of(found: dict[bytes, bytes], body: bytes) -> bytes:
    """The header, which is the one that this body has."""
    digest = digest_header(body)
    if found.get(b"content-digest") != digest:
        refuse("正文与摘要不符，或摘要格式不对", "the digest is not this body's, or of another form", "content-digest")
    return digest


def idempotency_key_of(found: dict[bytes, bytes]) -> bytes:
    """The idempotency key; without one no request that changes anything is taken."""
    key = found.get(b"idempotency-key", b"")
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY or key.translate(None, _URL_SAFE):
        bad_request(
            f"幂等键应为 {SHORTEST_KEY} 到 {LONGEST_KEY} 个字母、数字、- 或 _，随机生成",
            f"the idempotency key is to be {SHORTEST_KEY} to {LONGEST_KEY} letters, digits, - or _, made at random",
            "idempotency-key",
        )
    return key


def signature_header(signature: bytes) -> str:
    """One signature under the one label."""
    return f"puhui=:{b64encode(signature).decode()}:"


def signature_of(found: dict[bytes, bytes]) -> bytes:
    """The 64 bytes of the one signature. Its base64 has one form only."""
    header = found.get(b"signature", b"")
    try:
        signature = a2b_base64(header[7:-1])
    except Error:
        signature = b""
    if len(signature) != SIGNATURE_SIZE or header != b"puhui=:%b:" % b2a_base64(signature, newline=False):
        refuse("应恰有一个 64 字节的签名", "there is to be exactly one signature of 64 bytes", "signature")
    return signature


# --- parameters ---

_URL_SAFE = f"{ascii_letters}{digits}-_".encode()
_KEY_ID = f"{ascii_lowercase}{digits}-_./".encode()
_ALGORITHMS = {name.encode(): name for name in ALGORITHMS}
_LAST_OF_NONCE = b"AQgw"  # the last of 22 characters holds two bits


def request_parameters(text: bytes, tag: str) -> tuple[int, int, str, str, str]:
    """Created, expires, nonce, key id and algorithm."""
    created, expires, nonce, key_id, algorithm, stated_tag = values_of(text, REQUEST_PARAMETERS)
    if stated_tag != tag.encode():
        refuse("签名标签不符", "the tag is another", "tag")
    start, end = seconds(created, "created"), seconds(expires, "expires")
    if not 0 < end - start <= MAX_LIFE:
        refuse(f"有效期应为 1 到 {MAX_LIFE} 秒", f"the signature is to live 1 to {MAX_LIFE} seconds", "expires")
    if len(nonce) != 22 or nonce.translate(None, _URL_SAFE) or nonce[21] not in _LAST_OF_NONCE:
        refuse("随机数应为 16 字节的 base64url", "the nonce is to be 16 bytes in base64url", "nonce")
    return start, end, nonce.decode(), key_id_of(key_id), algorithm_of(algorithm)


def values_of(text: bytes, names: tuple[bytes, ...]) -> list[bytes]:
    """The values of exactly these parameters in this order; a name that ends with a quote has a quoted value."""
    parts = text.split(b";")
    if len(parts) != len(names) + 1 or parts[0]:
        refuse("签名参数不符合规定", "the parameters are not the profile's", "signature-input")
    return [_value(part, name) for part, name in zip(parts[1:], names, strict=True)]


def _value(part: bytes, name: bytes) -> bytes:
    quoted = name.endswith(b'"')
    if not part.startswith(name) or (quoted and (not part.endswith(b'"') or len(part) == len(name))):
        refuse("签名参数不符合规定", "the parameters are not the profile's", "signature-input")
    return part[len(name) : -1] if quoted else part[len(name) :]


def seconds(text: bytes, where: str) -> int:
    """Unix seconds in ten digits: from 2001 to 2286."""
    if len(text) != 10 or not text.isdigit() or text[0] == ord("0"):
        refuse("时间应为 10 位 Unix 秒", "a time is to be Unix seconds of ten digits", where)
    return int(text)


def key_id_of(text: bytes) -> str:
    """`bank-a/1`: lower-case letters, digits and `-_./`, at most 100."""
    if not 0 < len(text) <= 100 or text.translate(None, _KEY_ID):
        refuse("密钥编号格式不符", "the key's id is not of the form", "keyid")
    return text.decode()


def algorithm_of(text: bytes) -> str:
    """The algorithm that the message states; the key decides whether it is believed."""
    name = _ALGORITHMS.get(text)
    if name is None:
        refuse("不支持该签名算法", "this algorithm is not supported", "alg")
    return name


# --- refusals ---

_PROFILE = Said("按接口文档的签名规定签名", "sign by the interface's profile of RFC 9421")
_FORM = Said("按接口文档改正报文", "mend the message by the interface's documentation")


def refuse(zh: str, en: str, where: str) -> NoReturn:
    """Raises BadSignature."""
    raise BadSignature(Said(zh, en), todo=_PROFILE, where=where)


def bad_request(zh: str, en: str, where: str) -> NoReturn:
    """Raises BadRequest."""
    raise BadRequest(Said(zh, en), todo=_FORM, where=where)
