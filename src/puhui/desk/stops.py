"""Stops after a restore: what was revoked, paused, ended or disputed since the backup is so again before anything
serves.

Promises: repeatable; nothing is given that the backup does not have: a stop is never undone by the journal but where
the journal itself says so later (resumed, admitted again).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from puhui.consent.letter import Act, State, moved
from puhui.desk.keys import COMPROMISED, ROTATED
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.rooms import DeskRooms, Objected
from puhui.model.institution import Standing
from puhui.model.refusal import Said
from puhui.model.refusals import Broken

BY = "restore"
_WORDS = ("paused", "resumed", "revoked", "ended")
_LETTERS = frozenset(f"{head}-{word}" for head in ("letter", "sealed") for word in _WORDS)
_STANDINGS = {
    "institution-resumed": Standing.ADMITTED,
    "institution-suspended": Standing.SUSPENDED,
    "institution-ended": Standing.ENDED,
}
_FOR_GOOD = ("signer-revoked", "contract-ended", "key-revoked", "monitor-ended")
_OBJECTED = "objection-opened"
OBJECTIONS = frozenset((_OBJECTED, "objection-corrected", "objection-withdrawn", "objection-rejected"))
KINDS = frozenset((*_LETTERS, *_STANDINGS, *_FOR_GOOD, *OBJECTIONS, ROTATED, COMPROMISED))


@dataclass(frozen=True, slots=True)
class Stop:
    """One line of the journal: an event's kind, time (ISO), actor, and of its detail what names the matter."""

    kind: str
    at: str
    actor: str
    detail: Mapping[str, Any]


def replay_stops(stops: Sequence[Stop], rooms: DeskRooms, letters: LetterRooms) -> int:
    """Make so again what the journal says and the tables do not; how much that was.

    Raises Broken where the journal knows a key that the key store has not: the keys are older than the journal.
    """
    _check_keys(stops, rooms)
    done = sum(_letter_again(letter_id, word, letters) for letter_id, word in _last_words(stops).items())
    done += sum(_standing_again(name, standing, rooms) for name, standing in _standings(stops).items())
    for stop in stops:
        if stop.kind in _FOR_GOOD:
            done += _ended_again(stop, rooms, letters)
        elif stop.kind in (ROTATED, COMPROMISED):
            done += _key_event_again(stop, rooms)
    done += sum(_disputed_again(stop, rooms) for stop in _open_objections(stops))
    rooms.partners.contracts.forget()
    return done


def _last_words(stops: Sequence[Stop]) -> dict[str, str]:
    """Letter → what was said of it last; an end is the last word."""
    words: dict[str, str] = {}
    for stop in stops:
        if stop.kind in _LETTERS and words.get(stop.detail["letter"]) not in ("revoked", "ended"):
            words[stop.detail["letter"]] = stop.kind.partition("-")[2]
    return words


def _letter_again(letter_id: str, word: str, rooms: LetterRooms) -> bool:
    stored = rooms.book.stored(letter_id)
    if stored is None or word == "resumed":  # made after the backup; or in force, as the backup has it or not
        return False
    act = Act.PAUSE if word == "paused" else Act.END
    if stored.letter.state not in ((State.ACTIVE,) if act is Act.PAUSE else (State.ACTIVE, State.PAUSED)):
        return False
    detail = {"reason": "by-law"} if act is Act.END else {}
    rooms.book.move(moved(stored.letter, act, by=BY, at=rooms.now(), detail=detail))
    return True


def _standings(stops: Sequence[Stop]) -> dict[str, Standing]:
    """Institution → how it stood last; ended is for good."""
    found: dict[str, Standing] = {}
    for stop in stops:
        if stop.kind in _STANDINGS and found.get(stop.detail["institution"]) is not Standing.ENDED:
            found[stop.detail["institution"]] = _STANDINGS[stop.kind]
    return found


def _standing_again(name: str, standing: Standing, rooms: DeskRooms) -> bool:
    admissions = rooms.partners.admissions
    known = admissions.institution(name)
    if known is None or standing is Standing.ADMITTED or known.standing in (standing, Standing.ENDED):
        return False
    admissions.change(replace(known, standing=standing), by=BY, at=rooms.now(), reason="journal of stops")
    return True


def _ended_again(stop: Stop, rooms: DeskRooms, letters: LetterRooms) -> bool:
    at, reason = rooms.now(), "journal of stops"
    if stop.kind == "signer-revoked":
        signer = letters.signers.signer(stop.detail["signer"])
        if signer is None or signer.state != "enrolled":
            return False
        letters.signers.revoke_signer(signer, by=BY, at=at, reason=reason)
        return True
    if stop.kind == "contract-ended":
        known = {one["id"]: one for one in rooms.partners.contracts.states("")}.get(stop.detail["contract"])
        if known is None or known["state"] == "ended":
            return False
        rooms.partners.contracts.end(stop.detail["contract"], by=BY, at=at, reason=reason)
        return True
    if stop.kind == "monitor-ended":
        return rooms.monitors.end_again(stop.detail["monitor"], by=BY, why=reason, at=at)
    keys = {key["id"]: key for key in rooms.partners.admissions.keys(stop.detail["institution"])}
    if stop.detail["key"] not in keys or keys[stop.detail["key"]]["revoked_at"] is not None:
        return False
    rooms.partners.admissions.revoke_key(stop.detail["key"], by=BY, at=at, reason=reason)
    return True


def _open_objections(stops: Sequence[Stop]) -> list[Stop]:
    """The objections that were opened and not settled since. One that the backup has open stays open."""
    settled = {stop.detail["objection"] for stop in stops if stop.kind in OBJECTIONS and stop.kind != _OBJECTED}
    return [stop for stop in stops if stop.kind == _OBJECTED and stop.detail["objection"] not in settled]


def _disputed_again(stop: Stop, rooms: DeskRooms) -> bool:
    """What a subject disputes stays flagged, unless the backup knows it or the subject was erased meanwhile."""
    name, subject = stop.detail["objection"], stop.detail["subject"]
    if rooms.objections.objection(name) is not None or subject not in rooms.vault.store.records([subject]):
        return False
    opened = Objected(name, subject, stop.detail["item"], "open", datetime.fromisoformat(stop.at))
    rooms.objections.add(opened, by=BY)
    return True


def _key_event_again(stop: Stop, rooms: DeskRooms) -> bool:
    """The periods of the zone's keys are read from their events: those that the backup lacks are written again."""
    told = {(event["key"], event.get("since")) for event in rooms.register.events(stop.kind)}
    if (stop.detail["key"], stop.detail.get("since")) in told:
        return False
    rooms.register.event(stop.kind, stop.actor, datetime.fromisoformat(stop.at), stop.detail)
    return True


def _check_keys(stops: Sequence[Stop], rooms: DeskRooms) -> None:
    for stop in stops:
        if stop.kind == ROTATED:
            try:
                rooms.keys.by_id(stop.detail["key"])
            except Broken:
                raise _older_keys() from None


def _older_keys() -> Broken:
    return Broken(
        Said("密钥备份早于撤销日志，缺少后来轮换的密钥", "the keys are older than the journal: one is missing"),
        todo=Said("给出轮换之后的密钥备份", "give the backup of the keys that was made after they were renewed"),
    )
