"""What the profile of RFC 9421 takes and refuses, as a table: one change to a signed message, one refusal.

Each case changes what reaches the receiver; unless it says `signed anew`, the signature stays as it was made.
"""

from __future__ import annotations

from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256, sha512

import pytest

from puhui.model.refusals_question import BadRequest, BadSignature, QuestionRefused, Stale, TooLarge
from puhui.wire.http_fields import signature_base
from puhui.wire.http_signatures import (
    MAX_BODY,
    NOTICE,
    REQUEST,
    HttpRequest,
    check_signature,
    new_nonce,
    parse_answer,
    parse_request,
    raw,
    sign_answer,
    sign_request,
    verify_request,
)
from puhui.wire.keys import Ed25519Signing

NOW = 1_795_000_000
KEY = Ed25519Signing.of_seed("bank-a/1", bytes(range(32)))
OTHER = Ed25519Signing.of_seed("bank-a/1", bytes(32))
ZONE = Ed25519Signing.of_seed("zone/1", bytes([7]) * 32)
NONCE = "AAECAwQFBgcICQoLDA0ODw"
IDEMPOTENCY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
BODY = b'{"v":1,"product":"tax_loan_full","purpose":"lending"}'  # whose digest has a slash


def posted(body: bytes = BODY, tag: str = REQUEST, key: Ed25519Signing = KEY, created: int = NOW) -> HttpRequest:
    headers = sign_request(
        "POST",
        "zone.example",
        "/v1/answers",
        body=body,
        key=key,
        created=created,
        nonce=NONCE,
        idempotency_key=IDEMPOTENCY,
        tag=tag,
    )
    return HttpRequest("POST", "zone.example", "/v1/answers", "", raw(headers), body)


def got(query: str = "limit=5") -> HttpRequest:
    headers = sign_request("GET", "zone.example", "/v1/trace", query, key=KEY, created=NOW, nonce=NONCE)
    return HttpRequest("GET", "zone.example", "/v1/trace", query, raw(headers), b"")


def received(request: HttpRequest, now: int = NOW, tag: str = REQUEST) -> None:
    """What a receiver does: parse, then verify with the key that it knows of that name."""
    verify_request(parse_request(request, tag), KEY.verifying(), now)


# --- ways to change a message ---

Change = Callable[[HttpRequest], HttpRequest]


def header(name: str, old: bytes, new: bytes) -> Change:
    """Replaces within one header."""

    def change(request: HttpRequest) -> HttpRequest:
        before = dict(request.headers)
        assert old in before[name.encode()]
        after = [(n, v.replace(old, new) if n == name.encode() else v) for n, v in request.headers]
        return replace(request, headers=after)

    return change


def without(name: str) -> Change:
    return lambda request: replace(request, headers=[one for one in request.headers if one[0] != name.encode()])


def added(name: str, value: bytes) -> Change:
    return lambda request: replace(request, headers=[*request.headers, (name.encode(), value)])


def twice(name: str, spelled: str = "") -> Change:
    return lambda r: replace(r, headers=[*r.headers, ((spelled or name).encode(), dict(r.headers)[name.encode()])])


def part(**changed: object) -> Change:
    return lambda request: replace(request, **changed)


def signed_anew(old: str, new: str) -> Change:
    """Changes the parameters (or the covered list) and signs the base that a lenient reader would build of them."""

    def change(request: HttpRequest) -> HttpRequest:
        headers = dict(request.headers)
        stated = headers[b"signature-input"].decode()
        assert old in stated
        changed = stated.replace(old, new)
        base = signature_base(lenient(request, changed), changed.partition("=")[2].encode())
        label = changed.partition("=")[0]
        signature = f"{label}=:{b64encode(KEY.sign(base)).decode()}:"
        headers |= {b"signature-input": changed.encode(), b"signature": signature.encode()}
        return replace(request, headers=list(headers.items()))

    return change


