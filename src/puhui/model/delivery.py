"""The words of one delivery: Parcel → Landing → Checked → Linked → Edition. Each is made in one package only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

AGAIN = 1 << 62  # the bit of `conflict` that says: the fact stands in an earlier row of the edition already


class Severity(StrEnum):
    REFUSE = "refuse"  # the whole parcel
    SET_ASIDE = "set_aside"  # the row
    WARN = "warn"


class DeliveryKind(StrEnum):
    SNAPSHOT = "snapshot"  # the whole state of the resource, or of the periods it names
    INCREMENT = "increment"  # inserts, updates and deletes over the newest edition
    CORRECTION = "correction"  # mended rows of an earlier parcel


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a supplier states about a file. Empty fields were not stated. `rows` counts records."""

    supplier: str = ""
    supplier_kind: str = ""  # agency utility bank subject purchased
    resource: str = ""
    period: str = ""  # 2026-09, 2026-01/2026-06, 2026
    rows: int | None = None
    digest: str = ""  # sha256 of the unpacked bytes, hex
    classification: str = ""  # marked secrets are refused
    kind: DeliveryKind | None = None  # None: a snapshot of its periods; without periods an increment
    corrects: str = ""  # digest of the parcel that a correction mends
    terms: str = ""
    signature: str = ""
    signer: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file from a supplier, found and named, nothing of it believed. Made by intake."""

    resource: str
    path: Path
    manifest: Manifest
    mapping: str | None = None  # name or path of a mapping; None: recognised by the header
    stated: Manifest | None = None  # the supplier's own manifest, as it was read: what its signature covers
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class Landing:
    """The parcel stored by its digest, encrypted, unchanged until its retention ends. Made by lake."""

    parcel: Parcel
    digest: str  # sha256 of the unpacked bytes, hex
    size: int  # bytes, unpacked
    landed_at: datetime


@dataclass(frozen=True, slots=True)
class Issue:
    """One kind of finding in a parcel: the check, how grave, how many rows, a masked sample of up to five."""

    check: str
    severity: Severity
    field: str
    count: int
    sample: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """Where the rows of a parcel are. Law: accepted + set_aside + duplicates == lines."""

    lines: int
    accepted: int
    set_aside: int
    duplicates: int
    warned: int

    def balances(self) -> bool:
        return self.accepted + self.set_aside + self.duplicates == self.lines


@dataclass(frozen=True, slots=True)
class Checked:
    """Typed rows in a staging table of the engine, and the issues found. Made by quality."""

    landing: Landing
    table: str
    issues: tuple[Issue, ...]
    lines: int


@dataclass(frozen=True, slots=True)
class Linked:
    """Checked rows whose identifiers became tokens; rows without a subject are set aside. Made by subjects."""

    checked: Checked
    table: str
    issues: tuple[Issue, ...]
    new_subjects: int


@dataclass(frozen=True, slots=True)
class Edition:
    """One immutable version of one resource. Made by lake.

    `number` counts from 1 per resource; `version` is the Delta version that holds exactly these rows.
    `periods` are all periods that the resource holds from this edition on (empty: the resource has none).
    """

    resource: str
    number: int
    version: int
    parent: int | None
    digest: str  # the parcel's digest; of a relation or a compaction: of its sources
    kind: DeliveryKind
    committed_at: datetime
    rows: int
    periods: tuple[str, ...] = ()
    conflicts: int = 0  # rows whose `conflict` is not 0
    state: str = "published"  # published | awaiting_release | rolled_back


@dataclass(frozen=True, slots=True)
class EditionFile:
    """One Parquet file of an edition, with the buckets it may hold rows of (inclusive)."""

    path: str
    rows: int
    bucket_low: int
    bucket_high: int
