"""Stories of the zone's own keys: renewed as a matter of course, or because somebody may have had one.

Promises: a renewed key leaves the old versions where they are, so that whatever they signed or sealed can still be read
and checked; each change has its event, out of which the periods are read that the trust file states. A compromised
key's period ends when that may have begun: what it signed from then on proves nothing. The key of SM2 counts from when
a zone begins to sign its checkpoints by SM2 too until it no longer does; after a pause another version begins.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from puhui.desk.officers import check_reason
from puhui.desk.refused import by_officer
from puhui.desk.roles import check_may_propose
from puhui.desk.rooms import DeskRooms, OpenAct
from puhui.model.keys import Key
from puhui.model.refusal import Said
from puhui.model.refusals import Broken, NotAllowed, UnknownName
from puhui.subjects.rewrap import rewrap
from puhui.subjects.vault import SEAL_KEY
from puhui.wire.keys import ED25519, SM2_SM3, of_seed

ROTATE, COMPROMISE = "rotate-key", "compromise-key"
ROTATED, COMPROMISED = "key-rotated", "key-compromised"
BEGUN, ENDED = "key-begun", "key-ended"  # of the key of SM2 alone: the others count from the beginning
ANSWERS, CHECKPOINTS, CHECKPOINTS_SM2 = "zone", "log-signer", "log-signer-sm2"
SIGNING = {ANSWERS: ED25519, CHECKPOINTS: ED25519, CHECKPOINTS_SM2: SM2_SM3}  # name → algorithm
OVERLAP = timedelta(hours=24)  # while a process that has the old signing key in memory may go on with it
_SEALING = re.compile(rf"{SEAL_KEY}|landings|letter-proposals|bases|log-\d{{4}}-\d{{2}}")
_FOR_GOOD = re.compile(r"pseudonym-.*|vault-index|vault-journal")
Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """A version of a signing key, and from when until before when it counts. None: no bound on that side."""

    key: Key
    start: datetime | None
    end: datetime | None


@by_officer(ROTATE)
def rotate_key(
    rooms: DeskRooms, name: str, *, by: str, reason: str, overlap: timedelta = OVERLAP, renewal: str = ROTATE
) -> dict[str, Any]:
    """A new version of a key. A signing key's older versions count until the overlap is over.

    Raises NotAllowed for keys that are never renewed, UnknownName for a name that is no key's.
    """
    check_reason(by, reason)
    check_may_propose(rooms.officers, renewal, by=by)
    check_can_be_renewed(name)
    if name == CHECKPOINTS_SM2 and not signs_sm2(rooms):
        raise _no_sm2()
    rooms.keys.current(name)  # what is renewed had a first version
    key, at = rooms.keys.renew(name), rooms.now()
    detail: dict[str, Any] = {"key": key.id, "reason": reason}
    if name in SIGNING:
        detail |= {"public": base64.b64encode(_public(key)).decode(), "old_until": _text(at + overlap)}
    if name == SEAL_KEY:
        detail["wrapped"] = rewrap(rooms.vault)
    rooms.register.event(ROTATED, by, at, detail)
    return detail


def compromise_prepared(rooms: DeskRooms, given: Arguments) -> dict[str, Any]:
    """What a proposal holds: which version, and since when somebody else may have had it."""
    key_id, since = str(given["key"]), _moment(given["since"])
    name, _, version = key_id.rpartition("/")
    check_can_be_renewed(name)
    if name == CHECKPOINTS_SM2 and not rooms.register.events(BEGUN):
        raise _no_sm2()
    newest = int(rooms.keys.current(name).id.rpartition("/")[2])
    if not version.isdigit() or not 1 <= int(version) <= newest:
        raise UnknownName(
            Said("没有该版本的密钥", "there is no such version of the key"),
            todo=Said("用 puhui key list 查看", "see `puhui key list`"),
        )
    if since > rooms.now():
        raise NotAllowed(
            Said("泄露时间不能在将来", "a compromise cannot begin in the future"),
            todo=Said("写出最早可能的时间", "give the earliest moment that is possible"),
        )
    return {"key": key_id, "since": _text(since)}


def compromise(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    """End the version's period, and renew the key where it is the newest one. Repeatable."""
    key_id, since = act.arguments["key"], act.arguments["since"]
    told = [event for event in rooms.register.events(COMPROMISED) if event["key"] == key_id]
    if not any(event["since"] == since for event in told):
        rooms.register.event(COMPROMISED, by, rooms.now(), {"key": key_id, "since": since, "reason": act.reason})
    name = key_id.rpartition("/")[0]
    done = {"key": key_id, "since": since}
    if rooms.keys.current(name).id == key_id and (name != CHECKPOINTS_SM2 or signs_sm2(rooms)):
        renewed = rotate_key(rooms, name, by=by, reason=act.reason, overlap=timedelta(), renewal=COMPROMISE)
        done["renewed"] = renewed["key"]
    return done