def lenient(request: HttpRequest, stated: str) -> list[tuple[bytes, bytes]]:
    """The components that the list names, in its order."""
    derived = {
        '"@method"': request.method,
        '"@authority"': request.authority,
        '"@path"': request.path,
        '"@query"': "?" + request.query,
    }
    names = stated[stated.index("(") + 1 : stated.index(")")].split()
    headers = {f'"{name.decode()}"': value for name, value in request.headers}
    return [(name.encode(), derived[name].encode() if name in derived else headers[name]) for name in names]


def signature_of(base64: bytes) -> Change:
    """Another text of the signature."""
    return lambda r: replace(r, headers=[(n, base64 if n == b"signature" else v) for n, v in r.headers])


def digest_of(text: bytes) -> Change:
    """Another text of the digest, signed anew."""

    def change(request: HttpRequest) -> HttpRequest:
        headers = [(n, text if n == b"content-digest" else v) for n, v in request.headers]
        return signed_anew("alg", "alg")(replace(request, headers=headers))

    return change


def signature_bytes(request: HttpRequest) -> bytes:
    return b64decode(dict(request.headers)[b"signature"][7:-1])


GOOD = dict(posted().headers)
SIGNATURE = GOOD[b"signature"]
STATED = GOOD[b"signature-input"]
SHA512 = b"sha-512=:" + b64encode(sha512(BODY).digest()) + b":"
SHA256 = GOOD[b"content-digest"]


@dataclass(frozen=True)
class Case:
    name: str
    change: Change
    refusal: type[QuestionRefused] = BadSignature
    where: str = "signature"
    now: int = NOW


