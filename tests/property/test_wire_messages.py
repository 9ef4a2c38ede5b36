"""What must hold for every message: one byte form, no change unnoticed, the quick ways equal to the slow ones."""

from __future__ import annotations

import json
from dataclasses import replace
from unicodedata import normalize

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.model.refusals_question import BadRequest, NotVerified, QuestionRefused
from puhui.wire.answers import ItemForm, encode_answer, encode_record, read_answer, read_answer_file, write_answer_file
from puhui.wire.canonical import BadDocument, canonical, is_canonical, parse, quick
from puhui.wire.http_signatures import HttpRequest, SignedRequest, parse_request, verify_request
from puhui.wire.messages import QuestionForm, read, read_question

from ..spec.test_http_signatures import KEY, NOW, posted
from ..unit.answers_made import answer_file, receipt, record
from ..unit.test_wire_messages import QUESTION

whole = st.characters(exclude_categories=("Cs",))
normal = st.text(whole).map(lambda text: normalize("NFC", text))
integers = st.integers(-(2**53) + 1, 2**53 - 1)
scalars = st.none() | st.booleans() | integers | normal


def documents(keys: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
    )


@given(documents(normal))
def test_what_is_written_is_read_and_is_its_own_form(document: object) -> None:
    raw = canonical(document)
    assert raw == rfc8785.dumps(document)
    assert parse(raw) == document
    assert is_canonical(raw)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), documents(st.text(st.characters(max_codepoint=127)))))
def test_the_quick_encoder_equals_the_slow_one(document: dict[str, object]) -> None:
    assert quick(document) == rfc8785.dumps(document)


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_nothing_but_a_refusal_comes_of_any_bytes(raw: bytes) -> None:
    try:
        document = parse(raw)
    except BadDocument:
        return
    assert is_canonical(canonical(document))


items = st.builds(
    ItemForm,
    coverage=st.just((7, 12)),
    definition=st.just("d" * 64),
    flags=st.lists(normal, max_size=2).map(tuple),
    form=st.sampled_from(["value", "band", "flag", "withheld"]),
    known=st.booleans(),
    name=normal,
    reason=normal,
    unit=normal,
    value=normal | st.booleans() | integers,
)


@given(st.lists(items, max_size=3), normal, normal, st.lists(st.tuples(normal, integers, normal), max_size=2))
def test_record_and_body_are_canonical_and_come_back(
    made: list[ItemForm], about: str, end_user: str, editions: list[tuple[str, int, str]]
) -> None:
    form = record(items=tuple(made), about=about, end_user=end_user, editions=tuple(editions))
    committed = encode_record(form)
    body = encode_answer("A-x", receipt(committed))
    assert is_canonical(committed) and is_canonical(body)
    answer = read_answer(body)
    assert (answer.record, answer.form.record) == (committed, form)


FILE = write_answer_file(answer_file())


@settings(max_examples=300)
@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_another_file_or_none(place: int, mask: int) -> None:
    changed = FILE[:place] + bytes([FILE[place] ^ mask]) + FILE[place + 1 :]
    try:
        file = read_answer_file(changed)
    except NotVerified:
        return
    assert file != answer_file() and write_answer_file(file) == changed


# --- signatures ---

REQUEST = posted()
HEADERS = [name for name, _ in REQUEST.headers]


def edited(text: bytes, place: int, cut: int, put: bytes) -> bytes:
    place %= len(text) + 1
    return text[:place] + put + text[place + cut :]


@settings(max_examples=400)
@given(st.sampled_from(HEADERS), st.integers(0, 400), st.integers(0, 2), st.binary(max_size=2))
def test_no_edit_of_a_signed_header_is_taken(name: bytes, place: int, cut: int, put: bytes) -> None:
    after = [(n, edited(v, place, cut, put) if n == name else v) for n, v in REQUEST.headers]
    if after == list(REQUEST.headers):
        return
    with pytest.raises(QuestionRefused):
        verify_request(parse_request(replace(REQUEST, headers=after)), KEY.verifying(), NOW)


@given(st.integers(0, 60), st.integers(0, 2), st.binary(max_size=2))
def test_no_edit_of_a_body_is_taken(place: int, cut: int, put: bytes) -> None:
    body = edited(REQUEST.body, place, cut, put)
    if body == REQUEST.body:
        return
    with pytest.raises(QuestionRefused):
        parse_request(replace(REQUEST, body=body))


@given(
    st.lists(st.tuples(st.binary(max_size=12) | st.sampled_from(HEADERS), st.binary(max_size=60))), st.text(max_size=9)
)
def test_nothing_but_a_refusal_comes_of_any_headers(headers: list[tuple[bytes, bytes]], path: str) -> None:
    with pytest.raises(QuestionRefused):
        parse_request(HttpRequest("POST", "zone.example", path, "", headers, b"{}"))


# --- questions ---

SIGNED = SignedRequest("bank-a/1", "ed25519", b"base", bytes(64), bytes(32), "n" * 22, 1, 2, "k" * 32)
PIECES = """
"v":1 | "v":1.0 | "product":"a" | "product":"b" | "product":"a\\n" | "purpose":"lending" | "x":1
"about":{"kind":"local:x","value":"é"} | "about":{"kind":"local:x","value":"\\u0031"}
"about":{"kind":"local:x","kind":"ric","value":"1"} | "basis":null | "basis":{"kind":"letter","id":"L"}
"end_user":"" | "end_user":"bank-b"
"""
pieces = st.sampled_from([piece.strip() for line in PIECES.strip().splitlines() for piece in line.split("|")])


@settings(max_examples=500)
@given(st.lists(pieces, min_size=3, max_size=8))
def test_the_quick_reader_of_questions_equals_the_strict_one(chosen: list[str]) -> None:
    """The strict one refuses keys that stand twice: so must the quick one, whatever else is left out to hide it."""
    body = ("{" + ",".join(['"v":1', '"purpose":"lending"', *chosen]) + "}").encode()
    try:
        strict = read(QuestionForm, body)
    except BadRequest:
        with pytest.raises(BadRequest):
            read_question(SIGNED, body)
        return
    question = read_question(SIGNED, body)
    assert (question.product, question.about.value) == (strict.product, strict.about.value)


@given(st.permutations(list(QUESTION)), st.integers(0, 5))
def test_order_and_space_do_not_change_a_question(order: list[str], indent: int) -> None:
    body = json.dumps({name: QUESTION[name] for name in order}, indent=indent or None).encode()
    assert read_question(SIGNED, body) == read_question(SIGNED, json.dumps(QUESTION).encode())
