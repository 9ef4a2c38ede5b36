"""The strict reader and the canonical writer of documents (RFC 8785)."""

from __future__ import annotations

import pytest

from puhui.wire.canonical import BadDocument, canonical, is_canonical, is_plain, parse, read_canonical

NFD = "e\u0301"
REFUSED_JSON = {
    "a key twice": b'{"a":1,"a":2}',
    "a key twice inside": b'{"a":{"b":1,"b":1}}',
    "a key twice, one escaped": b'{"a":1,"\\u0061":2}',
    "a float": b'{"a":1.0}',
    "an exponent": b'{"a":1e2}',
    "not a number": b'{"a":NaN}',
    "infinite": b'{"a":-Infinity}',
    "minus nought": b'{"a":-0}',
    "too large": b'{"a":9007199254740992}',
    "huge": b'{"a":' + b"9" * 5000 + b"}",
    "text not NFC": f'{{"a":"{NFD}"}}'.encode(),
    "key not NFC": f'{{"{NFD}":1}}'.encode(),
    "half a pair": b'{"a":"\\ud83d"}',
    "a byte-order mark": b'\xef\xbb\xbf{"a":1}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "not UTF-8": b'{"a":"\xff"}',
    "a raw control character": b'{"a":"\n"}',
    "a comma too many": b'{"a":1,}',
    "something behind": b'{"a":1} {}',
    "nothing": b"",
    "nested too deeply": b"[" * 100_000 + b"]" * 100_000,
}


@pytest.mark.parametrize("raw", REFUSED_JSON.values(), ids=REFUSED_JSON.keys())
def test_refused(raw: bytes) -> None:
    with pytest.raises(BadDocument):
        parse(raw)
    assert not is_canonical(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b'{"a":"\\u0061"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u000a"}',
        b'{"a":"\\u001F"}',
    ],
)
def test_read_but_not_canonical(raw: bytes) -> None:
    parse(raw)
    assert not is_canonical(raw)
    with pytest.raises(BadDocument, match="canonical"):
        read_canonical(raw)


def test_keys_are_sorted_as_utf_16() -> None:
    """RFC 8785, 3.2.3: a character outside the basic plane goes before U+FB33, though its code point is higher."""
    keys = ["\u20ac", "\r", "\u0080", "1", "\U0001f600", "\u00f6", "\u5e0c"]
    raw = canonical({key: position for position, key in enumerate(keys)})
    assert raw.decode() == '{"\\r":1,"1":3,"\u0080":2,"\u00f6":5,"\u20ac":0,"\u5e0c":6,"\U0001f600":4}'
    assert is_canonical(raw)
    assert canonical({"\uff21": 1, "\U0001f600": 2}).decode() == '{"\U0001f600":2,"\uff21":1}'


@pytest.mark.parametrize(
    "document", [{"a": 1.5}, {"a": 2**53}, {1: "a"}, {"a": NFD}, {"a": "\ud83d"}, {"a": b"x"}, {"a": {1}}]
)
def test_what_has_no_place_is_not_written(document: object) -> None:
    with pytest.raises(BadDocument):
        canonical(document)


def test_a_refusal_names_the_place_and_repeats_nothing() -> None:
    with pytest.raises(BadDocument) as refused:
        canonical({"a": [{"b": 1}, {"b": 1.25}]})
    assert refused.value.where == "a[1].b"
    assert "1.25" not in refused.value.said.en


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("lending", True),
        ("景德镇市某某公司", True),
        ("a\x00", False),
        ("a\n", False),
        ("a\x7f", False),
        ("a\u0085", False),
        ("a\u202eb", False),
        ("\ufeffa", False),
        (NFD, False),
        ("\ud800", False),
    ],
)
def test_plain_text(text: str, plain: bool) -> None:
    assert is_plain(text) is plain
