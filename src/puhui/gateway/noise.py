"""The refusals of strangers: what a line of the security log says of one, and how many lines one of them may fill.

Promises: a line is made of closed lists (code, method, path of the interface), the peer's address, a key's name that
this zone knows, and a digest that nobody can try identifiers against. What a stranger wrote is in none of them. One
address, or one institution that asks too fast, gets so many lines and then one now and again: it cannot use up the
day's room for everybody. Whatever gets no line is counted.

`too-fast` of an institution stands here as well, although it was recognised: a limit that itself costs a durable write
is no limit.
"""

from __future__ import annotations

from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

import msgspec
from msgspec import UNSET, UnsetType

from puhui.wire.answers import moment

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"))
OTHER = "other"  # a method or path that the interface does not have
UNKNOWN = "unknown"  # a key that the directory does not have, or none
BURST = 200  # lines of one address at once
EVERY = 20.0  # seconds for one line more: 4,320 a day, some 1 MB
ADDRESSES = 20_000  # that are remembered; who was not seen for longest goes first


class Refused(msgspec.Struct, frozen=True):
    """One refusal of somebody who was not recognised.

    - `key`: the key that the request claims, where the directory knows one of that name. Nobody has proved to hold it.
    - `institution`: known for `too-fast` alone, where the signature was verified.
    - `question`: SHA-256 of the signature base, base64; empty where the request could not be parsed. The base holds a
      random nonce, so nobody can try identifiers against the digest; a digest of the body would let them.
    """

    at: datetime
    code: str
    method: str = OTHER
    path: str = OTHER
    address: str = ""
    key: str = UNKNOWN
    institution: str = ""
    question: str = ""


class Noise(Protocol):
    """Where refusals of strangers are noted."""

    def note(self, refused: Refused) -> None:
        """Notes one. Law: it neither waits nor fails, whatever becomes of the disk; it may be called by any thread."""


class _LineForm(msgspec.Struct):
    at: str
    code: str
    method: str | UnsetType = UNSET
    path: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    key: str | UnsetType = UNSET
    institution: str | UnsetType = UNSET
    question: str | UnsetType = UNSET
    more: int | UnsetType = UNSET


_ENCODER = msgspec.json.Encoder()


def line_of(refused: Refused) -> bytes:
    """The line, with its end."""
    form = _LineForm(
        at=moment(refused.at),
        code=refused.code,
        method=refused.method,
        path=refused.path,
        address=refused.address,
        key=refused.key,
        institution=refused.institution or UNSET,
        question=refused.question or UNSET,
    )
    return _ENCODER.encode(form) + b"\n"


def more_line(code: str, more: int, at: datetime) -> bytes:
    """What stands for so many refusals that got no line of their own."""
    return _ENCODER.encode(_LineForm(at=moment(at), code=code, more=more)) + b"\n"


class Shares:
    """How many lines each may fill still. Not for several threads."""

    def __init__(self, burst: int = BURST, every: float = EVERY, most: int = ADDRESSES) -> None:
        self._burst = burst
        self._every = every
        self._most = most
        self._left: dict[str, tuple[float, float]] = {}  # who → lines left, when; the one seen last stands last

    def take(self, refused: Refused) -> bool:
        """Whether the refusal gets a line."""
        who, now = refused.institution or _network(refused.address), refused.at.timestamp()
        left, since = self._left.pop(who, (float(self._burst), now))
        left = min(self._burst, left + max(0.0, now - since) / self._every)
        taken = left >= 1
        self._left[who] = (left - taken, now)
        if len(self._left) > self._most:
            del self._left[next(iter(self._left))]
        return taken


def _network(address: str) -> str:
    """Whose share it is: an IPv4 address, a /64 of IPv6 (which one subscriber has whole), or empty."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((int(parsed), 64), strict=False))
    return str(parsed)
