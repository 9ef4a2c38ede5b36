"""Upkeep by law: erase a subject, drop its rows from the lake, end landings on their day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from puhui.desk.endings import BY_ERASURE, end_subject
from puhui.desk.holds import holds_of
from puhui.desk.refused import by_officer
from puhui.desk.roles import check_may_propose
from puhui.desk.rooms import DeskRooms
from puhui.lake.redact import redact
from puhui.model.refusal import Said
from puhui.model.refusals import Busy, NoSubject
from puhui.model.subject import Subject
from puhui.subjects.erase import check_may_erase, erase, erased_tokens, replay
from puhui.subjects.lookup import find, history

ERASED = "subject-erased"
WITHDRAWN = "withdrawn"  # what becomes of an objection whose subject is erased


def subject_to_erase(rooms: DeskRooms, given: Mapping[str, Any]) -> Subject:
    """The subject that a proposal means: by token, or by an identifier that is not written down."""
    if token := given.get("token"):
        return history(rooms.vault, Subject(str(token))).subject
    if len(given) != 1:
        raise NoSubject(
            Said("须且只须给出一个标识", "exactly one identifier is needed"),
            todo=Said("用 --uscc、--ric 或 --token 之一", "give one of --uscc, --ric, --token"),
        )
    kind, value = next(iter(given.items()))
    return find(rooms.vault, kind, str(value), today=rooms.now().date())


def erase_subject(rooms: DeskRooms, token: str, *, by: str, reason: str) -> None:
    """End its letters, monitors and signers, then destroy its vault row, index and key, each with its event; its rows
    leave the lake when it is compacted. Repeatable."""
    now, subject = rooms.now(), Subject(token)
    holds = holds_of(rooms, token)
    check_may_erase(rooms.vault, subject, by=by, reason=reason, at=now.date(), holds=holds)
    _end_all(rooms, token, by=by)
    erase(rooms.vault, subject, by=by, reason=reason, at=now.date(), holds=holds)
    rooms.register.event(ERASED, by, now, {"reason": reason}, subject=token)


def _end_all(rooms: DeskRooms, token: str, *, by: str) -> None:
    """Letters, monitors and signers end; what the subject disputes nobody can settle any more. Repeatable."""
    end_subject(rooms, token, reason=BY_ERASURE, by=by)
    for objection in rooms.objections.all_open():
        if objection.subject == token:
            closed = replace(objection, state=WITHDRAWN, closed_at=rooms.now())
            rooms.objections.close(closed, by=by, reason=BY_ERASURE)


def finish_erasures(rooms: DeskRooms) -> int:
    """At the start, before anything serves: bury what the journal says, end what was in force for those subjects, and
    write the events that a stop (or a backup) kept out."""
    buried = replay(rooms.vault)
    erased = erased_tokens(rooms.vault)
    told = {event["subject"] for event in rooms.register.events(ERASED)} if erased else set()
    for token in erased:
        if token not in told:
            _end_all(rooms, token, by="upkeep")
            rooms.register.event(ERASED, "upkeep", rooms.now(), {"reason": "finished after a stop"}, subject=token)
    return buried


@by_officer("compact-lake")
def compact_lake(rooms: DeskRooms, *, by: str) -> list[dict[str, Any]]:
    """Drop the rows of erased subjects from every table, merge small files; old files with such rows are removed."""
    check_may_propose(rooms.officers, "compact-lake", by=by)
    erased = erased_tokens(rooms.vault)
    done = []
    for store, layer in ((rooms.lake, "business"), (rooms.service, "service")):
        for table in store.tables():
            try:
                with store.lease(table), rooms.scratch() as scratch:
                    change = redact(store, table, erased, scratch.tables, by=by)
                    if change is None:
                        continue
                    if layer == "business":
                        rooms.register.list_edition(change.edition, change.act)
            except Busy:
                continue
            done.append({"table": table, "rows_dropped": change.rows_dropped, "edition": change.edition.number})
    return done


def expire_landings(rooms: DeskRooms) -> list[str]:
    """Destroy the keys of landings whose retention has ended, then the unreadable files; their digests."""
    expired = rooms.register.expire(rooms.now())
    for parcel in expired:
        for name in rooms.blobs.names(parcel.resource):
            if name.startswith(parcel.digest):
                rooms.blobs.forget(parcel.resource, name)
    return [parcel.digest for parcel in expired]