def periods(rooms: DeskRooms, name: str) -> list[KeyPeriod]:
    """Every version of a signing key that ever counted, oldest first. One that was destroyed is left out."""
    rotated, begun, ended = (_by_version(rooms, kind, name) for kind in (ROTATED, BEGUN, ENDED))
    stolen = [(event["key"], _moment(event["since"])) for event in rooms.register.events(COMPROMISED)]
    starts: dict[int, datetime | None] = {version: _moment(event["at"]) for version, event in rotated.items()}
    starts |= {version: _whole_second(_moment(event["at"])) for version, event in begun.items()}
    if name != CHECKPOINTS_SM2:
        starts |= {version: None for version in range(1, _version(rooms.keys.current(name).id) + 1)} | starts
    found = []
    for version, start in sorted(starts.items()):
        ends = [_whole_second(_moment(event["old_until"])) for later, event in rotated.items() if later > version]
        ends += [_moment(event["at"]) for last, event in ended.items() if last >= version]
        ends += [since for key_id, since in stolen if key_id == f"{name}/{version}"]
        end = min(ends) if ends else None
        key = _held(rooms, f"{name}/{version}")
        if key and (start is None or end is None or _second(start) < _second(end)):
            found.append(KeyPeriod(key, start, end))
    return found


def _by_version(rooms: DeskRooms, kind: str, name: str) -> dict[int, Mapping[str, Any]]:
    """The events of that kind about versions of a key."""
    return {_version(event["key"]): event for event in rooms.register.events(kind) if _name(event["key"]) == name}


def settle_sm2(rooms: DeskRooms, *, wanted: bool) -> None:
    """From now on the log signs its checkpoints by SM2 too, or no longer; written down where that is new. Repeatable.

    Only who is about to serve calls it: from the next second on each answer's checkpoint needs that signature.
    """
    if wanted == signs_sm2(rooms):
        return
    keys = rooms.keys
    again = wanted and bool(rooms.register.events(BEGUN))
    key = keys.renew(CHECKPOINTS_SM2) if again else keys.current(CHECKPOINTS_SM2)
    detail = {"key": key.id, "public": base64.b64encode(_public(key)).decode()}
    rooms.register.event(BEGUN if wanted else ENDED, "settings", rooms.now(), detail)


def signs_sm2(rooms: DeskRooms) -> bool:
    """Whether the log has begun to sign its checkpoints by SM2 too, and not ended."""
    begun, ended = (_by_version(rooms, kind, CHECKPOINTS_SM2) for kind in (BEGUN, ENDED))
    return max(begun, default=0) > max(ended, default=0)  # what begins again is another version


def key_rows(rooms: DeskRooms) -> list[dict[str, Any]]:
    """The versions of the signing keys, as `puhui key list --json` prints them."""
    return [
        {
            "key": one.key.id,
            "algorithm": SIGNING[name],
            "public": base64.b64encode(_public(one.key)).decode(),
            "start": one.start,
            "end": one.end,
        }
        for name in SIGNING
        for one in periods(rooms, name)
    ]


def check_can_be_renewed(name: str) -> None:
    """NotAllowed, with the reason, for a key that is for good; UnknownName for no key's name."""
    if _FOR_GOOD.fullmatch(name):
        raise NotAllowed(
            Said(
                "该密钥不轮换：化名、身份索引和删除日志建立在它之上，换了就对不上",
                "this key is for good: pseudonyms, the index of identifiers or the journal of erasures stand on it",
            ),
            todo=Said(
                "见 docs/how-to/rotate-keys.md：泄露时的处置", "see docs/how-to/rotate-keys.md for what to do instead"
            ),
        )
    if name not in SIGNING and not _SEALING.fullmatch(name):
        raise UnknownName(
            Said(f"没有名为 {name} 的密钥", f"there is no key named {name}"),
            todo=Said(
                "可轮换：zone、log-signer、log-signer-sm2、vault-seal、landings、letter-proposals、bases、log-YYYY-MM",
                "there are: zone, log-signer, log-signer-sm2, vault-seal, landings, letter-proposals, bases,"
                " log-YYYY-MM",
            ),
        )


def _no_sm2() -> UnknownName:
    return UnknownName(
        Said("日志没有用 SM2 签名，没有这个密钥", "the log does not sign by SM2, so it has no such key"),
        todo=Said("在 zone.toml 写 sm2_checkpoints = true 并重启", "set sm2_checkpoints = true in zone.toml, restart"),
    )


def _held(rooms: DeskRooms, key_id: str) -> Key | None:
    try:
        return rooms.keys.by_id(key_id)
    except Broken:
        return None


def _public(key: Key) -> bytes:
    return of_seed(key.id, SIGNING[_name(key.id)], key.secret).verifying().public


def _name(key_id: str) -> str:
    return key_id.rpartition("/")[0]


def _version(key_id: str) -> int:
    return int(key_id.rpartition("/")[2])


def _second(at: datetime) -> datetime:
    """To the second, as a trust file states it."""
    return at.replace(microsecond=0)


def _whole_second(at: datetime) -> datetime:
    """The next whole second: what was signed a moment before a key was renewed was signed in time."""
    return _second(at + timedelta(microseconds=999_999))


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
