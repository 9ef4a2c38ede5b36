"""What the log needs of a database: the tree, the entries, and the rows that an entry is re-checked and counted by.

The laws stand at the protocols' methods. An adapter raises StoreFault for whatever goes wrong underneath, and nothing
else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from puhui.ledger.entries import EventRow
from puhui.ledger.windows import CounterName
from puhui.wire.tlog import Frontier

T = TypeVar("T")


class StoreFault(Exception):
    """The database did not do what it was asked, or did not say whether it did."""


class EntryRow(msgspec.Struct, frozen=True, gc=False):
    """One leaf with its sealed record. Like AskedRow made thousands of times a second, hence no dataclass."""

    index: int
    entry: bytes
    kind: str
    at: datetime
    subject: str
    institution: str
    key_id: str
    sealed: bytes
    batch_size: int


class AskedRow(NamedTuple):
    """One authenticated question with what became of it and its bill. `bucket`: the stretch of time of its nonce."""

    entry: int
    institution: str
    bucket: int
    nonce: str | None
    idempotency_key: str | None
    content: bytes
    answer_id: str
    contract: str
    product: str
    end_user: str
    subject: str
    letter: str
    letter_version: int
    snapshot: int
    code: str
    month: str
    price_fen: int
    at: datetime


@dataclass(slots=True)
class LetterState:
    """What of a letter the sequencer re-checks and counts."""

    state: str
    version: int
    institution: str
    subject: str
    start: datetime
    end: datetime
    cap: int
    window: str  # letter | month | year
    uses: int
    uses_in_window: int
    window_started: datetime | None


@dataclass(frozen=True, slots=True)
class ContractState:
    state: str
    institution: str
    digest: bytes
    valid_from: datetime
    valid_until: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyState:
    """An institution's key and whether the institution is admitted."""

    institution: str
    admitted: bool
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None


@dataclass(slots=True)
class Count:
    """How much a window of a contract holds: questions, answers among them, fen."""

    count: int = 0
    answered: int = 0
    fen: int = 0


Pair = tuple[str, str]
Shown = dict[tuple[str, str], list[tuple[str, datetime]]]  # (institution, subject) → product, when it was answered


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a batch needs to know, for one set-based look-up each."""

    idempotency_keys: Sequence[Pair]  # institution, key
    letters: Sequence[str]
    contracts: Sequence[str]
    keys: Sequence[str]
    counters: Sequence[CounterName]
    shown: Sequence[Pair]  # institution, subject


@dataclass(slots=True)
class Facts:
    """The answer to `Wanted`; what is absent does not exist."""

    answered: dict[Pair, tuple[int, bytes]] = field(default_factory=dict)  # (institution, key) → entry, content
    letters: dict[str, LetterState] = field(default_factory=dict)
    contracts: dict[str, ContractState] = field(default_factory=dict)
    keys: dict[str, KeyState] = field(default_factory=dict)
    counters: dict[CounterName, Count] = field(default_factory=dict)
    shown: Shown = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RepeatRow:
    """A question that was answered from an earlier entry: its nonce is spent all the same."""

    institution: str
    bucket: int
    nonce: str
    entry: int
    at: datetime


@dataclass(slots=True)
class Rows:
    """Everything that one batch writes, besides entries, tree and checkpoint."""

    asked: list[AskedRow] = field(default_factory=list)
    repeats: list[RepeatRow] = field(default_factory=list)
    letters: dict[str, LetterState] = field(default_factory=dict)  # those whose uses grew
    counters: dict[CounterName, Count] = field(default_factory=dict)  # the new values
    events: list[int] = field(default_factory=list)  # taken
    templates: dict[bytes, bytes] = field(default_factory=dict)  # name → body, of those that may not be stored yet


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed note of the log with the cosignature lines that came for it."""

    size: int
    note: str
    at: datetime
    published: bool = False
    cosignatures: tuple[tuple[str, str], ...] = ()  # witness, line


