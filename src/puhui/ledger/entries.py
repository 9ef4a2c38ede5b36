"""What is asked of the log: intents to write an entry, and what is re-checked of a question when it is written.

Promises: plain data only. A record is made when the batch's time is known, so that what is committed and what is
answered say one time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from puhui.model.refusals_question import QuestionRefused
from puhui.wire.answers import moment
from puhui.wire.canonical import BadDocument, parse, quick

KINDS = frozenset(
    (
        *("answer", "refusal", "padding", "letter", "signer", "contract", "institution", "key", "packs", "parcel"),
        *("edition", "snapshot", "officer", "access", "erasure", "bill", "correction", "sealed", "witness", "restore"),
        "security",
    )
)
_EVENT_KINDS = {  # first word of an event's kind → kind of entry, where the two differ
    "act": "officer",
    "acts": "officer",
    "landing": "parcel",
    "mapping": "parcel",
    "table": "parcel",
    "pack": "packs",
    "subject": "erasure",
    "monitor": "contract",
    "objection": "correction",
    "log": "witness",
    "checkpoint": "witness",
    "backup": "restore",
    "figures": "access",
    "trace": "access",
}
REMAINING = "officer"  # the kind of an event that names no other


@dataclass(frozen=True, slots=True)
class AskedLine:
    """One authenticated question, as it is re-checked, counted and billed by the transaction that logs it.

    `code` empty: it would be answered, and everything below is re-checked in the order of the queue. Else it is a
    refusal with that true code: counted, free, never refused again. What is empty is not checked: `contract`,
    `letter`, `key_id`.

    - `content`: SHA-256 of what makes two tries the same question. `answer_id`: `A-…`, found again after a lost reply.
    - `contract_digest`: of the document that the mandate was made from; another one in force means it was replaced.
    - `version`: of the letter's state, as the permit saw it.
    - `quotas`: window (`day`, `month`, `contract`) → questions that it may hold, this one included.
    - `plan`: the contract's price plan (`metering.prices`). Caps are in it.
    - `clashes`: products that the institution must not have been answered about the subject within `clash_days`,
      because the two together show more than either may (`disclosure.history`).
    """

    institution: str
    nonce: str
    content: bytes
    answer_id: str
    product: str
    idempotency_key: str = ""
    key_id: str = ""
    contract: str = ""
    contract_digest: bytes = b""
    end_user: str = ""
    subject: str = ""
    letter: str = ""
    version: int = 0
    snapshot: int = 0
    quotas: Mapping[str, int] = field(default_factory=dict)
    plan: str = ""
    clashes: frozenset[str] = frozenset()
    clash_days: int = 366
    code: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """What somebody wants logged.

    - `kind`: one of KINDS. `subject`: whose key seals the record; empty: nobody's, the month's zone key does.
    - `record`: the canonical record, made once the batch's time is known. It may be called again for a batch that is
      tried again, so it only makes bytes.
    - `template`: what such records look like before anything is said of anybody (`templates`).
    - `asked`: of an authenticated question. None: nothing is re-checked or counted.
    - `refused`: what is logged in its place where a re-check fails; its `asked` line carries the refusal's code. None:
      a failed re-check logs nothing (nobody asked).
    """

    kind: str
    record: Callable[[datetime], bytes]
    subject: str = ""
    institution: str = ""
    asked: AskedLine | None = None
    refused: Callable[[QuestionRefused, datetime], Intent] | None = None
    template: bytes = b""


class AlreadyAnswered(Exception):
    """The idempotency key answered the same content before, and its basis is still in force.

    `index`: of that entry. Whoever asked makes the stored bytes again (`ledger.again.made_again`).
    """

    def __init__(self, index: int) -> None:
        super().__init__(f"entry {index}")
        self.index = index


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of the outbox that the log has not taken yet."""

    id: int
    at: datetime
    kind: str
    actor: str
    subject: str
    detail: str  # JSON


def kind_of_event(kind: str) -> str:
    """The kind of entry that an event becomes: `letter-revoked` and `letter.revoked` are of `letter`."""
    first = kind.replace(".", "-").partition("-")[0]
    return first if first in KINDS else _EVENT_KINDS.get(first, REMAINING)


def event_record(event: EventRow) -> bytes:
    """The record of an event. `detail` is what the event's writer put into it; as a text where it has no canonical
    form.
    """
    detail = event.detail.encode()
    try:
        told: Any = parse(detail)
    except BadDocument:
        told = unicodedata.normalize("NFC", event.detail)
    return quick(
        {
            "v": 1,
            "kind": kind_of_event(event.kind),
            "event": event.kind,
            "at": moment(event.at),
            "actor": event.actor,
            "subject": event.subject,
            "number": event.id,
            "detail": told,
        }
    )


def padding_record(at: datetime) -> bytes:
    """The record of a leaf that only hides how many came."""
    return quick({"v": 1, "kind": "padding", "at": moment(at)})
