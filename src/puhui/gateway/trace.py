"""The trace: every use of a subject's data, each with its place in the log and its proof.

An entry that was sealed by order is counted and not shown until the order ends; what is shown is the log's own record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from puhui.ledger.store import EntryRow, LogStore
from puhui.model.subject import Subject
from puhui.wire.answers import moment

SEALED = "sealed"


@dataclass(frozen=True, slots=True)
class TraceRooms:
    """What a trace needs. `record`: the plain record of an entry; `proof`: its tlog-proof in a published checkpoint,
    empty while none holds it; `hidden`: ids of the orders that are sealed at the moment."""

    past: LogStore
    hidden: Callable[[Subject], Set[str]]
    record: Callable[[EntryRow], bytes]
    proof: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Use:
    """One entry about the subject. `says`: the record without what names the zone's insides; `proof`: a tlog-proof."""

    index: int
    kind: str
    at: datetime
    institution: str
    says: Mapping[str, Any]
    proof: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "kind": self.kind,
            "at": moment(self.at),
            "institution": self.institution,
            "says": dict(self.says),
            "proof": self.proof,
        }


def trace(subject: Subject, rooms: TraceRooms) -> Iterator[Use]:
    """Every use, oldest first. The caller has recorded who looks, and why, before it asks."""
    entries = list(rooms.past.entries_of(subject.token))
    bases = {row.entry: row.letter for row in rooms.past.asked_at([entry.index for entry in entries]).values()}
    hidden = rooms.hidden(subject)
    for entry in entries:
        if (entry.kind == SEALED and hidden) or bases.get(entry.index, "") in hidden:
            yield Use(entry.index, SEALED, entry.at, "", {}, "")
            continue
        record: dict[str, Any] = msgspec.json.decode(rooms.record(entry))
        record.pop("subject", None)  # the token never leaves the zone
        yield Use(entry.index, entry.kind, entry.at, entry.institution, record, rooms.proof(entry.index))
