"""Objections (异议): a subject says that an item about it is wrong, and answers say so until it is settled.

Promises: from the moment that one is recorded every answer which reads the item carries the flag `objected`; it ends
as corrected or withdrawn by one officer, as rejected by two. No text of the subject's is kept: its papers are the
agency's.
Source of the flag and of the 20 days: 征信业管理条例 (国务院令第631号) 第二十五条.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from puhui.desk.officers import check_reason
from puhui.desk.refused import by_officer
from puhui.desk.roles import check_may_propose
from puhui.desk.rooms import DeskRooms, Objected, OpenAct
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed, UnknownName
from puhui.model.subject import Subject

REJECT = "reject-objection"
OUTCOMES = ("corrected", "withdrawn")  # of one officer
OPEN, REJECTED = "open", "rejected"
TO_SETTLE = timedelta(days=20)


@by_officer("open-objection")
def open_objection(rooms: DeskRooms, subject: Subject, item: str, *, by: str) -> Objected:
    """The objection, flagged from now on. Raises UnknownName for an item that the catalogue does not have."""
    check_may_propose(rooms.officers, "open-objection", by=by)
    if not by.strip():
        raise NotAllowed(Said("须写明经办人", "an officer is needed"), todo=Said("用 --by 写明", "give --by"))
    if item not in {resource.item_id for resource in rooms.packs.resources.values()}:
        raise UnknownName(
            Said("目录中没有这一项", "the catalogue does not have this item"),
            todo=Said("用 puhui catalogue 查看", "see `puhui catalogue`"),
        )
    objection = Objected(f"O-{secrets.token_hex(8)}", subject.token, item, OPEN, rooms.now())
    rooms.objections.add(objection, by=by.strip())
    return objection


@by_officer("close-objection")
def close_objection(rooms: DeskRooms, objection_id: str, outcome: str, *, by: str, reason: str) -> Objected:
    """Settled: the item was corrected, or the subject withdrew. Rejecting takes two people: `REJECT`."""
    check_reason(by, reason)
    check_may_propose(rooms.officers, "close-objection", by=by.strip())
    if outcome not in OUTCOMES:
        raise NotAllowed(
            Said("一人只能以更正或撤回结案", "one officer closes an objection as corrected or withdrawn"),
            todo=Said("驳回须提议后由另一人批准", "rejecting is proposed, and another officer approves it"),
        )
    return _closed(rooms, _open(rooms, objection_id), outcome, by=by.strip(), reason=reason)


def open_objections(rooms: DeskRooms) -> list[dict[str, Any]]:
    """What is not settled yet, with the last day to settle it."""
    return [shown(one) for one in rooms.objections.all_open()]


def shown(objection: Objected) -> dict[str, Any]:
    """An objection as commands print it."""
    return {
        "objection": objection.id,
        "token": objection.subject,
        "item": objection.item,
        "state": objection.state,
        "opened_at": objection.opened_at,
        "settle_by": (objection.opened_at + TO_SETTLE).date(),
    }


# --- the act of two people ---


def rejection_prepared(rooms: DeskRooms, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a proposal to reject holds: the objection's id."""
    return {"objection": _open(rooms, str(given["objection"])).id}


def reject(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    """The objection is rejected; the flag goes. Repeatable."""
    found = rooms.objections.objection(str(act.arguments["objection"]))
    if found is None:
        raise _unknown()
    if found.state == OPEN:
        found = _closed(rooms, found, REJECTED, by=f"{act.proposed_by}, {by}", reason=act.reason)
    return {"objection": found.id, "state": found.state}


def _closed(rooms: DeskRooms, objection: Objected, state: str, *, by: str, reason: str) -> Objected:
    closed = replace(objection, state=state, closed_at=rooms.now())
    rooms.objections.close(closed, by=by, reason=reason)
    return closed


def _open(rooms: DeskRooms, objection_id: str) -> Objected:
    found = rooms.objections.objection(objection_id)
    if found is None or found.state != OPEN:
        raise _unknown()
    return found


def _unknown() -> UnknownName:
    return UnknownName(
        Said("没有这个未结的异议", "there is no such open objection"),
        todo=Said("用 puhui objection list 查看", "list them with `puhui objection list`"),
    )
