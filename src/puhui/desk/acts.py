"""Dangerous acts need two people: one officer proposes with a reason, another approves, and only then it happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from puhui.desk.editions import newest_to_roll_back, roll_back_edition
from puhui.desk.rooms import DeskRooms, OpenAct
from puhui.desk.upkeep import erase_subject, subject_to_erase
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed, UnknownName

ERASE, ROLL_BACK = "erase-subject", "roll-back-edition"
LEAST_REASON = 4


def propose_act(rooms: DeskRooms, act: str, arguments: Mapping[str, Any], *, by: str, reason: str) -> int:
    """Write the proposal down; its number. Identifiers are turned into the token first and never stored."""
    if not by.strip() or len(reason.strip()) < LEAST_REASON:
        raise NotAllowed(
            Said("须写明经办人和事由", "an officer and a reason are needed"),
            todo=Said("用 --by 和 --reason 写明", "give --by and --reason"),
        )
    stored = dict(arguments)
    if act == ERASE:
        stored = {"token": subject_to_erase(rooms, arguments).token}
    else:
        newest_to_roll_back(rooms, stored["resource"], stored["edition"])
    return rooms.register.propose(act, stored, by=by.strip(), reason=reason, at=rooms.now())


def open_acts(rooms: DeskRooms) -> list[dict[str, Any]]:
    """The proposals that wait for a second officer."""
    return [
        {"proposal": a.number, "act": a.act, "arguments": dict(a.arguments), "by": a.proposed_by, "reason": a.reason}
        for a in rooms.register.open_acts()
    ]


def approve_act(rooms: DeskRooms, number: int, *, by: str) -> dict[str, Any]:
    """Carry the proposal out. NotAllowed where the same officer approves; UnknownName where nothing is open."""
    act = next((a for a in rooms.register.open_acts() if a.number == number), None)
    if act is None:
        raise UnknownName(
            Said(f"没有编号为 {number} 的待批提议", f"no open proposal has the number {number}"),
            todo=Said("用 puhui acts 查看", "list them with `puhui acts`"),
        )
    if by.strip() in ("", act.proposed_by):
        raise NotAllowed(
            Said("须由另一位经办人批准", "somebody else than who proposed it approves an act"),
            todo=Said("请另一位经办人批准", "another officer approves it"),
        )
    done = _carry_out(rooms, act, by)
    rooms.register.close_act(number, by=by, at=rooms.now())
    return {"proposal": number, "act": act.act, **done}


def _carry_out(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    if act.act == ERASE:
        erase_subject(rooms, act.arguments["token"], by=by, reason=act.reason)
        return {"erased": act.arguments["token"]}
    arguments = act.arguments
    child = roll_back_edition(rooms, arguments["resource"], arguments["edition"], by=by, reason=act.reason)
    return {"resource": child.resource, "edition": child.number}