LIST = "signature-input"
CASES = [
    # what was sent is not what was signed
    Case("body changed", part(body=BODY.replace(b"lending", b"leasing")), where="content-digest"),
    Case("body cut", part(body=BODY[:-1]), where="content-digest"),
    Case("body taken away", part(body=b""), where="content-digest"),
    Case(
        "body and digest changed",
        lambda r: header("content-digest", SHA256, dict(posted(b"{}").headers)[b"content-digest"])(
            replace(r, body=b"{}")
        ),
    ),
    Case("other method", part(method="PUT")),
    Case("other authority", part(authority="zone-b.example")),
    Case("other port", part(authority="zone.example:8443")),
    Case("other path", part(path="/v1/answers:batch")),
    Case("path spelled otherwise", part(path="/v1/%61nswers")),
    Case("path with a line of its own", part(path='/v1/answers\n"x": y'), BadRequest, "path"),
    Case("path with a blank", part(path="/v1/answers x"), BadRequest, "path"),
    Case("path beyond ASCII", part(path="/v1/答复"), BadRequest, "path"),
    Case("query beside a body", part(query="a=1"), BadRequest, "query"),
    Case("other idempotency key", header("idempotency-key", b"8e03978e", b"8e03978f")),
    Case("other content type", header("content-type", b"json", b"xml"), BadRequest, "content-type"),
    Case(
        "content type with a parameter",
        header("content-type", b"json", b"json; charset=utf-8"),
        BadRequest,
        "content-type",
    ),
    Case("other nonce", header(LIST, b"AAEC", b"AAED")),
    Case(
        "other times", header(LIST, b"created=1795000000;expires=1795000300", b"created=1795000001;expires=1795000301")
    ),
    Case("other key named", header(LIST, b"bank-a/1", b"bank-b/1"), where="keyid"),
    # a header is missing, or there twice
    Case("no idempotency key", without("idempotency-key"), BadRequest, "idempotency-key"),
    Case("no content type", without("content-type"), BadRequest, "content-type"),
    Case("no digest", without("content-digest"), where="content-digest"),
    Case("no signature", without("signature")),
    Case("no signature input", without(LIST), where=LIST),
    Case("digest twice", twice("content-digest"), where="content-digest"),
    Case("digest twice, once in capitals", twice("content-digest", "Content-Digest"), where="content-digest"),
    Case("content type twice", twice("content-type"), where="content-type"),
    Case("idempotency key twice", twice("idempotency-key"), where="idempotency-key"),
    Case("signature twice", twice("signature")),
    Case("signature input twice", twice(LIST), where=LIST),
    # two signatures
    Case("a second signature", header("signature", b"puhui=", b"x=:AAAA:, puhui=")),
    Case("a second signature behind", signature_of(SIGNATURE + b", x=:AAAA:")),
    Case("a second input before", header(LIST, b"puhui=", b'x=("@method"), puhui='), where=LIST),
    Case("a second input behind", header(LIST, b'request-1"', b'request-1", x=("@method")'), where=LIST),
    Case(
        "other label",
        lambda r: header("signature", b"puhui=", b"sig1=")(header(LIST, b"puhui=", b"sig1=")(r)),
        where=LIST,
    ),
    # the covered list, signed anew by the right key
    Case("list shrunken: no digest", signed_anew(' "content-digest"', ""), where=LIST),
    Case(
        "list shrunken: the method alone",
        signed_anew(STATED.decode()[6:].partition(")")[0] + ")", '("@method")'),
        where=LIST,
    ),
    Case("list empty", signed_anew(STATED.decode()[6:].partition(")")[0] + ")", "()"), where=LIST),
    Case(
        "list of a request without a body",
        signed_anew('"content-digest" "content-type" "idempotency-key"', '"@query"'),
        where="content-digest",
    ),
    Case("list reordered", signed_anew('"@method" "@authority"', '"@authority" "@method"'), where=LIST),
    Case("list grown", signed_anew('"@path"', '"@path" "@query"'), where=LIST),
    Case("a name twice in the list", signed_anew('"@path"', '"@path" "@path"'), where=LIST),
    Case("a parameter in the list", header(LIST, b'"content-digest"', b'"content-digest";sf'), where=LIST),
    Case("two blanks in the list", header(LIST, b'"@method" "@authority"', b'"@method"  "@authority"'), where=LIST),
    Case("a tab in the list", header(LIST, b'"@method" "@authority"', b'"@method"\t"@authority"'), where=LIST),
    Case("capitals in the list", header(LIST, b"@method", b"@METHOD"), where=LIST),
    # the parameters, signed anew by the right key
    Case(
        "parameters reordered",
        signed_anew('keyid="bank-a/1";alg="ed25519"', 'alg="ed25519";keyid="bank-a/1"'),
        where=LIST,
    ),
    Case("no created", signed_anew("created=1795000000;", ""), where=LIST),
    Case("no expires", signed_anew("expires=1795000300;", ""), where=LIST),
    Case("no nonce", signed_anew(f'nonce="{NONCE}";', ""), where=LIST),
    Case("no tag", signed_anew(';tag="puhui-request-1"', ""), where=LIST),
    Case("no algorithm", signed_anew(';alg="ed25519"', ""), where=LIST),
    Case("a parameter more", signed_anew(";tag", ";x=1;tag"), where=LIST),
    Case("a parameter more at the end", signed_anew('request-1"', 'request-1";x=1'), where=LIST),
    Case("a blank behind the list", signed_anew(");", ") ;"), where=LIST),
    Case("a parameter twice", signed_anew(";tag", ';keyid="bank-a/1";tag'), where=LIST),
    Case("a blank behind a semicolon", signed_anew(";expires", "; expires"), where=LIST),
    Case("something behind", header(LIST, b'request-1"', b'request-1" '), where=LIST),
    Case("a quote missing", signed_anew(f'nonce="{NONCE}"', f'nonce="{NONCE}'), where=LIST),
    Case("nothing but a quote", signed_anew('keyid="bank-a/1"', 'keyid="'), where=LIST),
    Case("wrong tag: an answer's", signed_anew("puhui-request-1", "puhui-answer-1"), where="tag"),
    Case("wrong tag: a notice's", signed_anew("puhui-request-1", "puhui-notice-1"), where="tag"),
    Case("a tag with more", signed_anew("puhui-request-1", "puhui-request-10"), where="tag"),
    Case("lives too long", signed_anew("1795000300", "1795000301"), where="expires"),
    Case("ends as it begins", signed_anew("1795000300", "1795000000"), where="expires"),
    Case("ends before it begins", signed_anew("1795000300", "1794999999"), where="expires"),
    Case("time with a sign", signed_anew("created=1795000000", "created=+179500000"), where="created"),
    Case("time with a leading nought", signed_anew("created=1795000000", "created=0179500000"), where="created"),
    Case("time of eleven digits", signed_anew("created=1795000000", "created=17950000000"), where="created"),
    Case("time as a decimal", signed_anew("created=1795000000", "created=179500000.0"), where="created"),
    Case("time in quotes", signed_anew("created=1795000000", 'created="1795000000"'), where="created"),
    Case("nonce too short", signed_anew(NONCE, NONCE[:-1]), where="nonce"),
    Case("nonce too long", signed_anew(NONCE, NONCE + "A"), where="nonce"),
    Case("nonce with padding", signed_anew(NONCE, NONCE[:-2] + "=="), where="nonce"),
    Case("nonce of the other alphabet", signed_anew(NONCE, "+" + NONCE[1:]), where="nonce"),
    Case("nonce with bits beyond 16 bytes", signed_anew(NONCE, NONCE[:-1] + "x"), where="nonce"),
    Case("key id empty", signed_anew("bank-a/1", ""), where="keyid"),
    Case("key id in capitals", signed_anew("bank-a/1", "BANK-A/1"), where="keyid"),
    Case("key id too long", signed_anew("bank-a/1", "b" * 101), where="keyid"),
    Case("key id with an escaped quote", signed_anew("bank-a/1", 'bank-a/1\\"x'), where="keyid"),
    # time
    Case("stale", part(), Stale, "expires", NOW + 361),
    Case("from the future", part(), Stale, "created", NOW - 61),
    # key and algorithm
    Case("foreign key", lambda r: posted(key=OTHER)),
    Case("algorithm of another kind of key", signed_anew("ed25519", "sm2-sm3"), where="alg"),
    Case("algorithm unknown", signed_anew("ed25519", "hmac-sha256"), where="alg"),
    Case("algorithm none", signed_anew("ed25519", "none"), where="alg"),
    Case("algorithm empty", signed_anew('alg="ed25519"', 'alg=""'), where="alg"),
    # the digest
    Case("digest of another algorithm", digest_of(SHA512), where="content-digest"),
    Case("two digests", digest_of(SHA256 + b", " + SHA512), where="content-digest"),
    Case("digest in hex", digest_of(b"sha-256=" + sha256(BODY).hexdigest().encode()), where="content-digest"),
    Case("digest in capitals", digest_of(SHA256.replace(b"sha", b"SHA")), where="content-digest"),
    Case(
        "digest in base64url",
        digest_of(b"sha-256=:" + urlsafe_b64encode(sha256(BODY).digest()) + b":"),
        where="content-digest",
    ),
    Case(
        "digest without padding",
        digest_of(SHA256.replace(b"=:", b":", 2).replace(b"sha-256:", b"sha-256=:")),
        where="content-digest",
    ),
    Case("digest with a parameter", digest_of(SHA256 + b";x=1"), where="content-digest"),
    # the signature's text
    Case("bad base64", signature_of(SIGNATURE.replace(SIGNATURE[10:12], b"!!"))),
    Case("base64 with bits that count for nothing", signature_of(SIGNATURE[:-4] + bytes([SIGNATURE[-4] + 1]) + b"==:")),
    Case("base64 without padding", signature_of(SIGNATURE.replace(b"==:", b":"))),
    Case("base64 with more padding", signature_of(SIGNATURE.replace(b"==:", b"====:"))),
    Case("base64 with a blank", signature_of(SIGNATURE.replace(b"puhui=:", b"puhui=: "))),
    Case("no colons", signature_of(SIGNATURE.replace(b":", b""))),
    Case("not 64 bytes", signature_of(b"puhui=:" + b64encode(bytes(65)) + b":")),
    Case("empty", signature_of(b"puhui=::")),
    Case("a blank before", signature_of(b" " + SIGNATURE)),
    Case("a parameter behind", signature_of(SIGNATURE + b";x")),
    Case("nought", signature_of(b"puhui=:" + b64encode(bytes(64)) + b":")),
    # limits
    Case("oversized", part(body=b" " * (MAX_BODY + 1)), TooLarge, ""),
    Case(
        "idempotency key too short",
        header("idempotency-key", IDEMPOTENCY.encode(), b"k" * 15),
        BadRequest,
        "idempotency-key",
    ),
    Case(
        "idempotency key too long",
        header("idempotency-key", IDEMPOTENCY.encode(), b"k" * 65),
        BadRequest,
        "idempotency-key",
    ),
    Case("idempotency key with a dot", header("idempotency-key", b"-", b"."), BadRequest, "idempotency-key"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(case: Case) -> None:
    with pytest.raises(case.refusal) as refused:
        received(case.change(posted()), case.now)
    assert type(refused.value) is case.refusal
    assert refused.value.where == case.where


def test_the_untouched_message_is_taken() -> None:
    received(posted())
    received(got())
    received(got(query=""))
    received(posted(tag=NOTICE), tag=NOTICE)
    received(posted(body=b""))
    received(posted(body=b" " * MAX_BODY))


@pytest.mark.parametrize("now", [NOW - 60, NOW + 360])
def test_clocks_may_differ_by_a_minute(now: int) -> None:
    received(posted(), now)


QUERY_CASES = {
    "other query": part(query="limit=500"),
    "query taken away": part(query=""),
    "query spelled otherwise": part(query="limit=%35"),
    "other path": part(path="/v1/products"),
    "a body that nobody signed": part(body=b"{}"),
    "a digest that nobody signed": added("content-digest", SHA256),
    "list of a request with a body": header(LIST, b'"@query"', b'"content-digest" "content-type" "idempotency-key"'),
}


@pytest.mark.parametrize("change", QUERY_CASES.values(), ids=QUERY_CASES.keys())
def test_a_request_without_a_body(change: Change) -> None:
    with pytest.raises((BadSignature, BadRequest)):
        received(change(got()))


def test_headers_that_are_not_covered_do_not_count() -> None:
    received(added("x-forwarded-for", b"192.0.2.1")(added("accept", b"*/*")(posted())))


def test_names_of_headers_may_be_in_capitals() -> None:
    request = posted()
    received(replace(request, headers=[(name.title(), value) for name, value in request.headers]))


def test_the_digest_of_a_question_is_that_of_its_signature_base() -> None:
    parsed = parse_request(posted())
    assert parsed.digest == sha256(parsed.signed).digest()
    assert parsed.signed.startswith(
        b'"@method": POST\n"@authority": zone.example\n"@path": /v1/answers\n"content-digest": sha-256=:'
    )
    assert parsed.signed.endswith(b'"@signature-params": ' + STATED[6:])
    assert (parsed.nonce, parsed.idempotency_key, parsed.created, parsed.expires) == (
        NONCE,
        IDEMPOTENCY,
        NOW,
        NOW + 300,
    )


def test_nonces_differ_and_are_taken() -> None:
    nonces = {new_nonce() for _ in range(100)}
    assert len(nonces) == 100
    for nonce in nonces:
        sign_request("GET", "zone.example", "/v1/trace", key=KEY, created=NOW, nonce=nonce)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"nonce": "short"}, BadSignature),
        ({"idempotency_key": "short"}, BadRequest),
        ({"life": 301}, BadSignature),
        ({"path": "/a b"}, BadRequest),
        ({"query": "a=1"}, BadRequest),
        ({"body": bytes(MAX_BODY + 1)}, TooLarge),
    ],
)
def test_what_would_be_refused_is_not_signed(changed: dict[str, object], refusal: type[QuestionRefused]) -> None:
    asked = {"method": "POST", "authority": "z", "path": "/", "body": BODY, "key": KEY, "created": NOW, "nonce": NONCE}
    with pytest.raises(refusal):
        sign_request(**({**asked, "idempotency_key": IDEMPOTENCY} | changed))


