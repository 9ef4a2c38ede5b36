"""What an institution states to be admitted, read strictly: every fault at once, before an officer is asked.

Promises: an `Application` that was read holds a right credit code, keys that are keys, networks that are networks,
licences of known channels, and addresses for notices that lead into no private network. It is written down as it is
read, so that what was approved is what was proposed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import ip_network
from typing import Any, Protocol, get_args

import pyarrow as pa

from puhui.institutions.recognise import ANSWERS, LETTERS, SCOPES
from puhui.institutions.webhooks import webhook_fault
from puhui.model.identifiers import verify
from puhui.model.institution import Institution, Licence, Network, Standing
from puhui.model.refusal import Said
from puhui.model.refusals_question import AdmissionRefused, KeyRefused
from puhui.packs.forms_answers import Channel
from puhui.wire.keys import verifying

_PUBLIC_BODIES = ("agency", "court", "regulator", "hospital")
KINDS = ("bank", "insurer", "guarantor", "lender", "bureau", "platform", *_PUBLIC_BODIES, "laboratory", "other")
CHANNELS = tuple(one for one in get_args(Channel) if one not in ("none", "own_pull"))  # those that need a licence
FASTEST = 10_000  # questions a second
LONGEST_KEY_DAYS = 3 * 366
_ID = re.compile(r"[a-z][a-z0-9-]{0,58}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A public key to be taken in, with the time that it is valid."""

    algorithm: str
    public: bytes
    not_before: datetime
    not_after: datetime

    def as_dict(self) -> dict[str, str]:
        return {
            "algorithm": self.algorithm,
            "public": base64.b64encode(self.public).decode(),
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Application:
    """An institution as it asks to be admitted, and its first keys. No keys: it is named as an end user only."""

    institution: Institution
    keys: tuple[NewKey, ...]

    def as_dict(self) -> dict[str, Any]:
        """What a proposal holds; `application_of` reads it back."""
        return {**described(self.institution), "keys": [key.as_dict() for key in self.keys]}


class Admissions(Protocol):
    """The tables of institutions. Each writing method is one transaction with its event, durable once it returns.

    Every change that takes something away also gives the contracts it touches a new version, which an answer that is on
    its way is held against.
    """

    def institutions(self) -> Sequence[Institution]: ...

    def institution(self, name: str) -> Institution | None: ...

    def keys(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Every key of an institution: id, algorithm, public (base64), not_before, not_after, revoked_at."""

    def holder_of(self, public: bytes) -> str:
        """Who holds a public key, or ever did: an institution's id, `signer`, or empty."""

    def admit(self, application: Application, *, by: str, at: datetime) -> None:
        """Admit with its first keys. Repeatable with the same. AdmissionRefused where id or a key is somebody's."""

    def change(self, institution: Institution, *, by: str, at: datetime, reason: str) -> None:
        """Everything about an institution but its id and its keys; a standing too."""

    def add_key(self, name: str, key: NewKey, *, by: str, at: datetime) -> str:
        """The id of the new key; earlier ones stay. Repeatable. AdmissionRefused where it is taken, or revoked."""

    def revoke_key(self, key_id: str, *, by: str, at: datetime, reason: str) -> None:
        """The key counts for nothing from now on. Repeatable."""


def application_of(given: Mapping[str, Any], today: date, *, private_hosts: bool = False) -> Application:
    """An application as it was given, checked. AdmissionRefused names everything that is wrong with it."""
    faults = list(_faults(given, today, private_hosts))
    if faults:
        raise _refused(faults)
    keys = tuple(key_of(key) for key in given.get("keys", ()))
    return Application(institution_of(given, Standing.ADMITTED), keys)


def institution_of(given: Mapping[str, Any], standing: Standing) -> Institution:
    """The institution that a dictionary of `described` means."""
    name = given.get("name") or given["id"]
    return Institution(
        id=given["id"],
        name=Said(name["zh"], name["en"]) if isinstance(name, Mapping) else Said(name, name),
        kind=given.get("kind", "bank"),
        uscc=given.get("uscc", ""),
        standing=standing,
        scopes=frozenset(given.get("scopes") or (ANSWERS, LETTERS)),
        networks=tuple(_network(text) for text in given.get("networks", ())),
        licences=tuple(licence_of(one) for one in given.get("licences", ())),
        rate=int(given.get("rate", 100)),
        webhooks=tuple(given.get("webhooks", ())),
    )


def described(institution: Institution) -> dict[str, Any]:
    """An institution as plain data: what tables, proposals and `--json` hold."""
    return {
        "id": institution.id,
        "name": {"zh": institution.name.zh, "en": institution.name.en},
        "kind": institution.kind,
        "uscc": institution.uscc,
        "scopes": sorted(institution.scopes),
        "networks": [str(network) for network in institution.networks],
        "licences": [_licence_dict(one) for one in institution.licences],
        "rate": institution.rate,
        "webhooks": list(institution.webhooks),
    }


def key_of(given: Mapping[str, Any]) -> NewKey:
    """The key that `NewKey.as_dict` wrote down."""
    return NewKey(
        given["algorithm"],
        base64.b64decode(given["public"]),
        datetime.fromisoformat(given["not_before"]),
        datetime.fromisoformat(given["not_after"]),
    )


def licence_of(given: Mapping[str, Any]) -> Licence:
    until = given.get("until")
    return Licence(
        given["channel"],
        given["record"],
        date.fromisoformat(given["from"]),
        date.fromisoformat(until) if until else None,
    )


def check_key(key: NewKey) -> None:
    """AdmissionRefused where the bytes are no key, or the key is valid at no time or for longer than three years."""
    faults = list(_key_faults(key))
    if faults:
        raise _refused(faults)


def _licence_dict(one: Licence) -> dict[str, Any]:
    until = one.until.isoformat() if one.until else None
    return {"channel": one.channel, "record": one.record, "from": one.start.isoformat(), "until": until}


def _faults(given: Mapping[str, Any], today: date, private_hosts: bool) -> Iterator[Said]:
    yield from _identity_faults(given, today)
    unknown = sorted(set(given.get("scopes") or ()) - set(SCOPES))
    if unknown:
        yield Said(f"未知的准入范围：{'、'.join(unknown)}", f"unknown scopes: {', '.join(unknown)}")
    if not 1 <= int(given.get("rate", 100)) <= FASTEST:
        yield Said(f"限速应为每秒 1 至 {FASTEST} 次", f"the rate is 1 to {FASTEST} questions a second")
    for text in given.get("networks", ()):
        if not _is_network(text):
            yield Said(f"不是网段：{text}", f"no network in CIDR form: {text}")
    for one in given.get("licences", ()):
        yield from _licence_faults(one)
    for url in given.get("webhooks", ()):
        fault = webhook_fault(url, private=private_hosts)
        if fault:
            yield Said(f"通知地址不可用（{fault}）", f"an address for notices cannot be used ({fault})")
    for key in given.get("keys", ()):
        yield from _key_faults(key_of(key))


def _identity_faults(given: Mapping[str, Any], today: date) -> Iterator[Said]:
    if not _ID.fullmatch(str(given.get("id", ""))):
        yield Said(
            "机构编号应为小写字母、数字和连字符", "an institution's id is of lower-case letters, digits, hyphens"
        )
    if given.get("id") in ("zone", "signer"):
        yield Said("该编号为系统保留", "this id is kept for the zone itself")
    if given.get("kind", "bank") not in KINDS:
        yield Said(f"机构类型应为 {'、'.join(KINDS)} 之一", f"the kind is one of {', '.join(KINDS)}")
    uscc = given.get("uscc", "")
    if uscc and verify("uscc", pa.array([uscc], pa.string()), today).error[0]:
        yield Said("统一社会信用代码的校验不成立", "the check characters of the credit code do not fit")


def _licence_faults(one: Mapping[str, Any]) -> Iterator[Said]:
    if one.get("channel") not in CHANNELS:
        yield Said(f"许可的通道应为 {'、'.join(CHANNELS)} 之一", f"a licence is of one of {', '.join(CHANNELS)}")
    if not str(one.get("record", "")).strip():
        yield Said("许可须写明编号", "a licence has a record number")
    try:
        licence = licence_of({**one, "channel": "", "record": ""})
    except (KeyError, ValueError, TypeError):
        yield Said("许可的起止日期应为 YYYY-MM-DD", "the days of a licence are YYYY-MM-DD")
        return
    if licence.until is not None and licence.until < licence.start:
        yield Said("许可的截止日早于起始日", "a licence ends before it begins")


def _key_faults(key: NewKey) -> Iterator[Said]:
    try:
        verifying("x/1", key.algorithm, key.public)
    except KeyRefused as refusal:
        yield refusal.said
    if key.not_after <= key.not_before:
        yield Said("密钥的有效期为空", "the key is valid at no time")
    elif (key.not_after - key.not_before).days > LONGEST_KEY_DAYS:
        yield Said("密钥的有效期不得超过三年", "a key is valid for three years at most")


def _network(text: str) -> Network:
    return ip_network(text)


def _is_network(text: str) -> bool:
    try:
        _network(text)
    except ValueError:
        return False
    return True


def _refused(faults: Sequence[Said]) -> AdmissionRefused:
    return AdmissionRefused(
        Said("；".join(one.zh for one in faults), "; ".join(one.en for one in faults)),
        todo=Said("改正后重新提议", "mend it and propose it again"),
    )
