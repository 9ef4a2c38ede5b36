"""Signed HTTP messages: one strict profile of RFC 9421 (signatures) and RFC 9530 (digests of bodies).

Promises: what verifies is exactly what was sent: method, authority, path, body and its type, idempotency key, times
and nonce of a request; status, type, body and the request's own signature of an answer. Only one byte form of the
headers is taken (fixed list, fixed order, one label), so there is nothing to choose, shrink or reorder. The algorithm
is the key's. The forms are in docs/explanation/question-contract.md, "Messages".
"""

from __future__ import annotations

import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from puhui.model.refusal import Said
from puhui.model.refusals_question import Stale, TooLarge
from puhui.wire.http_fields import (
    ANSWER_PARAMETERS,
    JSON_TYPE,
    LABEL,
    MAX_LIFE,
    OF_ANSWER,
    WITH_BODY,
    WITHOUT_BODY,
    algorithm_of,
    bad_request,
    covered,
    digest_header,
    digest_of,
    idempotency_key_of,
    key_id_of,
    refuse,
    request_parameters,
    seconds,
    signature_base,
    signature_header,
    signature_of,
    values_of,
    visible,
)
from puhui.wire.keys import SIGNATURE_SIZE, Signing, Verifying

MAX_BODY = 64 * 1024  # bytes of a request
SKEW = 60  # seconds that two clocks may differ
REQUEST, NOTICE, ANSWER = "puhui-request-1", "puhui-notice-1", "puhui-answer-1"  # the tags

Components = tuple[tuple[bytes, bytes], ...]  # identifier and value, in the order of the list
RawHeaders = Iterable[tuple[bytes, bytes]]  # as ASGI and httpx (`headers.raw`) give them; names in any case
Headers = tuple[tuple[str, str], ...]  # what is sent; names in lower case


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came. `path` and `query` as they were sent (percent-encoded); `query` without its `?`.

    `authority`: the name that *this server* goes by, from its settings, in lower case, with the port where that is not
    the scheme's own; never what the request calls it, or a request to another zone could be played again here.
    """

    method: str
    authority: str
    path: str
    query: str
    headers: RawHeaders
    body: bytes = field(repr=False)


class Signed(Protocol):
    """What a verification needs: a parsed request, a parsed answer, or the model's Question."""

    @property
    def key_id(self) -> str: ...
    @property
    def algorithm(self) -> str: ...
    @property
    def signed(self) -> bytes: ...
    @property
    def signature(self) -> bytes: ...


class SignedInTime(Signed, Protocol):
    """What was signed for a time: a parsed request or the model's Question."""

    @property
    def created(self) -> int: ...
    @property
    def expires(self) -> int: ...


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request of the profile, not verified yet. `signed`: the signature base; `digest`: its SHA-256."""

    key_id: str
    algorithm: str
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    digest: bytes
    nonce: str
    created: int  # Unix seconds
    expires: int
    idempotency_key: str  # empty where the request has no body


@dataclass(frozen=True, slots=True)
class SignedAnswer:
    """An answer of the profile, not verified yet. `signed` covers the signature of the request that it answers."""

    key_id: str
    algorithm: str
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    created: int


_CLOCK = Said("校准时钟后重新签名，换新随机数", "set the clock, sign again with a fresh nonce")


# --- requests ---


def parse_request(request: HttpRequest, tag: str = REQUEST) -> SignedRequest:
    """The parts of a request of the profile; its body is held against its digest. No key, no clock.

    `tag` is NOTICE for a webhook. Raises TooLarge, BadRequest (content type, idempotency key, a query beside a body),
    BadSignature (everything else that is not of the profile).
    """
    found = covered(request.headers)
    stated = found.get(b"signature-input", b"")
    if stated.startswith(WITH_BODY):
        components, idempotency_key = _with_body(request, found), found[b"idempotency-key"].decode()
        parameters = stated[len(WITH_BODY) :]
    elif stated.startswith(WITHOUT_BODY):
        components, idempotency_key = _without_body(request, found), ""
        parameters = stated[len(WITHOUT_BODY) :]
    else:
        refuse("覆盖清单或标签不符合规定", "the covered list or its label is not the profile's", "signature-input")
    created, expires, nonce, key_id, algorithm = request_parameters(parameters, tag)
    base = signature_base(components, stated[len(LABEL) :])
    return SignedRequest(
        key_id=key_id,
        algorithm=algorithm,
        signed=base,
        signature=signature_of(found),
        digest=sha256(base).digest(),
        nonce=nonce,
        created=created,
        expires=expires,
        idempotency_key=idempotency_key,
    )


def verify_request(signed: SignedInTime, key: Verifying, now: int) -> None:
    """The request is in time, of this key's algorithm, and signed by it. `now`: Unix seconds.

    Works for a Question as well. Raises Stale, BadSignature.
    """
    check_time(signed, now)
    check_signature(signed, key)


def check_time(signed: SignedInTime, now: int) -> None:
    """Not from the future, not expired, by more than SKEW. Raises Stale."""
    if signed.created > now + SKEW:
        raise Stale(Said("签名时间超前", "the signature is from the future"), todo=_CLOCK, where="created")
    if signed.expires < now - SKEW:
        raise Stale(Said("签名已过期", "the signature has expired"), todo=_CLOCK, where="expires")


def check_signature(signed: Signed, key: Verifying) -> None:
    """The key is the one that is named, the algorithm is the key's, the signature is its own. Raises BadSignature."""
    if key.id != signed.key_id:
        refuse("签名所称的密钥不是此密钥", "the signature names another key", "keyid")
    if key.algorithm != signed.algorithm:
        refuse("签名算法不是该密钥的算法", "the algorithm is not the key's", "alg")
    if not key.verify(signed.signed, signed.signature):
        refuse("签名与报文或密钥不符", "the signature does not fit message and key", "signature")