# --- answers ---

ANSWERED = b'{"id":"A-x"}'
ASKED = signature_bytes(posted())


def answer(key: Ed25519Signing = ZONE) -> HttpRequest:
    """An answer in the shape of a request, so that the same changes can be made; its status stands in `method`."""
    return HttpRequest("200", "", "", "", raw(sign_answer(200, ANSWERED, ASKED, key=key, created=NOW)), ANSWERED)


def answered(message: HttpRequest, asked: bytes = ASKED) -> None:
    parsed = parse_answer(int(message.method), message.headers, message.body, asked)
    check_signature(parsed, ZONE.verifying())


ANSWER_CASES: dict[str, tuple[Change, str]] = {
    "other status": (part(method="403"), "signature"),
    "body changed": (part(body=b'{"id":"A-y"}'), "content-digest"),
    "other content type": (header("content-type", b"json", b"xml"), "content-type"),
    "other time": (header(LIST, b"created=1795000000", b"created=1795000001"), "signature"),
    "other key named": (header(LIST, b"zone/1", b"zone/2"), "keyid"),
    "other algorithm": (header(LIST, b"ed25519", b"sm2-sm3"), "alg"),
    "wrong tag": (header(LIST, b"puhui-answer-1", b"puhui-notice-1"), "tag"),
    "question left out of the list": (header(LIST, b' "signature";req;key="puhui"', b""), LIST),
    "status left out of the list": (header(LIST, b'"@status" ', b""), LIST),
    "list reordered": (header(LIST, b'"@status" "content-type"', b'"content-type" "@status"'), LIST),
    "parameters reordered": (header(LIST, b'keyid="zone/1";alg="ed25519"', b'alg="ed25519";keyid="zone/1"'), LIST),
    "a parameter more": (header(LIST, b";tag", b';nonce="x";tag'), LIST),
    "signature twice": (twice("signature"), "signature"),
    "no signature": (without("signature"), "signature"),
    "no digest": (without("content-digest"), "content-digest"),
    "no content type": (without("content-type"), "content-type"),
    "foreign key": (lambda message: answer(OTHER), "keyid"),
    "foreign key of that name": (lambda message: answer(Ed25519Signing.of_seed("zone/1", bytes(32))), "signature"),
}