class LogTransaction(Protocol):
    """One open transaction that holds the tree: nobody else appends, and no row read here changes, until it ends."""

    def tree(self) -> Frontier:
        """Size and peaks of the tree, locked."""

    def facts(self, wanted: Wanted) -> Facts:
        """What is true now; letters, contracts and keys stay so until the end of the transaction."""

    def nonces_since(self, entry: int | None, repeat: int, bucket: int) -> tuple[list[tuple[int, str, str]], int]:
        """As `nonces.NonceRows` says."""

    def events(self, limit: int) -> list[EventRow]:
        """The oldest events that are not taken, in the order of their ids."""

    def write(
        self, entries: Sequence[EntryRow], rows: Rows, tree: Frontier, checkpoint: StoredCheckpoint | None
    ) -> None:
        """Writes it all. Durable with the transaction."""


class LogStore(Protocol):
    """The log's database. Whatever it raises is a StoreFault."""

    def transact(self, work: Callable[[LogTransaction], T]) -> T:
        """Runs `work` in one transaction, which is durable once this returns and left no trace if `work` raised.

        `work` may be called again where the database asks for it. After a StoreFault it is unknown whether the
        transaction was kept: ask `entry`.
        """

    def close(self) -> None:
        """Ends this thread's connection; the next use makes another."""

    def entry(self, index: int) -> EntryRow | None:
        """The entry of that index."""

    def template(self, name: bytes) -> bytes | None:
        """The template of that name (`templates`)."""

    def commitments(self, first: int, end: int) -> list[bytes]:
        """The leaves [first, end); fewer where the log ends earlier."""

    def commitments_at(self, indexes: Sequence[int]) -> dict[int, bytes]:
        """The leaves of these entries, by index; what the log does not have is absent."""

    def tree(self) -> Frontier:
        """Size and peaks as last committed."""

    def events_waiting(self) -> bool:
        """Whether an event is not taken yet."""

    def find_answer(self, institution: str, answer_id: str) -> AskedRow | None:
        """The question whose answer or refusal has that id, if that institution asked it; the newest, if several."""

    def entries_of(self, subject: str) -> Iterator[EntryRow]:
        """The entries under a subject's token, oldest first."""

    def asked_in(self, institution: str, month: str) -> Iterator[AskedRow]:
        """An institution's questions billed in a month (`2026-11`), in the order of the log."""

    def asked_at(self, indexes: Sequence[int]) -> dict[int, AskedRow]:
        """The questions of these entries."""

    def checkpoint(self, size: int) -> StoredCheckpoint | None:
        """The checkpoint of that tree size."""

    def published(self, quorum: int = 0) -> StoredCheckpoint | None:
        """The newest published checkpoint that at least `quorum` witnesses signed."""

    def publish(self, size: int) -> None:
        """From now on the outside may see the checkpoint of that size. Durable, repeatable."""

    def add_cosignature(self, size: int, witness: str, line: str, at: datetime) -> None:
        """A witness's verified line; the first one stays. Durable, repeatable."""

    def last_cosigned(self, witness: str) -> int:
        """The size of the newest checkpoint that the witness signed; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """Neighbouring leaves from index `first` on, sizes of the batches that they came in, how many of each kind."""

    first: int
    entries: Sequence[bytes]
    batch_sizes: set[int]
    kinds: Mapping[str, int]


class LogScan(Protocol):
    """Reading the whole log, in order and without locks, for `checking`."""

    def every_commitment(self, chunk: int) -> Iterator[Leaves]:
        """All leaves, at most `chunk` at a time; a gap begins a new chunk."""

    def every_checkpoint(self) -> Iterator[StoredCheckpoint]:
        """Checkpoints by size, ascending, with their cosignatures."""

    def every_entry(self) -> Iterator[EntryRow]:
        """Entries in order, with their sealed records."""

    def tallies(self) -> Tallies:
        """Counts over the tables that must agree."""


@dataclass(frozen=True, slots=True)
class Tallies:
    """What several tables say about the same questions."""

    asked_answers: int
    asked_refusals: int
    asked_without_entry: int  # rows whose entry is no answer or refusal, or is absent
    asked_counted: Mapping[CounterName, Count]  # by contract, product and month, out of the questions
    counters: Mapping[CounterName, Count]  # the same out of the counters
    events_waiting: int
