"""Dangerous acts need two people: one officer proposes with a reason, another approves, and only then it happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puhui.desk import admissions, agreements, objections
from puhui.desk.editions import newest_to_roll_back, roll_back_edition
from puhui.desk.holds import lift_hold, running_hold
from puhui.desk.keys import COMPROMISE, compromise, compromise_prepared
from puhui.desk.officers import add_officer, check_reason, officer_prepared
from puhui.desk.packs import activate_packs, proposed_packs
from puhui.desk.refused import OFFICER, refusals_noted
from puhui.desk.roles import check_may_approve, check_may_propose
from puhui.desk.rooms import DeskRooms, OpenAct
from puhui.desk.upkeep import erase_subject, subject_to_erase
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed, UnknownName

ERASE, ROLL_BACK, LIFT, ACTIVATE = "erase-subject", "roll-back-edition", "lift-hold", "activate-packs"
ADD_OFFICER = "add-officer"
Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dangerous:
    """One kind of act: what is written down when it is proposed, and what is done once it is approved.

    What is written down holds no identifier. Doing it is repeatable: a stop may come before the proposal is closed.
    """

    prepare: Callable[[DeskRooms, Arguments], dict[str, Any]]
    carry_out: Callable[[DeskRooms, OpenAct, str], dict[str, Any]]


def propose_act(rooms: DeskRooms, act: str, arguments: Arguments, *, by: str, reason: str) -> int:
    """Write the proposal down; its number. Identifiers are turned into the token first and never stored."""
    with refusals_noted(rooms, OFFICER, act, by=by):
        check_reason(by, reason)
        check_may_propose(rooms.officers, act, by=by.strip())
        stored = ACTS[act].prepare(rooms, arguments)
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
    with refusals_noted(rooms, OFFICER, act.act, by=by):
        _check_another(act, by)
        check_may_approve(rooms.officers, act.act, by=by.strip())
        done = ACTS[act.act].carry_out(rooms, act, by)
    rooms.register.close_act(number, by=by, at=rooms.now())
    return {"proposal": number, "act": act.act, **done}


def _check_another(act: OpenAct, by: str) -> None:
    if by.strip() in ("", act.proposed_by):
        raise NotAllowed(
            Said("须由另一位经办人批准", "somebody else than who proposed it approves an act"),
            todo=Said("请另一位经办人批准", "another officer approves it"),
        )


def _erase_prepared(rooms: DeskRooms, given: Arguments) -> dict[str, Any]:
    return {"token": subject_to_erase(rooms, given).token}


def _erase(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    erase_subject(rooms, act.arguments["token"], by=by, reason=act.reason)
    return {"erased": act.arguments["token"]}


def _roll_back_prepared(rooms: DeskRooms, given: Arguments) -> dict[str, Any]:
    newest_to_roll_back(rooms, given["resource"], given["edition"])
    return dict(given)


def _roll_back(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    arguments = act.arguments
    child = roll_back_edition(rooms, arguments["resource"], arguments["edition"], by=by, reason=act.reason)
    return {"resource": child.resource, "edition": child.number}


def _lift_prepared(rooms: DeskRooms, given: Arguments) -> dict[str, Any]:
    subject = {kind: value for kind, value in given.items() if kind != "article"}
    return running_hold(rooms, subject_to_erase(rooms, subject).token, given["article"])


def _lift(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    return lift_hold(rooms, act.arguments, by=by, reason=act.reason)


def _activate_prepared(rooms: DeskRooms, given: Arguments) -> dict[str, Any]:
    return proposed_packs(rooms, [Path(folder) for folder in given["folders"]])


def _activate(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    return activate_packs(rooms, act.arguments, by=by)


ACTS: Mapping[str, Dangerous] = {
    ERASE: Dangerous(_erase_prepared, _erase),
    ROLL_BACK: Dangerous(_roll_back_prepared, _roll_back),
    LIFT: Dangerous(_lift_prepared, _lift),
    ACTIVATE: Dangerous(_activate_prepared, _activate),
    ADD_OFFICER: Dangerous(officer_prepared, add_officer),
    COMPROMISE: Dangerous(compromise_prepared, compromise),
    admissions.ADMIT: Dangerous(admissions.admission_prepared, admissions.admit),
    admissions.CHANGE: Dangerous(admissions.change_prepared, admissions.change),
    admissions.RESUME: Dangerous(admissions.resume_prepared, admissions.resume),
    admissions.END: Dangerous(admissions.end_prepared, admissions.end),
    admissions.ADD_KEY: Dangerous(admissions.key_prepared, admissions.add_key),
    objections.REJECT: Dangerous(objections.rejection_prepared, objections.reject),
    agreements.SIGN: Dangerous(agreements.contract_prepared, agreements.sign),
}
