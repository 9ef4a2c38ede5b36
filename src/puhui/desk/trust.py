"""The zone's trust file: the public keys by which strangers check its answers; nothing secret, and nobody's data."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from puhui.desk.rooms import DeskRooms
from puhui.wire.keys import Verifying
from puhui.wire.notes import NoteVerifier
from puhui.wire.trust import Institution, Letters, LogKey, Officer, Trust, TrustedKey, Zone

BEGINNING = "2020-01-01T00:00:00Z"  # no zone is older


@dataclass(frozen=True, slots=True)
class Period:
    """A key of the zone, and while it was in use. `end` None: until further notice."""

    key: Verifying
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogPeriod:
    """A key of the log's checkpoints, and while it was in use."""

    key: NoteVerifier
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogGround:
    """One log of the zone by its origin: the present one, or one that ended when a backup was restored."""

    origin: str
    keys: Sequence[LogPeriod]


@dataclass(frozen=True, slots=True)
class Ground:
    """What the zone itself is known by. `logs`: oldest first. `rp_id`, `origins`: where its letters are signed."""

    logs: Sequence[LogGround]
    answer_keys: Sequence[Period]
    rp_id: str
    origins: tuple[str, ...]
    witnesses: Sequence[NoteVerifier]
    quorum: int


def trust_of(rooms: DeskRooms, ground: Ground) -> Trust:
    """The trust file of a zone as it stands now, old keys with their periods among the others."""
    officers = tuple(Officer(name=name, public=_text(key)) for name, key in sorted(rooms.officers.keys().items()))
    letters = Letters(rp_id=ground.rp_id, origins=ground.origins, officers=officers)
    answer_keys = tuple(map(_answer_key, ground.answer_keys))
    zones = tuple(
        Zone(origin=log.origin, answer_keys=answer_keys, log_keys=tuple(map(_log_key, log.keys)), letters=letters)
        for log in ground.logs
    )
    return Trust(
        v=1,
        zones=zones,
        institutions=tuple(_institutions(rooms)),
        witnesses=tuple(one.vkey for one in ground.witnesses),
        quorum=ground.quorum,
    )


def _answer_key(one: Period) -> TrustedKey:
    key = one.key
    public, start, end = _text(key.public), _start(one.start), _end(one.end)
    return TrustedKey(id=key.id, algorithm=key.algorithm, public=public, start=start, end=end)


def _log_key(one: LogPeriod) -> LogKey:
    return LogKey(vkey=one.key.vkey, algorithm=one.key.algorithm, start=_start(one.start), end=_end(one.end))


def _institutions(rooms: DeskRooms) -> Iterator[Institution]:
    admissions = rooms.partners.admissions
    for one in sorted(admissions.institutions(), key=lambda each: each.id):
        keys = tuple(
            TrustedKey(
                id=key["id"],
                algorithm=key["algorithm"],
                public=key["public"],
                start=_second(key["not_before"]),
                end=_second(min(key["not_after"], key["revoked_at"] or key["not_after"])),
            )
            for key in sorted(admissions.keys(one.id), key=lambda each: str(each["id"]))
        )
        if keys:
            yield Institution(id=one.id, keys=keys)


def _start(at: datetime | None) -> str:
    return _second(at) if at else BEGINNING


def _end(at: datetime | None) -> str:
    return _second(at) if at else ""


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _second(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
