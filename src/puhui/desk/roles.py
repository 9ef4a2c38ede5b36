"""Three roles of officers, kept apart from the beginning, and which act needs which: one table.

`system` looks after keys, witnesses, backups and packs; `security` after admissions, contracts, signers and holds;
`audit` reads all and changes nothing, and approves what opens a sealed entry. One person has one role.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed


class Role(StrEnum):
    SYSTEM = "system"
    SECURITY = "security"
    AUDIT = "audit"


DEFAULT = Role.SECURITY  # of officers who were registered before there were roles
WITHOUT_APPROVAL = 2  # officers of a role before it takes two people to add one: so many can approve each other


class OfficerBook(Protocol):
    """Who the officers are. Durable once a method returns."""

    def keys(self) -> Mapping[str, bytes]:
        """Name → raw Ed25519 public key."""

    def roles(self) -> Mapping[str, Role]:
        """Name → role."""

    def add(self, name: str, public: bytes, role: Role) -> None:
        """Register an officer. Repeatable; HomeRefused where name or key are somebody's already."""


@dataclass(frozen=True, slots=True)
class Who:
    """The roles that may propose (or do) an act, and those one of which approves; none: one officer does it."""

    proposes: frozenset[Role]
    approves: frozenset[Role] = frozenset()


_KEEPERS = frozenset({Role.SYSTEM, Role.SECURITY})
_SYSTEM, _SECURITY, _AUDIT = (frozenset({role}) for role in Role)

WHO: Mapping[str, Who] = {
    # two people
    "activate-packs": Who(_KEEPERS, _KEEPERS),
    "roll-back-edition": Who(_KEEPERS, _KEEPERS),
    "erase-subject": Who(_SECURITY, _SECURITY),
    "lift-hold": Who(_SECURITY, _SECURITY),
    "reject-objection": Who(_KEEPERS, _SECURITY),
    "add-officer": Who(_KEEPERS, _SECURITY),
    "admit-institution": Who(_KEEPERS, _SECURITY),
    "change-institution": Who(_KEEPERS, _SECURITY),
    "resume-institution": Who(_KEEPERS, _SECURITY),
    "end-institution": Who(_KEEPERS, _SECURITY),
    "add-institution-key": Who(_KEEPERS, _SECURITY),
    "sign-contract": Who(_KEEPERS, _SECURITY),
    "open-sealed-entry": Who(_SECURITY, _AUDIT),
    "compromise-key": Who(_KEEPERS, _KEEPERS),
    # one officer, because stopping something may not wait
    "suspend-institution": Who(_SECURITY),
    "revoke-institution-key": Who(_SECURITY),
    "end-contract": Who(_SECURITY),
    "enrol-signer": Who(_SECURITY),
    "revoke-signer": Who(_SECURITY),
    "end-letters": Who(_SECURITY),
    "record-basis": Who(_SECURITY),  # two of them: desk/bases.py
    "hold-subject": Who(_SECURITY),
    # one officer, because it is their daily work
    "open-objection": Who(_KEEPERS),
    "close-objection": Who(_KEEPERS),
    "place-name": Who(_KEEPERS),
    "release-edition": Who(_KEEPERS),
    "compact-lake": Who(_KEEPERS),
    "make-table": Who(frozenset({Role.AUDIT, Role.SYSTEM})),  # over groups of subjects; nobody's figures are seen
    "rotate-key": Who(_SYSTEM),
    "back-up-zone": Who(_SYSTEM),
    "restore-zone": Who(_SYSTEM),
}


def check_may_propose(officers: OfficerBook, act: str, *, by: str) -> None:
    """NotAllowed where the officer's role may neither propose nor do the act. Without any officer no role is asked."""
    _check(officers, WHO[act].proposes, act, by)


def check_may_approve(officers: OfficerBook, act: str, *, by: str) -> None:
    """NotAllowed where the officer's role does not approve the act."""
    _check(officers, WHO[act].approves, act, by)


def _check(officers: OfficerBook, allowed: frozenset[Role], act: str, by: str) -> None:
    roles = officers.roles()
    if not roles or roles.get(by) in allowed:
        return
    words = "、".join(sorted(allowed))
    raise NotAllowed(
        Said(
            f"{act} 须由 {words} 角色的经办人办理", f"{act} needs an officer of the role {' or '.join(sorted(allowed))}"
        ),
        todo=Said("请该角色的经办人办理", "an officer of that role does it"),
    )
