"""Duties to keep a subject's records: written down by one officer, lifted by two. No erasure while one runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from puhui.desk.refused import by_officer
from puhui.desk.roles import check_may_propose
from puhui.desk.rooms import DeskRooms
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed, UnknownName
from puhui.model.subject import Subject
from puhui.subjects.erase import Hold

HOLD, LIFTED = "legal-hold", "legal-hold-lifted"
PROVISION = "网络数据安全管理条例 第十二条 (Network Data Security Regulation art. 12)"
PROVISION_DAYS = 3 * 366  # records of what was provided to another are kept at least three years


@by_officer("hold-subject")
def hold_subject(rooms: DeskRooms, subject: Subject, article: str, until: date | None, *, by: str) -> None:
    """Write down a duty to keep a subject's records; erasure is refused until its last day, or until it is lifted."""
    if not by.strip() or not article.strip():
        raise NotAllowed(
            Said("须写明经办人和依据", "an officer and the article are needed"),
            todo=Said("用 --by 和 --article 写明", "give --by and --article"),
        )
    check_may_propose(rooms.officers, "hold-subject", by=by)
    detail = {"article": article, "until": until.isoformat() if until else None}
    rooms.register.event(HOLD, by, rooms.now(), detail, subject=subject.token)


def holds_of(rooms: DeskRooms, token: str) -> list[Hold]:
    """The duties to keep this subject's records that nobody lifted, oldest first; some may have ended.

    An answer about a subject is one: what was provided is recorded for three years.
    """
    told = [*rooms.register.events(HOLD), *rooms.register.events(LIFTED)]
    told = [*(event for event in told if event["subject"] == token), *_provision(rooms, token)]
    held: list[Hold] = []
    for event in sorted(told, key=lambda event: datetime.fromisoformat(event["at"])):
        if event["kind"] == LIFTED:
            held = [hold for hold in held if hold.article != event["article"]]
        else:
            held.append(Hold(event["article"], date.fromisoformat(event["until"]) if event["until"] else None))
    return held


def _provision(rooms: DeskRooms, token: str) -> list[Mapping[str, Any]]:
    """The duty that the last answer about a subject brought, in the form of an event."""
    last = rooms.register.last_answered(token)
    if last is None:
        return []
    until = (last + timedelta(days=PROVISION_DAYS)).date().isoformat()
    return [{"kind": HOLD, "at": last.isoformat(), "article": PROVISION, "until": until}]


def running_hold(rooms: DeskRooms, token: str, article: str) -> dict[str, Any]:
    """What a proposal to lift a duty holds. UnknownName where none of that article runs."""
    today = rooms.now().date()
    if not any(hold.article == article and hold.runs(today) for hold in holds_of(rooms, token)):
        raise UnknownName(
            Said("该主体没有这一依据的保留", "no hold by that article runs for this subject"),
            todo=Said("用 puhui events --kind legal-hold 查看", "list them with `puhui events --kind legal-hold`"),
        )
    return {"token": token, "article": article}


def lift_hold(rooms: DeskRooms, arguments: Mapping[str, Any], *, by: str, reason: str) -> dict[str, Any]:
    """The duty no longer stands: all holds of that article on the subject so far. Repeatable; one laid later runs."""
    token, article = str(arguments["token"]), str(arguments["article"])
    if any(hold.article == article for hold in holds_of(rooms, token)):
        detail = {"article": article, "reason": reason}
        rooms.register.event(LIFTED, by, rooms.now(), detail, subject=token)
    return {"lifted": token, "article": article}
