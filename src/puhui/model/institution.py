"""Institutions as the zone knows them: who was admitted, what it may do, from where, under which licences."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from puhui.model.refusal import Said

Network = IPv4Network | IPv6Network


class Standing(StrEnum):
    """The states of an institution. Only an admitted one is recognised; an ended one never comes back."""

    ADMITTED = "admitted"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Licence:
    """The record that lets its holder go through a lawful channel. `until` is its last day; None: without an end."""

    channel: str
    record: str
    start: date
    until: date | None = None

    def in_force(self, day: date) -> bool:
        return self.start <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Institution:
    """A bank, insurer, bureau, agency. `networks` empty: from anywhere; `rate`: questions a second."""

    id: str
    name: Said
    kind: str
    uscc: str
    standing: Standing
    scopes: frozenset[str]
    networks: tuple[Network, ...] = ()
    licences: tuple[Licence, ...] = ()
    rate: int = 100
    webhooks: tuple[str, ...] = field(default=(), repr=False)
