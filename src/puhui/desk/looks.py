"""An officer looks at one subject's figures: recorded first, shown then. No record, no look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from puhui.desk.refused import by_officer
from puhui.desk.rooms import DeskRooms
from puhui.model.figures import Figures, Snapshot
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed
from puhui.model.subject import Identifier, Subject
from puhui.subjects.lookup import find

ACCESS = "access.by-staff"  # the event of every look
LOOK = "look-at-subject"
LEAST_REASON = 4  # characters: a reason that says something


@dataclass(frozen=True, slots=True)
class Looked:
    """The figures that were shown, and the snapshot that they come from."""

    figures: Figures
    snapshot: Snapshot


@by_officer(LOOK)
def look(rooms: DeskRooms, identifier: Identifier, *, by: str, reason: str, snapshot: int | None = None) -> Looked:
    """The figures of the subject that has this identifier. Raises NotAllowed, NoSubject, NoSnapshot."""
    check_reason(by, reason)
    reader = rooms.figures.reader(snapshot)
    try:
        shown = {"what": "figures", "snapshot": reader.snapshot.number}
        subject = _recorded(rooms, identifier, shown, by=by, reason=reason)
        return Looked(reader.get(subject), reader.snapshot)
    finally:
        reader.close()


@by_officer(LOOK)
def find_recorded(rooms: DeskRooms, identifier: Identifier, what: str, *, by: str, reason: str) -> Subject:
    """The subject, whose data an officer is about to see: `what` of it, and why, is recorded first.

    Raises NotAllowed, NoSubject.
    """
    check_reason(by, reason)
    return _recorded(rooms, identifier, {"what": what}, by=by, reason=reason)


def check_reason(by: str, reason: str) -> None:
    """NotAllowed without an officer or without a reason that says something."""
    if not by.strip() or len(reason.strip()) < LEAST_REASON:
        raise NotAllowed(
            Said("查看个体数据须写明经办人和事由", "a look at a subject's data needs an officer and a reason"),
            todo=Said("用 --by 和 --reason 写明", "give --by and --reason"),
            article="网络数据安全管理条例",
        )


def _recorded(rooms: DeskRooms, identifier: Identifier, shown: Mapping[str, Any], *, by: str, reason: str) -> Subject:
    subject = find(rooms.vault, identifier.kind, identifier.value, today=rooms.now().date())
    detail = {"reason": reason, "identifier_kind": identifier.kind, **shown}
    rooms.register.event(ACCESS, by, rooms.now(), detail, subject=subject.token)
    return subject
