"""Stories of admitting institutions: propose, approve by another officer; keys turned over, stopped at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from puhui.desk.officers import check_reason
from puhui.desk.refused import by_officer
from puhui.desk.roles import check_may_propose
from puhui.desk.rooms import DeskRooms, OpenAct
from puhui.institutions.admission import (
    Application,
    application_of,
    check_key,
    described,
    key_of,
)
from puhui.model.institution import Institution, Standing
from puhui.model.refusal import Said
from puhui.model.refusals import UnknownName
from puhui.model.refusals_question import AdmissionRefused

ADMIT, CHANGE, END = "admit-institution", "change-institution", "end-institution"
RESUME = "resume-institution"
ADD_KEY, REVOKE_KEY, SUSPEND = "add-institution-key", "revoke-institution-key", "suspend-institution"
Arguments = Mapping[str, Any]


def admission_prepared(rooms: DeskRooms, given: Arguments) -> dict[str, Any]:
    """An application as it will be admitted. AdmissionRefused names everything that is wrong with it."""
    application = _application(rooms, given)
    if rooms.partners.admissions.institution(application.institution.id) is not None:
        raise _refused(Said("该机构编号已被使用", "this id is an institution's already"))
    for key in application.keys:
        _check_free(rooms, key.public)
    return application.as_dict()


def admit(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    """Admit: from now on its keys are known."""
    application = _application(rooms, act.arguments)
    rooms.partners.admissions.admit(application, by=by, at=rooms.now())
    _forget(rooms)
    name = application.institution.id
    return {"institution": name, "keys": [key["id"] for key in rooms.partners.admissions.keys(name)]}


def change_prepared(rooms: DeskRooms, given: Arguments) -> dict[str, Any]:
    """What is given replaces what stands when it is approved; the rest, and the standing, stay as they are then."""
    _changed(rooms, given)
    return {name: value for name, value in given.items() if name != "keys"}


def change(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    """Put the change in force."""
    changed = _changed(rooms, act.arguments)
    rooms.partners.admissions.change(changed, by=by, at=rooms.now(), reason=act.reason)
    _forget(rooms)
    return {"institution": changed.id, "state": changed.standing.value}


def resume_prepared(rooms: DeskRooms, given: Arguments) -> dict[str, Any]:
    return {"id": _going_on(rooms, given["id"]).id}


def resume(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    """Let a suspended institution in again."""
    name = _going_on(rooms, act.arguments["id"]).id
    return _set_standing(rooms, name, Standing.ADMITTED, by=by, reason=act.reason)


def end_prepared(rooms: DeskRooms, given: Arguments) -> dict[str, Any]:
    return {"id": found(rooms, given["id"]).id}


def end(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    """End an institution for good."""
    return _set_standing(rooms, act.arguments["id"], Standing.ENDED, by=by, reason=act.reason)


def key_prepared(rooms: DeskRooms, given: Arguments) -> dict[str, Any]:
    """Another key beside the earlier ones, which stay valid: rotation needs an overlap."""
    institution = found(rooms, given["id"])
    key = key_of(given["key"])
    check_key(key)
    _check_free(rooms, key.public)
    return {"id": institution.id, "key": key.as_dict()}


def add_key(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    """Take the key in."""
    key = key_of(act.arguments["key"])
    added = rooms.partners.admissions.add_key(act.arguments["id"], key, by=by, at=rooms.now())
    return {"institution": act.arguments["id"], "key": added}


@by_officer(SUSPEND)
def suspend(rooms: DeskRooms, name: str, *, by: str, reason: str) -> dict[str, Any]:
    """Stop an institution at once; one officer may. Two let it in again."""
    _check_stop(rooms, SUSPEND, by, reason)
    _going_on(rooms, name)
    return _set_standing(rooms, name, Standing.SUSPENDED, by=by, reason=reason)


@by_officer(REVOKE_KEY)
def revoke_key(rooms: DeskRooms, key_id: str, *, by: str, reason: str) -> dict[str, Any]:
    """Revoke a key at once; one officer may. It never comes back."""
    _check_stop(rooms, REVOKE_KEY, by, reason)
    rooms.partners.admissions.revoke_key(key_id, by=by, at=rooms.now(), reason=reason)
    return {"key": key_id, "state": "revoked"}


def institution_rows(rooms: DeskRooms) -> list[dict[str, Any]]:
    """Every institution with its keys, as `puhui institution list --json` prints it."""
    admissions = rooms.partners.admissions
    return [
        {**described(one), "state": one.standing.value, "keys": list(admissions.keys(one.id))}
        for one in admissions.institutions()
    ]


def found(rooms: DeskRooms, name: str) -> Institution:
    """The institution of that id. Raises UnknownName."""
    institution = rooms.partners.admissions.institution(name)
    if institution is None:
        raise UnknownName(
            Said(f"没有机构 {name}", f"there is no institution {name}"),
            todo=Said("用 puhui institution list 查看", "see `puhui institution list`"),
        )
    return institution


def _going_on(rooms: DeskRooms, name: str) -> Institution:
    """The institution, which has not ended: an end is for good."""
    institution = found(rooms, name)
    if institution.standing is Standing.ENDED:
        raise _refused(Said("该机构已终止", "the institution has ended"))
    return institution


def _changed(rooms: DeskRooms, given: Arguments) -> Institution:
    before = _going_on(rooms, given["id"])
    stated = {**described(before), **given, "id": before.id, "keys": ()}
    return replace(_application(rooms, stated).institution, standing=before.standing)


def _application(rooms: DeskRooms, given: Arguments) -> Application:
    return application_of(given, rooms.now().date(), private_hosts=rooms.partners.private_hosts)


def _check_free(rooms: DeskRooms, public: bytes) -> None:
    """A key is one party's: no other institution's, no subject's signer's, no officer's."""
    if rooms.partners.admissions.holder_of(public) or public in rooms.officers.keys().values():
        raise _refused(Said("该公钥已为他人所用", "this public key is somebody's already"))


def _check_stop(rooms: DeskRooms, act: str, by: str, reason: str) -> None:
    check_reason(by, reason)
    check_may_propose(rooms.officers, act, by=by)


def _set_standing(rooms: DeskRooms, name: str, standing: Standing, *, by: str, reason: str) -> dict[str, Any]:
    institution = found(rooms, name)
    if institution.standing is not standing:
        changed = replace(institution, standing=standing)
        rooms.partners.admissions.change(changed, by=by, at=rooms.now(), reason=reason)
    _forget(rooms)
    return {"institution": name, "state": standing.value}


def _forget(rooms: DeskRooms) -> None:
    """Contracts are read again: they hold who is admitted, and licences."""
    rooms.partners.contracts.forget()


def _refused(said: Said) -> AdmissionRefused:
    return AdmissionRefused(said, todo=Said("改正后重新提议", "mend it and propose it again"))
