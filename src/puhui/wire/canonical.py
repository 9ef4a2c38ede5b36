"""Canonical JSON (RFC 8785) for documents that are stored, hashed and signed; and a reader that takes nothing else.

Promises: what `canonical` writes, `read_canonical` reads back, and no other bytes mean the same document. Our documents
hold no floating-point numbers (decimals are texts) and every text is NFC, so that two people who see the same see the
same bytes.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

import msgspec
import rfc8785

from puhui.model.refusal import Said

LARGEST = 2**53 - 1  # integers beyond it are texts: RFC 8785 has IEEE doubles only

Json = Any  # dict, list, str, int, bool or None, all the way down


class BadDocument(ValueError):
    """The bytes are not a document of the form that is asked for. `where`: the key or place; empty: the whole."""

    def __init__(self, said: Said, where: str = "") -> None:
        super().__init__(said.en)
        self.said = said
        self.where = where


def canonical(document: Json) -> bytes:
    """RFC 8785. Raises BadDocument for floats, integers beyond 2^53 - 1, text that is not NFC, keys that are none."""
    try:
        _check(document)
        return _encode(document)
    except RecursionError:
        raise _too_deep() from None


def quick(document: msgspec.Struct | Mapping[str, Json]) -> bytes:
    """The same bytes as `canonical`, many times faster, without its checks.

    For what the house itself made: keys in ASCII, integers within 2^53 - 1, no floats, text that came in checked.
    """
    return _QUICK.encode(document)


_QUICK = msgspec.json.Encoder(order="sorted")


def parse(raw: bytes) -> Json:
    """Strict JSON: UTF-8, no key twice in an object, no float, no integer beyond 2^53 - 1, every text NFC.

    Raises BadDocument. White space and the order of keys are free; see `read_canonical`.
    """
    try:
        document = _DECODER.decode(raw.decode("utf-8"))
        _check(document)
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise BadDocument(Said("不是 UTF-8 文本", "this is not UTF-8")) from None
    except json.JSONDecodeError as error:
        place = f"{error.lineno}:{error.colno}"
        raise BadDocument(Said("不是合法的 JSON", "this is not JSON"), place) from None
    return document


def is_canonical(raw: bytes) -> bool:
    """Whether the bytes are a document and its own canonical form."""
    try:
        return _encode(parse(raw)) == raw
    except BadDocument:
        return False


def read_canonical(raw: bytes) -> Json:
    """The document whose canonical form these bytes are. Raises BadDocument."""
    document = parse(raw)
    if _encode(document) != raw:
        raise BadDocument(Said("不是规范形式（RFC 8785）", "this is not the canonical form (RFC 8785)"))
    return document


def is_plain(text: str) -> bool:
    """Whether a text of a message is NFC and has no control, format or private character and no half of a pair."""
    if text.isascii():
        return text.isprintable()
    if not unicodedata.is_normalized("NFC", text):
        return False
    return not any(unicodedata.category(character) in _UNSEEN for character in text)


_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


_BEYOND = bytes(range(0xF0, 0x100))  # first bytes of characters beyond U+FFFF


def _encode(document: Json) -> bytes:
    """RFC 8785 of a document that was checked.

    The quick encoder sorts keys by code point, the RFC by UTF-16: one order unless a character is beyond U+FFFF.
    """
    encoded = _QUICK.encode(document)
    if len(encoded.translate(None, _BEYOND)) == len(encoded):
        return encoded
    return rfc8785.dumps(document)


def _check(document: Json) -> None:
    """Raises BadDocument, with its place, at the first thing that has no place in our documents."""
    if isinstance(document, str):
        _check_text(document)
    elif isinstance(document, dict):
        for key, value in document.items():
            _check_text(key)
            _check_under(value, key)
    elif isinstance(document, list | tuple):
        for position, value in enumerate(document):
            _check_under(value, position)
    elif isinstance(document, int):
        if not -LARGEST <= document <= LARGEST:
            raise BadDocument(Said("整数超出 2^53-1", "an integer beyond 2^53 - 1 is to be a text"))
    elif document is not None:
        raise BadDocument(Said("文档中不得有浮点数", "a document has no floats and no other types"))


def _check_under(value: Json, name: str | int) -> None:
    """The place is put together on the way out: checking what is right builds no text."""
    try:
        _check(value)
    except BadDocument as error:
        inner = error.where
        here = f"[{name}]" if isinstance(name, int) else name
        raise BadDocument(error.said, f"{here}{'.' if inner and inner[0] != '[' else ''}{inner}") from None


def _check_text(text: Json) -> None:
    if not isinstance(text, str):
        raise BadDocument(Said("键必须是文本", "a key is to be a text"))
    if not text.isascii() and not (unicodedata.is_normalized("NFC", text) and _is_whole(text)):
        raise BadDocument(Said("文本不是 NFC 规范形式", "a text is not in the form NFC"))


def _is_whole(text: str) -> bool:
    """No half of a surrogate pair: such text has no UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _no_key_twice(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadDocument(Said("对象中有重复的键", "an object has a key twice"))
    return found


def _integer(number: str) -> int:
    if number == "-0" or len(number) > 17:
        raise BadDocument(Said("整数超出范围", "an integer is out of range"))
    return int(number)


def _too_deep() -> BadDocument:
    return BadDocument(Said("文档嵌套过深", "the document is nested too deeply"))


_DECODER = json.JSONDecoder(object_pairs_hook=_no_key_twice, parse_int=_integer)