@pytest.mark.parametrize(("change", "where"), ANSWER_CASES.values(), ids=ANSWER_CASES.keys())
def test_an_answer_is_refused(change: Change, where: str) -> None:
    with pytest.raises(BadSignature) as refused:
        answered(change(answer()))
    assert refused.value.where == where


def test_an_answer_is_to_its_own_question_alone() -> None:
    answered(answer())
    with pytest.raises(BadSignature):
        answered(answer(), signature_bytes(posted(created=NOW + 1)))


def test_a_request_is_no_answer_and_no_notice() -> None:
    with pytest.raises(BadSignature):
        parse_answer(200, posted().headers, BODY, ASKED)
    with pytest.raises(BadSignature):
        received(posted(), tag=NOTICE)
    with pytest.raises(BadSignature):
        received(posted(tag=NOTICE))


# --- the standard's own example ---


def test_rfc_9421_example_b_2_6() -> None:
    """Ed25519 over a request: the base that we build is the one that the RFC's signature is of."""
    key = Ed25519Signing.of_seed("test-key-ed25519", b64decode("n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU="))
    assert key.verifying().public == b64decode("JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")
    covered = b'("date" "@method" "@path" "@authority" "content-type" "content-length")'
    parameters = covered + b';created=1618884473;keyid="test-key-ed25519"'
    components = (
        (b'"date"', b"Tue, 20 Apr 2021 02:07:55 GMT"),
        (b'"@method"', b"POST"),
        (b'"@path"', b"/foo"),
        (b'"@authority"', b"example.com"),
        (b'"content-type"', b"application/json"),
        (b'"content-length"', b"18"),
    )
    stated = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    assert key.sign(signature_base(components, parameters)) == b64decode(stated)


def test_rfc_9530_example_of_a_digest() -> None:
    """RFC 9530, appendix B.1: `{"hello": "world"}` with a line feed."""
    headers = dict(sign_answer(200, b'{"hello": "world"}\n', ASKED, key=ZONE, created=NOW))
    assert headers["content-digest"] == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
