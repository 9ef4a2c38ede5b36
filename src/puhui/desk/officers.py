"""Officers and their keys: who acts is proved by a key file once the zone knows any officer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from puhui.desk.refused import OFFICER, Desk, by_officer, refusals_noted
from puhui.desk.roles import WITHOUT_APPROVAL, Role, check_may_propose
from puhui.desk.rooms import DeskRooms, OpenAct
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed

LEAST_REASON = 4  # characters
Officers = Mapping[str, bytes]  # name → raw Ed25519 public key


def identify_officer(name: str, key_file: Path | None, officers: Officers) -> str:
    """The officer's name, proved by the key file. A zone without registered officers takes the name as it is given."""
    if not officers:
        return name
    if name not in officers or key_file is None:
        raise _not_proved()
    challenge = secrets.token_bytes(32)
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise _not_proved()
        Ed25519PublicKey.from_public_bytes(officers[name]).verify(key.sign(challenge), challenge)
    except (InvalidSignature, ValueError, OSError):
        raise _not_proved() from None
    return name


def acting_officer(name: str, key_file: Path | None, desk: Desk) -> str:
    """Who acts: the officer that is named, or else the one whose key the file holds; proved by the key either way."""
    officers = desk.officers.keys()
    with refusals_noted(desk, OFFICER, "prove-officer"):
        by_key = officers and not name
        return officer_of_key(key_file, officers) if by_key else identify_officer(name, key_file, officers)


def officer_of_key(key_file: Path | None, officers: Officers) -> str:
    """The name of the officer whose key the file holds, which proves it. NotAllowed where it is nobody's."""
    try:
        key = load_pem_private_key(key_file.read_bytes(), password=None) if key_file is not None else None
    except (ValueError, OSError):
        raise _not_proved() from None
    held = public_half(key) if isinstance(key, Ed25519PrivateKey) else b""
    for name, public in officers.items():
        if public == held:
            return name
    raise _not_proved()


def officer_prepared(rooms: DeskRooms, given: Mapping[str, Any]) -> dict[str, Any]:
    """A further officer of a role: name, role, and the public key in hexadecimal."""
    return {"name": given["name"], "role": Role(given["role"]).value, "public": given["public"]}


def add_officer(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    """Register the officer: from now on the key proves who acts."""
    return enrol_officer(rooms, act.arguments["name"], bytes.fromhex(act.arguments["public"]),
                         Role(act.arguments["role"]), by=by)  # fmt: skip


@by_officer("add-officer")
def enrol_officer(rooms: DeskRooms, name: str, public: bytes, role: Role, *, by: str) -> dict[str, Any]:
    """Register an officer, with the event."""
    check_may_propose(rooms.officers, "add-officer", by=by)
    rooms.officers.add(name, public, role)
    rooms.register.event("officer-registered", by, rooms.now(), {"officer": name, "role": role.value})
    return {"officer": name, "role": role.value}


def check_reason(by: str, reason: str) -> None:
    """NotAllowed without an officer and a reason."""
    if not by.strip() or len(reason.strip()) < LEAST_REASON:
        raise NotAllowed(
            Said("须写明经办人和事由", "an officer and a reason are needed"),
            todo=Said("用 --by 和 --reason 写明", "give --by and --reason"),
        )


def takes_two(rooms: DeskRooms, role: Role) -> bool:
    """Whether there are officers enough of the role for another one to need two people."""
    return sum(held is role for held in rooms.officers.roles().values()) >= WITHOUT_APPROVAL


def public_half(key: Ed25519PrivateKey) -> bytes:
    """The raw public key of an officer's private key."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _not_proved() -> NotAllowed:
    return NotAllowed(
        Said("经办人身份未能证明", "who acts could not be proved"),
        todo=Said("用已登记经办人的姓名和私钥文件", "give the name and key file of a registered officer"),
    )
