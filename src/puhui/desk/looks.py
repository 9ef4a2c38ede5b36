"""An officer looks at one subject's figures: recorded first, shown then. No record, no look."""

from __future__ import annotations

from dataclasses import dataclass

from puhui.desk.rooms import DeskRooms
from puhui.model.figures import Figures, Snapshot
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed
from puhui.model.subject import Identifier
from puhui.subjects.lookup import find

LEAST_REASON = 4  # characters: a reason that says something


@dataclass(frozen=True, slots=True)
class Looked:
    """The figures that were shown, and the snapshot that they come from."""

    figures: Figures
    snapshot: Snapshot


def look(rooms: DeskRooms, identifier: Identifier, *, by: str, reason: str, snapshot: int | None = None) -> Looked:
    """The figures of the subject that has this identifier. Raises NotAllowed, NoSubject, NoSnapshot."""
    if not by.strip() or len(reason.strip()) < LEAST_REASON:
        raise NotAllowed(
            Said("查看个体数据须写明经办人和事由", "a look at a subject's data needs an officer and a reason"),
            todo=Said("用 --by 和 --reason 写明", "give --by and --reason"),
            article="网络数据安全管理条例",
        )
    reader = rooms.figures.reader(snapshot)
    try:
        subject = find(rooms.vault, identifier.kind, identifier.value, today=rooms.now().date())
        detail = {"reason": reason, "identifier_kind": identifier.kind, "snapshot": reader.snapshot.number}
        rooms.register.event("staff-look", by, rooms.now(), detail, subject=subject.token)
        return Looked(reader.get(subject), reader.snapshot)
    finally:
        reader.close()
