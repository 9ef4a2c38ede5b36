"""What the vault needs of a store. It sees tokens, keyed digests and ciphertext, no identifier, no name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from puhui.subjects.keyed import Digests


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A subject's row: its own key under the zone's key, and its record under its own key.

    `cipher` names the algorithm of both (see `seal.CIPHERS`), `wrapped_by` the version of the zone's key.
    """

    token: str
    created: str  # ISO date
    cipher: int
    wrapped_by: int
    wrapped: bytes = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedRows:
    """New subjects' rows, sealed alike on one day, as columns: there may be half a million of them."""

    tokens: Sequence[str]
    created: str
    cipher: int
    wrapped_by: int
    wrapped: Sequence[bytes] = field(repr=False)
    bodies: Sequence[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedCase:
    """A name that nobody could place: `key` is a keyed digest of source and name, `body` is sealed.

    `state`: open | linked | dismissed. `token` is filled where linked.
    """

    key: bytes
    state: str
    token: str
    cipher: int
    sealed_by: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of an erased subject."""

    token: str
    at: str
    by: str
    reason: str
    commitment: bytes


class VaultStore(Protocol):
    """The vault's tables. One writer at a time; outside `batch` nothing may be written."""

    def batch(self) -> AbstractContextManager[None]:
        """A transaction: durable once left, wholly undone by an exception. Raises Busy if another writes."""

    def meta(self) -> Mapping[str, str]:
        """Facts about the vault itself: city, zone, ids and check values of its keys."""

    def write_meta(self, facts: Mapping[str, str]) -> None:
        """Adds facts; a fact is never changed once written."""

    def tokens_of(self, digests: Digests) -> pa.DictionaryArray:
        """The token behind each identifier's digest, null where unknown; in the order asked. The dictionary has each
        token once."""

    def token_of(self, digest: bytes) -> str:
        """The token behind one identifier's digest, empty where unknown."""

    def tokens_named(self, digests: Sequence[bytes]) -> list[tuple[str, ...]]:
        """The tokens behind each name's digest, sorted; in the order asked."""

    def records(self, tokens: Sequence[str]) -> dict[str, SealedRecord]:
        """The rows of these subjects; those that do not exist are absent."""

    def wrapped_key(self, token: str) -> tuple[int, int, bytes] | None:
        """One subject's cipher, version of the zone's key, and its own key under that; None: it does not exist."""

    def every_record(self, kinds: str) -> Iterator[SealedRecord]:
        """All rows whose token has one of these kind letters; no order."""

    def count(self) -> int:
        """How many subjects there are."""

    def add(self, rows: SealedRows) -> None:
        """New subjects. Broken if a token exists."""

    def replace(self, records: Iterable[SealedRecord]) -> None:
        """New contents of subjects that exist."""

    def index(self, digests: Digests, tokens: Sequence[str]) -> None:
        """Identifier digests and the token of each. A digest has one token: Broken if it has another already."""

    def index_names(self, pairs: Iterable[tuple[bytes, str]]) -> None:
        """Name digests and tokens, many to many. Repeatable."""

    def marks(self, source: str, tokens: Sequence[str]) -> list[bytes]:
        """For each token the digest of what `source` said of it last, or empty; in the order asked."""

    def set_marks(self, source: str, pairs: Iterable[tuple[str, bytes]]) -> None:
        """Replaces the marks of one source. Repeatable."""

    def case(self, key: bytes) -> SealedCase | None:
        """The case of that key."""

    def cases(self) -> list[SealedCase]:
        """All cases, by key."""

    def put_case(self, case: SealedCase) -> None:
        """Adds or replaces a case. Repeatable."""

    def drop_case(self, key: bytes) -> None:
        """Removes a case. Repeatable."""

    def bury(self, tombstone: Tombstone, identifiers: Digests, names: Sequence[bytes]) -> None:
        """Removes the subject's row, index rows and marks, and leaves the tombstone. Repeatable."""

    def tombstones(self) -> list[Tombstone]:
        """In the order of burial."""

    def scrub(self) -> None:
        """After a burial: no earlier copy of removed bytes stays in the store's files. Outside `batch`."""


class ErasureJournal(Protocol):
    """An append-only list of erasures, apart from the store, that brings a restored backup up to date."""

    def append(self, entry: bytes) -> None:
        """Durable once it returns; ordered."""

    def entries(self) -> list[bytes]:
        """All entries, oldest first. A last entry torn by a crash is left out."""
