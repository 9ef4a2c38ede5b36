"""What the story of a question needs from outside; bootstrap fills it."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from puhui.consent.permit import Letters, Rules
from puhui.contracts.mandate import Book
from puhui.contracts.offer import Offers
from puhui.gateway.noise import Noise
from puhui.gateway.prepared import Products
from puhui.indicators.store import FiguresReader
from puhui.institutions.recognise import Directory
from puhui.ledger.sequencer import Sequencer
from puhui.ledger.store import LogStore
from puhui.model.question import Receipt
from puhui.subjects.quick import Index
from puhui.wire.keys import Signing


class Objections(Protocol):
    """What subjects dispute at the moment."""

    def of(self, token: str) -> Set[str]:
        """The catalogue items of which the subject says that they are wrong."""


class Again(Protocol):
    """Answers that were given before."""

    def receipt(self, index: int) -> Receipt:
        """The receipt of an entry as it was first given. Raises SubjectUnknown where its subject was erased."""

    def proof_text(self, index: int, quorum: int = 0) -> str:
        """A C2SP tlog-proof of an entry in the newest checkpoint that so many witnesses signed, else in its own."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """Everything that an answer passes, in its order."""

    directory: Directory
    book: Book
    offers: Offers
    products: Products
    index: Index
    letters: Letters
    rules: Rules
    figures: FiguresReader
    objections: Objections
    log: Sequencer
    again: Again
    past: LogStore
    signing: Signing
    origin: str  # of the zone's log
    now: Callable[[], datetime]
    noise: Noise  # where refusals of strangers go
    quorum: int = 0  # witnesses that must have signed a checkpoint before it counts