def sign_request(
    method: str,
    authority: str,
    path: str,
    query: str = "",
    body: bytes | None = None,
    *,
    key: Signing,
    created: int,
    nonce: str,
    idempotency_key: str = "",
    life: int = MAX_LIFE,
    tag: str = REQUEST,
) -> Headers:
    """The headers to send with the request: digest, type and idempotency key where it has a body, and the signature.

    `nonce`: from `new_nonce`, fresh for every try. Raises BadRequest, BadSignature or TooLarge for what cannot be of
    the profile: what is sent was parsed once as its receiver will.
    """
    content: Headers = ()
    if body is not None:
        content = (*unsigned(body), ("idempotency-key", idempotency_key))
    head = WITHOUT_BODY if body is None else WITH_BODY
    stated = (
        f'{head.decode()};created={created};expires={created + life};nonce="{nonce}"'
        f';keyid="{key.id}";alg="{key.algorithm}";tag="{tag}"'
    )
    headers = (*content, ("signature-input", stated))
    draft = (*headers, ("signature", signature_header(bytes(SIGNATURE_SIZE))))
    parsed = parse_request(HttpRequest(method, authority, path, query, raw(draft), body or b""), tag)
    return (*headers, ("signature", signature_header(key.sign(parsed.signed))))


def new_nonce() -> str:
    """16 random bytes, base64url without padding: 22 characters."""
    return urlsafe_b64encode(secrets.token_bytes(16))[:22].decode()


# --- answers ---


def sign_answer(status: int, body: bytes, request_signature: bytes, *, key: Signing, created: int) -> Headers:
    """The headers to send with an answer. `request_signature`: the 64 bytes of the request's signature."""
    stated = f'{OF_ANSWER.decode()};created={created};keyid="{key.id}";alg="{key.algorithm}";tag="{ANSWER}"'
    content = unsigned(body)
    components = _answer_components(status, content[0][1].encode(), content[1][1].encode(), request_signature)
    signature = key.sign(signature_base(components, stated[len(LABEL) :].encode()))
    return (*content, ("signature-input", stated), ("signature", signature_header(signature)))


def unsigned(body: bytes) -> Headers:
    """Type and digest alone: for a refusal to somebody who was not recognised."""
    return (("content-type", JSON_TYPE.decode()), ("content-digest", digest_header(body).decode()))


def parse_answer(status: int, headers: RawHeaders, body: bytes, request_signature: bytes) -> SignedAnswer:
    """The parts of an answer of the profile to the request of that signature. Then: `check_signature(answer, key)`.

    Raises BadSignature.
    """
    found = covered(headers)
    stated = found.get(b"signature-input", b"")
    if not stated.startswith(OF_ANSWER):
        refuse("覆盖清单或标签不符合规定", "the covered list or its label is not the profile's", "signature-input")
    if found.get(b"content-type") != JSON_TYPE:
        refuse("内容类型应为 application/json", "the content type is not application/json", "content-type")
    components = _answer_components(status, JSON_TYPE, digest_of(found, body), request_signature)
    created, key_id, algorithm, tag = values_of(stated[len(OF_ANSWER) :], ANSWER_PARAMETERS)
    if tag != ANSWER.encode():
        refuse("签名标签不符", "the tag is another", "tag")
    return SignedAnswer(
        key_id=key_id_of(key_id),
        algorithm=algorithm_of(algorithm),
        signed=signature_base(components, stated[len(LABEL) :]),
        signature=signature_of(found),
        created=seconds(created, "created"),
    )


def raw(headers: Sequence[tuple[str, str]]) -> tuple[tuple[bytes, bytes], ...]:
    """Headers as the parsers take them."""
    return tuple((name.encode(), value.encode()) for name, value in headers)


# --- what is covered ---


def _with_body(request: HttpRequest, found: dict[bytes, bytes]) -> Components:
    if len(request.body) > MAX_BODY:
        raise TooLarge(
            Said(f"报文超过 {MAX_BODY} 字节", f"the body has more than {MAX_BODY} bytes"),
            todo=Said("拆成较小的请求", "split it into smaller requests"),
        )
    if request.query:
        bad_request("有正文的请求不得带查询参数", "a request with a body has no query", "query")
    if found.get(b"content-type") != JSON_TYPE:
        bad_request("内容类型应为 application/json", "the content type is to be application/json", "content-type")
    return (
        *_target(request),
        (b'"content-digest"', digest_of(found, request.body)),
        (b'"content-type"', JSON_TYPE),
        (b'"idempotency-key"', idempotency_key_of(found)),
    )


def _without_body(request: HttpRequest, found: dict[bytes, bytes]) -> Components:
    if request.body or b"content-digest" in found:
        refuse("签名未覆盖正文", "the signature does not cover the body", "content-digest")
    return (*_target(request), (b'"@query"', b"?" + visible(request.query, "query")))


def _target(request: HttpRequest) -> Components:
    return (
        (b'"@method"', visible(request.method, "method")),
        (b'"@authority"', visible(request.authority, "authority")),
        (b'"@path"', visible(request.path, "path")),
    )


def _answer_components(status: int, content_type: bytes, digest: bytes, request_signature: bytes) -> Components:
    return (
        (b'"@status"', b"%d" % status),
        (b'"content-type"', content_type),
        (b'"content-digest"', digest),
        (b'"signature";req;key="puhui"', b":%b:" % b64encode(request_signature)),
    )
