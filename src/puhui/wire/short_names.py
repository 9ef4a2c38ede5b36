"""Names made of digests and of chance: 26 characters of lower-case base32 (RFC 4648), 130 bits. Nobody guesses one."""

from __future__ import annotations

from itertools import product

SIZE = 17  # bytes that a name is made of, the last six bits of which fall away
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = ["".join(pair) for pair in product(_LETTERS, repeat=2)]  # two characters for each ten bits
_SHIFTS = tuple(range(120, -1, -10))


def short_name(raw: bytes) -> str:
    """The name of the first 130 bits of `raw` (at least 17 bytes). Several times quicker than `base64.b32encode`."""
    bits = int.from_bytes(raw[:SIZE]) >> 6
    pairs = _PAIRS
    return "".join([pairs[bits >> shift & 1023] for shift in _SHIFTS])
