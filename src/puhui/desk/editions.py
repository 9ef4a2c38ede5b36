"""What officers do with an edition: release one that waits, roll a bad one back."""

from __future__ import annotations

from puhui.desk.rooms import DeskRooms
from puhui.lake.editions import roll_back
from puhui.model.delivery import Edition
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed, UnknownName

WAITING, PUBLISHED, ROLLED_BACK = "awaiting_release", "published", "rolled_back"


def release(rooms: DeskRooms, resource: str, number: int, *, by: str) -> Edition:
    """Publish an edition that waits for a steward."""
    edition = _edition(rooms, resource, number)
    if edition.state != WAITING:
        raise NotAllowed(
            Said(f"第 {number} 版不在等待放行", f"edition {number} does not wait for a release"),
            todo=Said("用 puhui editions 查看状态", "see its state with `puhui editions`"),
        )
    rooms.register.set_edition_state(edition, PUBLISHED, "edition-released", by, rooms.now())
    return edition


def roll_back_edition(rooms: DeskRooms, resource: str, number: int, *, by: str, reason: str) -> Edition:
    """Put the rows of the bad edition's parent in force again, as a new edition. The bad one stays readable by number."""
    bad = _edition(rooms, resource, number)
    listed = {edition.number: edition for edition in rooms.register.editions(resource)}
    good = listed.get(bad.parent) if bad.parent is not None else None
    if max(listed) != number:
        raise NotAllowed(
            Said("只能回退最新的一版", "only the newest edition can be rolled back"),
            todo=Said("先回退其后的版本", "roll the later ones back first"),
        )
    with rooms.lake.lease(resource):
        child = roll_back(rooms.lake, bad, good, digest=f"rollback:{resource}:{number}")
    rooms.register.list_edition(child, "edition-rolled-back", by, {"bad": number, "reason": reason})
    rooms.register.set_edition_state(bad, ROLLED_BACK, "edition-marked", by, rooms.now())
    return child


def _edition(rooms: DeskRooms, resource: str, number: int) -> Edition:
    for edition in rooms.register.editions(resource):
        if edition.number == number:
            return edition
    raise UnknownName(
        Said(f"{resource} 没有第 {number} 版", f"{resource} has no edition {number}"),
        todo=Said("用 puhui editions 查看", "list them with `puhui editions`"),
    )
