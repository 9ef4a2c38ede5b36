"""What the desk refused to people: each such refusal leaves an event, in a transaction of its own, before it is seen.

Promises: nobody tries the desk's doors unseen. An event says which act was refused, by which code, and who tried: an
officer whom the zone knows, or `unknown`; it holds nothing that was typed. Who tries again and again fills no log: the
first tries of an hour leave an event each, later ones whenever they have doubled. Where the event cannot be written,
the act is refused all the same.

Where the line is. Logged is what a rule that protects somebody held back: a role, a second person or a reason that is
lacking, a signature or a signer that does not hold, an item, a purpose or a product that law or contract closes, a
subject who is not here (whoever guesses is seen). Not logged is a command that is mistyped (no such name, no such
form, no such file) or that the zone cannot carry out now (busy, broken): it tells nothing about who typed it. Of
letters a wrong name is logged too: somebody else's letter and none are refused alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from puhui.desk.roles import OfficerBook
from puhui.model.refusal import Refusal
from puhui.model.refusals import LegalHold, NoSubject, NotAllowed, TableRefused, UnknownName
from puhui.model.refusals_question import (
    AdmissionRefused,
    BadRequest,
    BadSignature,
    ChannelRefused,
    ContractRefused,
    Differencing,
    EvidenceRefused,
    LetterRefused,
    ProhibitedItem,
    PurposeRefused,
    SignerRefused,
)
from puhui.model.subject import Identifier, Subject

OFFICER, LETTER, SIGNER = "officer.refused", "letter.refused", "signer.refused"  # the events' kinds
UNKNOWN = "unknown"
EACH = 10  # tries of one actor at one act in an hour that leave an event each

GUARDED: tuple[type[Refusal], ...] = (
    *(NotAllowed, LegalHold, NoSubject, TableRefused, AdmissionRefused, ContractRefused, Differencing, ProhibitedItem),
    *(PurposeRefused, ChannelRefused, BadSignature, LetterRefused, SignerRefused, EvidenceRefused),
)
GUARDED_LETTERS = (*GUARDED, UnknownName)
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused act. `actor`: an officer's name or UNKNOWN; `subject`: a token, whose key seals it, or empty."""

    kind: str
    act: str
    code: str
    actor: str
    subject: str = ""


class Refusals(Protocol):
    """Where refused acts are counted and told."""

    def note(self, refused: Refused, at: datetime) -> None:
        """Counts it, and writes its event where `leaves_event` says so. One transaction of its own, which is durable
        once this returns. The event's detail: `act`, `code`, and `count`, how many there were in that hour."""


class Desk(Protocol):
    """What of a desk's rooms is needed here."""

    @property
    def officers(self) -> OfficerBook: ...

    @property
    def refusals(self) -> Refusals: ...

    @property
    def now(self) -> Callable[[], datetime]: ...


def leaves_event(count: int) -> bool:
    """Whether the try of that number in its hour leaves an event: 1 to 10, then 20, 40, 80 …"""
    times, rest = divmod(count, EACH)
    return count <= EACH or (rest == 0 and times.bit_count() == 1)


def nobody() -> str:
    """No subject is known, or none may be named."""
    return ""


def token_of(find: Callable[[Identifier], Subject], about: Identifier) -> Callable[[], str]:
    """The token of an identifier, looked up once there is a refusal; empty where it is nobody's here."""

    def found() -> str:
        with suppress(NoSubject, BadRequest):
            return find(about).token
        return ""

    return found


@contextmanager
def refusals_noted(
    desk: Desk,
    kind: str,
    act: str,
    *,
    by: str | Sequence[str] = "",
    about: Callable[[], str] = nobody,
    guarded: tuple[type[Refusal], ...] = GUARDED,
) -> Iterator[None]:
    """Notes a refusal of the block, once, and lets it out. `by`: who acts, as the story was told."""
    try:
        yield
    except guarded as refusal:
        try:
            if not refusal.noted:
                desk.refusals.note(Refused(kind, act, refusal.code, _actor(desk, by), about()), desk.now())
                refusal.noted = True
        finally:
            raise refusal


def by_officer(act: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Notes what a story refuses that an officer tells alone: its rooms come first, its `by` is a keyword."""

    def noting(story: Callable[P, T]) -> Callable[P, T]:
        @wraps(story)
        def told(*args: P.args, **given: P.kwargs) -> T:
            with refusals_noted(cast(Desk, args[0]), OFFICER, act, by=cast(Any, given.get("by", ""))):
                return story(*args, **given)

        return told

    return noting


def _actor(desk: Desk, by: str | Sequence[str]) -> str:
    """Those who act, if every one of them is an officer, whose key was asked for; a name that was typed is none."""
    names = list(dict.fromkeys(name.strip() for name in ([by] if isinstance(by, str) else by)))
    known = desk.officers.keys()
    return ", ".join(names) if names and all(name in known for name in names) else UNKNOWN
