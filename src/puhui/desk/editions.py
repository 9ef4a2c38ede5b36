"""What officers do with an edition: release one that waits, roll a bad one back."""

from __future__ import annotations

from puhui.desk.refused import by_officer
from puhui.desk.roles import check_may_propose
from puhui.desk.rooms import DeskRooms
from puhui.lake.editions import act_of, edition_of, roll_back, rollback_digest
from puhui.model.delivery import Edition
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed, Redacted, UnknownName

WAITING, PUBLISHED, REDACTED = "awaiting_release", "published", "redacted"


@by_officer("release-edition")
def release(rooms: DeskRooms, resource: str, number: int, *, by: str) -> Edition:
    """Publish an edition that waits for a steward. It is known from now on, not from its commit on."""
    _named(by)
    check_may_propose(rooms.officers, "release-edition", by=by)
    edition = _edition(rooms, resource, number)
    if edition.state != WAITING:
        raise NotAllowed(
            Said(f"第 {number} 版不在等待放行", f"edition {number} does not wait for a release"),
            todo=Said("用 puhui editions 查看状态", "see its state with `puhui editions`"),
        )
    rooms.register.set_edition_state(edition, PUBLISHED, "edition-released", by, rooms.now(), known_now=True)
    return edition


def newest_to_roll_back(rooms: DeskRooms, resource: str, number: int) -> Edition:
    """The edition of that number, if it can be rolled back: only the newest one can."""
    bad = _edition(rooms, resource, number)
    if max(edition.number for edition in rooms.register.editions(resource)) != number:
        raise NotAllowed(
            Said("只能回退最新的一版", "only the newest edition can be rolled back"),
            todo=Said("先回退其后的版本", "roll the later ones back first"),
        )
    return bad


def roll_back_edition(rooms: DeskRooms, resource: str, number: int, *, by: str, reason: str) -> Edition:
    """Put the rows of the bad edition's parent in force again, as a new edition. The bad one stays readable by number.
    Repeatable: what a stop left undone is gone on with."""
    with rooms.lake.lease(resource):
        done = rollback_digest(_edition(rooms, resource, number))
        for edition in rooms.register.editions(resource):
            if edition.digest == done:
                return edition
        bad = newest_to_roll_back(rooms, resource, number)
        good = _edition(rooms, resource, bad.parent) if bad.parent is not None else None
        if good is not None and good.state == REDACTED:
            raise _redacted(good)
        committed = roll_back(rooms.lake, bad, good, by=by, reason=reason)
        rooms.register.list_edition(edition_of(committed), act_of(committed))
    return edition_of(committed)


def readable(edition: Edition) -> Edition:
    """The edition, unless files of it were removed with the rows of erased subjects."""
    if edition.state == REDACTED:
        raise _redacted(edition)
    return edition


def _redacted(edition: Edition) -> Redacted:
    name = f"{edition.resource} #{edition.number}"
    return Redacted(
        Said(f"版本 {name} 含已依法删除的主体，文件已清除", f"edition {name} held erased subjects; its files are gone"),
        todo=Said("使用其后的版本", "use a later edition"),
        article="个人信息保护法 第四十七条",
    )


def _named(by: str) -> None:
    if not by.strip():
        raise NotAllowed(Said("须写明经办人", "an officer is needed"), todo=Said("用 --by 写明", "give --by"))


def _edition(rooms: DeskRooms, resource: str, number: int) -> Edition:
    for edition in rooms.register.editions(resource):
        if edition.number == number:
            return edition
    raise UnknownName(
        Said(f"{resource} 没有第 {number} 版", f"{resource} has no edition {number}"),
        todo=Said("用 puhui editions 查看", "list them with `puhui editions`"),
    )
