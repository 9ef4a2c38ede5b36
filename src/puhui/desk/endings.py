"""What ends with a subject: its letters and applications, its monitors, its signers, and those that it held for others.

Promises: one transaction for a subject, each end with its event and its reason; repeatable, so that a stop anywhere is
made good by the next round. The register is looked at as it is known now, before figures that say the same are shown:
no question reads of a subject that it has ended while a letter of it is still in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from puhui.consent.book import LetterBook
from puhui.consent.caps import zone_day
from puhui.consent.drafting import refused
from puhui.consent.letter import BY_REGISTER, REASONS, Act, Letter, State, moved
from puhui.consent.signers import Signer, SignerBook
from puhui.desk.rooms import DeskRooms
from puhui.model.delivery import EditionFile
from puhui.model.question import BasisKind
from puhui.model.tables import Tables, literal, quoted
from puhui.packs.forms import Ending

BY = "register"  # nobody decides it: the register says so
BY_ERASURE, AUTHORITY_LOST = "erased", "authority-lost"
_OPEN = (State.ACTIVE, State.PAUSED)
_ASKED = "asked_subjects"


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended with one subject: ids."""

    subject: str
    reason: str
    letters: tuple[str, ...]
    monitors: tuple[str, ...]
    signers: tuple[str, ...]


# --- one subject ---


def end_subject(rooms: DeskRooms, token: str, *, reason: str, by: str) -> Ended:
    """End all that is in force for a subject, in one transaction. Repeatable: then there is nothing left to end."""
    at = rooms.now()
    with rooms.letters.one_at_a_time():
        letters = end_open(rooms.letters, rooms.letters.of_subject(token), reason=reason, by=by, at=at)
        held = {one.id: one for one in (*rooms.signers.signers_of(token), *rooms.signers.signers_held_by(token))}
        gone = [one for one in held.values() if one.state == "enrolled"]
        for signer in gone:
            revoke_with_agents(rooms.letters, rooms.signers, signer, reason=reason, by=by, at=at)
        monitors = rooms.monitors.end_of_subject(token, by=by, why=reason, at=at)
    ids = tuple(letter.id for letter in letters), tuple(monitors), tuple(one.id for one in gone)
    return Ended(token, reason, *ids)


def end_open(book: LetterBook, letters: Iterable[Letter], *, reason: str, by: str, at: datetime) -> list[Letter]:
    """End those of the letters that are in force or paused. An order outlives its subject: a court may go on."""
    if reason not in REASONS or not by.strip():
        raise refused("终止的原因不在列", "the reason is none for which a letter ends", "reason")
    spared = (BasisKind.ORDER, BasisKind.DUTY) if reason in BY_REGISTER else ()
    open_ones = [one for one in letters if one.state in _OPEN and one.basis not in spared]
    return [book.move(moved(one, Act.END, by=by, at=at, detail={"reason": reason})) for one in open_ones]


def revoke_with_agents(
    letters: LetterBook, signers: SignerBook, signer: Signer, *, reason: str, by: str, at: datetime
) -> None:
    """Revoke a signer. The agents whose authority it signed go with it; with an agent, the letters that it signed."""
    signers.revoke_signer(signer, by=by, at=at, reason=reason)
    agents = [one for one in signers.signers_of(signer.subject) if _given_by(one, signer)]
    for agent in agents:
        signers.revoke_signer(agent, by=by, at=at, reason=AUTHORITY_LOST)
    for agent in [*agents, *([signer] if signer.capacity == "agent" else [])]:
        end_open(letters, letters.of_signer(agent.id), reason=AUTHORITY_LOST, by=by, at=at)


def _given_by(agent: Signer, giver: Signer) -> bool:
    return agent.authority is not None and agent.authority.by == giver.id


# --- by the register ---


def end_the_ended(rooms: DeskRooms, *, by: str = BY) -> list[Ended]:
    """End what is in force for everybody whom the register says has ended. Repeatable."""
    told = endings_of(rooms, sorted({*rooms.letters.subjects(), *rooms.signers.subjects()}))
    return [end_subject(rooms, token, reason=reason, by=by) for token, reason in told.items()]


def endings_of(rooms: DeskRooms, tokens: Sequence[str]) -> Mapping[str, str]:
    """Token → reason, of those whom the newest published editions say have ended by today.

    A row that contradicts another one of its subject says nothing until a steward has decided.
    """
    told = [resource for resource in rooms.packs.resources.values() if resource.ends]
    if not tokens or not told:
        return {}
    known, day, found = rooms.register.editions_at(rooms.now()), zone_day(rooms.now()), dict[str, str]()
    with rooms.scratch() as scratch:
        scratch.tables.register(_ASKED, pa.table({"subject": pa.array(tokens, pa.string())}))
        for resource in told:
            if resource.name in known:
                files = rooms.lake.files(resource.name, known[resource.name].version)
                found = _told_by(resource.ends, files, scratch.tables, day) | found
    return found


def _told_by(ends: Sequence[Ending], files: Sequence[EditionFile], tables: Tables, day: date) -> dict[str, str]:
    if not files:
        return {}
    paths = ", ".join(literal(file.path) for file in files)
    rows = f"read_parquet([{paths}], union_by_name = true) WHERE subject IN (SELECT subject FROM {_ASKED})"
    found: dict[str, str] = {}
    for ending in ends:
        says = _says(ending, day)
        undisputed = f"bool_or({says}) AND NOT bool_or(conflict <> 0 AND NOT {says})"
        told = tables.rows(f"SELECT subject FROM {rows} GROUP BY subject HAVING {undisputed}")
        found = {str(token): ending.reason for (token,) in told} | found
    return found


def _says(ending: Ending, day: date) -> str:
    """Whether a row tells the end, in SQL; never NULL."""
    parts = []
    if ending.field is not None:
        values = ", ".join(map(literal, ending.values))
        parts.append(f"coalesce({quoted(ending.field)} IN ({values}), FALSE)")
    if ending.since is not None:
        parts.append(f"coalesce({quoted(ending.since)} <= DATE {literal(day.isoformat())}, TRUE)")
    return f"({' AND '.join(parts) or 'TRUE'})"
