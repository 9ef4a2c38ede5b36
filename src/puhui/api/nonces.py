"""The nonces of signed GETs, each taken once while its signature could still be in time.

A GET changes nothing and its reply is the caller's own, so a second one harms nobody by itself. But within the five
minutes that a signature lives, whoever copied one request could fetch what is new since (notices, a letter's state).
This process therefore remembers them. It forgets at a restart: then a copy could be played once more within those
minutes, by somebody who reads the traffic inside TLS and so has the reply as well.
"""

from __future__ import annotations

from collections import deque

from puhui.ledger.refused import nonce_used
from puhui.wire.http_fields import MAX_LIFE
from puhui.wire.http_signatures import SKEW

MOST = 200_000  # some 40 MB; the oldest go first
LIFE = MAX_LIFE + 2 * SKEW  # seconds


class ReadNonces:
    """Of the requests that were recognised: a stranger's fills no memory."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._seen: set[tuple[str, str]] = set()
        self._order: deque[tuple[int, tuple[str, str]]] = deque()

    def spend(self, institution: str, nonce: str, now: int) -> None:
        """Raises Replayed. `now`: Unix seconds."""
        while self._order and (self._order[0][0] < now - LIFE or len(self._order) >= self._most):
            self._seen.discard(self._order.popleft()[1])
        one = (institution, nonce)
        if one in self._seen:
            raise nonce_used()
        self._seen.add(one)
        self._order.append((now, one))
