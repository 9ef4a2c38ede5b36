"""What the stories of letters need from the tables. Each writing method is one transaction with its event.

Law: whoever changes a row takes the log's lock first where the database has one, so that a change that was acknowledged
is seen by every answer committed after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from puhui.consent.letter import Letter, Moved
from puhui.consent.permit import Letters
from puhui.consent.proposals import Past
from puhui.wire.letters import Named

NOTHING: Mapping[str, str] = MappingProxyType({})
SUBJECT_KEY = "subject"  # stands for the key of the row's own subject


@dataclass(frozen=True, slots=True)
class Admitted:
    """An institution as its admission record names it."""

    id: str
    name: Named
    kind: str
    admitted: bool


@dataclass(frozen=True, slots=True)
class Sealed:
    """Bytes at rest, and the id of their key (`subject`: the subject's own)."""

    key_id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stored:
    """A row with what lies sealed beside it, and the keyed digest of the identifier that it was proposed for."""

    letter: Letter
    sealed: Sealed
    about_index: bytes


class LetterBook(Letters, Protocol):
    """The table of letters."""

    def institution(self, institution: str) -> Admitted | None: ...

    def one_at_a_time(self) -> AbstractContextManager[None]:
        """Looking and writing as one: nobody else writes between. Short: the log waits too."""

    def stored(self, letter_id: str) -> Stored | None: ...

    def by_code(self, code_index: bytes) -> Stored | None: ...

    def past(self, institution: str, about_index: bytes) -> Sequence[Past]:
        """Proposals of that institution for that identifier which nobody signed."""

    def add(
        self,
        stored: Stored,
        code_index: bytes,
        *,
        what: str,
        by: str,
        at: datetime,
        detail: Mapping[str, str] = NOTHING,
    ) -> None:
        """A new row: a proposal, a letter signed at once, or another basis. `what`: happened, for the event."""

    def sign(self, stored: Stored, moved: Moved) -> None:
        """The proposal becomes the signed letter. LetterRefused where its state or version has changed meanwhile."""

    def move(self, moved: Moved) -> Letter:
        """The change of a state; the row as it is then. LetterRefused where another was first."""

    def used(self, signer: str, sign_count: int) -> None:
        """A passkey's new sign count. Raises EvidenceRefused where a later one was seen meanwhile."""

    def of_subject(self, token: str) -> Sequence[Letter]: ...

    def of_signer(self, signer: str) -> Sequence[Letter]: ...

    def signed_after(self, letter_id: str, limit: int) -> Sequence[Stored]:
        """Letters that were signed, whatever became of them, in the order of their ids."""

    def subjects(self) -> Sequence[str]:
        """Whose letters are in force or paused, each once."""

    def due(self, now: datetime) -> Sequence[Letter]:
        """Letters and proposals whose end has come and whose state does not say so."""

    def access(self, letter: Letter, *, by: str, at: datetime, reason: str) -> None:
        """A staff member's look at a letter: the event `access.by-staff`, durable once it returns."""
