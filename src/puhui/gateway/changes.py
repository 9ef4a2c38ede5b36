"""Signed requests that change something: a letter proposed, a monitor set or ended, notices acknowledged.

Promises: each nonce counts once, also where the request was refused; two tries of one idempotency key make one change
and the same reply; the change, its event (which the log takes over) and the spent nonce are one transaction, so there
is no change without its entry; what is refused has its entry too.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from puhui.gateway.entry import refusals_logged
from puhui.gateway.rooms import Rooms
from puhui.model.question import Caller
from puhui.wire.http_signatures import SignedRequest

Work = Callable[[], str]  # makes the change; the id of what it made


@dataclass(frozen=True, slots=True)
class Change:
    """A request as it is kept: digests alone, as a Question holds them. `content` is keyed, so that nobody who has the
    tables can try identifiers against it. `idempotency_key` empty: a request without a body."""

    key_id: str
    digest: bytes
    nonce: str
    idempotency_key: str
    content: bytes = field(repr=False)
    product: str = ""
    purpose: str = ""
    end_user: str = ""


class Changes(Protocol):
    """What was changed by whose request."""

    def once(self, institution: str, change: Change, at: datetime, work: Work) -> str:
        """What the request made, or made before under its idempotency key: then `work` is not called.

        Law: nonce, key and everything that `work` writes are durable together, or nothing is; a refusal by `work`
        spends the nonce all the same. Raises Replayed, IdempotencyConflict, LogUnavailable, and what `work` raises.
        """


def change_of(
    signed: SignedRequest, path: str, body: bytes, *, product: str = "", purpose: str = "", end_user: str = ""
) -> Change:
    """A verified request as it is kept."""
    secret = signed.idempotency_key or signed.nonce
    key = signed.idempotency_key
    return Change(
        key_id=signed.key_id,
        digest=signed.digest,
        nonce=hashlib.sha256(signed.nonce.encode()).hexdigest(),
        idempotency_key=hashlib.sha256(key.encode()).hexdigest() if key else "",
        content=hmac.digest(secret.encode(), path.encode() + b"\0" + body, "sha256"),
        product=product,
        purpose=purpose,
        end_user=end_user,
    )


async def changed(change: Change, caller: Caller, rooms: Rooms, changes: Changes, work: Work) -> str:
    """What the request made. Raises a QuestionRefused, which is in the log then."""
    async with refusals_logged(change, caller, rooms):
        return await asyncio.to_thread(changes.once, caller.institution, change, rooms.now(), work)
