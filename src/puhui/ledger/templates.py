"""Records of one product differ in some hundred bytes: they are sealed as what they add to the product's template.

Promises: a template says nothing of anybody, for it is made before a subject is known; it is written in the transaction
of the first record that needs it and never changes. The length of what is sealed tells its size to the next STEP and no
more. Compression is Zstandard (RFC 8878) with the template as its raw dictionary: 7.6 KB become 0.6, sealed.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import zstandard

from puhui.ledger.refused import broken
from puhui.model.refusals_question import LogBroken

STEP = 64  # bytes: what is packed is a multiple of it long
KEPT = 64  # templates that are ready for use
LARGEST = 1 << 22  # bytes of a record at most
_PLAIN, _TEMPLATED = b"{", b"\x01"  # how a packed record begins: as it is, or by its template
_NAME = 16  # bytes of a template's name
_LEVEL = 1

Template = Callable[[bytes], bytes | None]  # body of a template by its name


def name_of(template: bytes) -> bytes:
    """What a template is found by: the first 128 bits of its SHA-256."""
    return sha256(template).digest()[:_NAME]


class Packing:
    """Packs the records of one log. Not for several threads at once."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[bytes, zstandard.ZstdCompressor]] = {}  # by body: name, compressor
        self._stored: set[bytes] = set()

    def packed(self, record: bytes, template: bytes = b"") -> bytes:
        """The record as it is sealed. Without a template it stays as it is."""
        if not template:
            return record
        known = self._known.get(template)
        if known is None:
            if len(self._known) >= KEPT:  # of snapshots long past
                self._known.clear()
            dictionary = zstandard.ZstdCompressionDict(template, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
            dictionary.precompute_compress(level=_LEVEL)
            compressor = zstandard.ZstdCompressor(level=_LEVEL, dict_data=dictionary, write_checksum=False)
            known = self._known[template] = (name_of(template), compressor)
        name, compressor = known
        packed = _TEMPLATED + name + compressor.compress(record)
        return packed.ljust(-(-len(packed) // STEP) * STEP, b"\x00")

    def missing(self, template: bytes) -> dict[bytes, bytes]:
        """Name and body where nothing is known of its being stored: it goes with the next transaction."""
        if not template or template in self._stored:
            return {}
        return {name_of(template): template}

    def stored(self, templates: dict[bytes, bytes]) -> None:
        """Their transaction is durable."""
        self._stored.update(templates.values())


def unpacked(packed: bytes, template: Template) -> bytes:
    """The record. Raises LogBroken where its template is gone or the bytes are of no form."""
    if packed[:1] == _PLAIN:
        return packed
    if packed[:1] != _TEMPLATED:
        raise _unreadable()
    start = len(_TEMPLATED) + _NAME
    body = template(packed[len(_TEMPLATED) : start])
    if body is None:
        raise broken("记录的模板不见了", "the template of a record is gone")
    dictionary = zstandard.ZstdCompressionDict(body, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    try:
        return zstandard.ZstdDecompressor(dict_data=dictionary).decompress(
            packed[start:], LARGEST, allow_extra_data=True
        )
    except zstandard.ZstdError:
        raise _unreadable() from None


def _unreadable() -> LogBroken:
    return broken("记录的形式无法识别", "a record is of no form that is known")
