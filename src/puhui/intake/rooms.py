"""What the story of a delivery needs from outside: files, scratch tables, vault, lake, register, clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from puhui.intake.formats import Records
from puhui.lake.editions import Act
from puhui.lake.store import BlobStore, Sealed, StoredParcel, TableStore
from puhui.model.delivery import Edition, Landing, Parcel
from puhui.model.tables import Tables
from puhui.packs.packset import PackSet
from puhui.quality.check import BrokenRecord
from puhui.subjects.resolve import NameMatcher
from puhui.subjects.vault import Vault


class ParcelRegister(Protocol):
    """The table of parcels and editions. Each method is one transaction, durable once it returns."""

    def find(self, resource: str, digest: str) -> StoredParcel | None: ...

    def begin(self, landing: Landing, sealed: Sealed, mapping: str, retention_until: date) -> None:
        """Note that a parcel is being taken. A parcel left in this state is repaired at the next start."""

    def settle(self, resource: str, digest: str, result: Mapping[str, Any], edition: Edition) -> None:
        """Parcel taken, edition listed and event written, all or nothing. Repeatable."""

    def drop(self, resource: str, digest: str) -> None:
        """Forget a parcel that was refused or interrupted. Repeatable."""

    def unfinished(self) -> Sequence[StoredParcel]: ...

    def editions(self, resource: str | None = None) -> Sequence[Edition]: ...

    def list_edition(self, edition: Edition, act: Act | None) -> None:
        """List an edition that no parcel brought, give the earlier ones their states, write the event. Repeatable."""

    def find_digest(self, digest: str) -> Sequence[StoredParcel]:
        """The parcels whose digest begins so."""

    def event(self, kind: str, actor: str, at: datetime, detail: Mapping[str, Any], subject: str = "") -> None:
        """One line of the outbox, durable once it returns."""

    def refuse(self, parcel: Parcel, code: str, at: datetime) -> None:
        """Write the event of a refused parcel: its resource and why, nothing of the file."""


class OpenedFile(Protocol):
    """An opened file in scratch form, as quality reads it."""

    @property
    def records(self) -> Records: ...

    def source_sql(self) -> str: ...

    def sample_sql(self) -> str:
        """As `source_sql`, but what does not split into columns is passed over without a record of it."""

    def rejected(self, tables: Any, staged: int) -> Sequence[BrokenRecord] | None:
        """The records that the staging could not split, all of them; None: count lost, stage the file again."""

    def raw(self, lines: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """The delivered cells of some records, by record number."""


class Scratch(Protocol):
    """A private folder and a private database of one delivery. Left: both are gone; killed: the next start sweeps."""

    @property
    def folder(self) -> Path: ...

    @property
    def tables(self) -> Tables: ...


@dataclass(frozen=True, slots=True)
class Rooms:
    """Everything that `take` uses; bootstrap fills it, tests fill it with the same parts on a scratch folder."""

    packs: PackSet
    blobs: BlobStore
    lake: TableStore
    vault: Vault
    matcher: NameMatcher
    register: ParcelRegister
    open_file: Callable[[Path, Path], OpenedFile]
    scratch: Callable[[], AbstractContextManager[Scratch]]
    now: Callable[[], datetime]
    buckets: int
    suppliers: Mapping[str, bytes]  # supplier → Ed25519 public key, raw
