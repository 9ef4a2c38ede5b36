"""Keys of the zone: named, versioned, never printed. Who keeps them is an adapter's business."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Key:
    """32 secret bytes under a stable id, `name/version`, which is stored beside what they protect."""

    id: str
    secret: bytes = field(repr=False)


class KeyStore(Protocol):
    """Where the zone's keys live. Two zones never share a store."""

    def current(self, name: str) -> Key:
        """The newest version of a named key; created, once and durably, if there is none. Repeatable."""

    def by_id(self, key_id: str) -> Key:
        """The key of that id. Raises Broken if it is gone or damaged."""

    def renew(self, name: str) -> Key:
        """A new version, durable once returned; older ones stay readable by their ids."""

    def destroy(self, key_id: str) -> None:
        """Overwrites and removes the key, durably. What it protected cannot be read again. Repeatable."""
