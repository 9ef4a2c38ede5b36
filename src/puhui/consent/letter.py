"""What stands beside a letter's document: the row that the hot path reads, its states, and the moves between them.

Promises: states are a table (MOVES); whoever changes one adds one to the version and writes the event in the same
transaction, so that the sequencer, which compares the version in its own transaction, never answers on an older state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from puhui.model.question import BasisKind
from puhui.model.refusal import Said
from puhui.model.refusals_question import LetterRefused
from puhui.wire.letters import Mode, Window


class State(StrEnum):
    """Of a letter and of every other basis."""

    PROPOSED = "PROPOSED"  # waits for its subject's signature
    DECLINED = "DECLINED"  # its subject said no; to the proposer it stays PROPOSED until its time is over
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    REVOKED = "REVOKED"  # by its subject, or ended by law
    EXPIRED = "EXPIRED"


class Act(StrEnum):
    """What moves a letter. The event of it is `letter-<act>`, an order's `sealed-<act>`."""

    SIGN = "signed"
    DECLINE = "declined"
    PAUSE = "paused"
    RESUME = "resumed"
    REVOKE = "revoked"
    END = "ended"  # death, deregistration, an agent's lost authority
    EXPIRE = "expired"


MOVES: Mapping[tuple[State, Act], State] = {
    (State.PROPOSED, Act.SIGN): State.ACTIVE,
    (State.PROPOSED, Act.DECLINE): State.DECLINED,
    (State.PROPOSED, Act.EXPIRE): State.EXPIRED,
    (State.DECLINED, Act.EXPIRE): State.EXPIRED,
    (State.ACTIVE, Act.PAUSE): State.PAUSED,
    (State.PAUSED, Act.RESUME): State.ACTIVE,
    (State.ACTIVE, Act.REVOKE): State.REVOKED,
    (State.PAUSED, Act.REVOKE): State.REVOKED,
    (State.ACTIVE, Act.END): State.REVOKED,
    (State.PAUSED, Act.END): State.REVOKED,
    (State.ACTIVE, Act.EXPIRE): State.EXPIRED,
    (State.PAUSED, Act.EXPIRE): State.EXPIRED,
}
BY_REGISTER = ("death", "deregistered", "licence-revoked")  # reasons of END that a register tells
REASONS = (*BY_REGISTER, "authority-lost", "minor", "erased", "by-law")  # of END; never a person's own words


@dataclass(frozen=True, slots=True)
class Letter:
    """A basis as the hot path reads it: one row, plain data. `stated`: names of checks whose value its document has."""

    id: str
    basis: BasisKind
    subject: str  # token; empty: not signed yet, or a duty about whomever it concerns
    institution: str
    end_user: str
    wording: str
    purpose: str
    items: Mapping[str, str]  # item → gate that the ticks open
    stated: tuple[str, ...]
    mode: str
    cap: int
    window: str
    range_months: int
    retention_days: int
    start: datetime
    end: datetime
    state: State
    version: int
    digest: bytes
    signer: str = ""
    uses: int = 0
    uses_in_window: int = 0
    window_started: datetime | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What an institution asks for, and a letter then says: everything but the subject's own choices."""

    institution: str
    end_user: str
    wording: str
    purpose: str
    range_months: int
    mode: Mode
    cap: int
    window: Window
    retention_days: int
    life_days: int


@dataclass(frozen=True, slots=True)
class Moved:
    """One change of a state, with what its event says. `detail` holds codes and digests, no personal data."""

    letter: Letter
    to: State
    act: Act
    by: str  # a signer's id, officers' names, or `upkeep`
    at: datetime
    detail: Mapping[str, str] = field(default_factory=dict)


def moved(letter: Letter, act: Act, *, by: str, at: datetime, detail: Mapping[str, str] | None = None) -> Moved:
    """The change that an act makes. Raises LetterRefused where the state does not allow it."""
    to = MOVES.get((letter.state, act))
    if to is None or (act is Act.RESUME and at >= letter.end):
        raise LetterRefused(
            Said(f"授权书为 {letter.state} 状态，不能这样做", f"the letter is {letter.state}: it cannot be {act} now"),
            todo=Said("查看授权书的状态和期限", "look at the letter's state and dates"),
            where="state",
        )
    return Moved(letter, to, act, by, at, dict(detail or {}))
