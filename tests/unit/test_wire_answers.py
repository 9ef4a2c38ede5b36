"""The answer's body and the answer file: one byte form, read strictly."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import msgspec
import pytest

from puhui.model.refusals_question import NotVerified
from puhui.wire.answers import (
    answer_id,
    encode_answer,
    encode_record,
    kept_headers,
    moment,
    read_answer,
    read_answer_file,
    write_answer_file,
)
from puhui.wire.canonical import canonical, is_canonical
from puhui.wire.http_signatures import HttpRequest, check_signature, parse_answer, parse_request, raw, verify_request

from .answers_made import BANK, NOW, ZONE, answer_file, item, receipt, record

ID = "A-" + "a" * 26


def body(**changed: object) -> bytes:
    return encode_answer(ID, receipt(encode_record(record(**changed))))


def test_a_body_holds_the_committed_bytes() -> None:
    committed = encode_record(record())
    answer = read_answer(encode_answer(ID, receipt(committed)))
    assert answer.record == committed and committed in body()
    assert (answer.salt, answer.proof) == (bytes(range(32)), receipt(b"").proof)
    assert answer.form.record == record()
    assert answer.form.receipt.checkpoint == receipt(b"").checkpoint


def test_body_and_record_are_canonical() -> None:
    assert is_canonical(encode_record(record()))
    assert is_canonical(body())
    assert is_canonical(body(basis=None, end_user="银行"))


def test_an_unknown_item_has_no_value() -> None:
    unknown = json.loads(encode_record(record()))["items"][1]
    assert unknown["known"] is False and unknown["reason"] == "absent" and unknown["coverage"] == [7, 12]
    assert "value" not in unknown and "flags" not in unknown


@pytest.mark.parametrize("value", ["120000.00", 7, True, False, "a band"])
def test_values_come_back_as_they_were(value: object) -> None:
    read = read_answer(body(items=(item(value=value),))).form.record.items[0].value
    assert read == value and type(read) is type(value)


def changed(raw: bytes, path: str, value: object) -> bytes:
    """The document with one value replaced (`...`: taken away), canonical again."""
    document = json.loads(raw)
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place[int(name) if isinstance(place, list) else name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return canonical(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("v", 2),
        ("id", ...),
        ("extra", 1),
        ("record.extra", 1),
        ("record.kind", "refusal"),
        ("record.items.0.form", "raw"),
        ("record.items.0.extra", 1),
        ("record.snapshot", "3"),
        ("record.items.0.value", None),
        ("salt", "AAAA"),
        ("salt", b64encode(bytes(32)).decode()[:-2] + "B="),
        ("salt", b64encode(bytes(32)).decode() + "\n"),
        ("receipt.proof", ["AAAA"]),
        ("receipt.index", "7"),
        ("receipt.checkpoint", ...),
    ],
)
def test_a_body_of_another_form_is_refused(path: str, value: object) -> None:
    with pytest.raises(NotVerified):
        read_answer(changed(body(), path, value))


def test_a_body_that_is_not_canonical_is_refused() -> None:
    for raw_body in (
        body() + b"\n",
        body().replace(b'"v":1', b'"v": 1'),
        b" " + body(),
        json.dumps(json.loads(body())).encode(),
    ):
        with pytest.raises(NotVerified):
            read_answer(raw_body)


def test_the_id_is_of_the_question_alone() -> None:
    """26 characters of base32: 130 bits."""
    digest = sha256(b"base").digest()
    assert answer_id(digest) == "A-ktsrjnpruum2jvlynlj4rxa47a"
    assert answer_id(digest) != answer_id(sha256(b"another").digest())


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 11, 22, 3, 4, 5, 123_999, tzinfo=UTC), "2026-11-22T03:04:05.123Z"),
        (datetime(2026, 11, 22, 11, 4, 5, tzinfo=timezone(timedelta(hours=8))), "2026-11-22T03:04:05.000Z"),
    ],
)
def test_a_moment(at: datetime, text: str) -> None:
    assert moment(at) == text


def test_a_moment_without_a_zone_is_nobody_knows_when() -> None:
    with pytest.raises(ValueError, match="zone"):
        moment(datetime(2026, 11, 22))


def test_an_answer_file_comes_back_and_verifies() -> None:
    file = read_answer_file(write_answer_file(answer_file()))
    assert file == answer_file()
    asked, came = file.request, file.response
    request = HttpRequest(
        asked.method, asked.authority, asked.path, asked.query, raw(tuple(asked.headers.items())), asked.body.encode()
    )
    question = parse_request(request)
    verify_request(question, BANK.verifying(), NOW)
    parsed = parse_answer(came.status, raw(tuple(came.headers.items())), came.body.encode(), question.signature)
    check_signature(parsed, ZONE.verifying())
    assert read_answer(came.body.encode()).form.id == answer_id(question.digest)


def test_what_was_added_later_is_kept() -> None:
    file = answer_file()
    more = msgspec.structs.replace(
        file, earlier=file.request, letter='{"v":1}', position=3, proof="c2sp.org/tlog-proof@v1\n"
    )
    assert read_answer_file(write_answer_file(more)) == more


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("v", 2),
        ("extra", ""),
        ("request.extra", ""),
        ("request.headers.authorization", "secret"),
        ("response.headers.set-cookie", "a=1"),
        ("response.status", "200"),
        ("letter", {"v": 1}),
        ("position", "3"),
        ("request", ...),
        ("earlier", {}),
        ("earlier", msgspec.to_builtins(answer_file().request) | {"headers": {"cookie": "a=1"}}),
    ],
)
def test_an_answer_file_of_another_form_is_refused(path: str, value: object) -> None:
    raw_file = changed(write_answer_file(answer_file()), path, value)
    with pytest.raises(NotVerified):
        read_answer_file(raw_file)


def test_only_signed_headers_are_kept() -> None:
    headers = (("content-type", "application/json"), ("server", "x"), ("signature", "puhui=::"))
    assert kept_headers(headers) == {"content-type": "application/json", "signature": "puhui=::"}
    assert b64decode(answer_file().response.headers["signature"][7:-1])
