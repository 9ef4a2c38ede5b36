"""What the lake asks of the disk. Each law is held by the contract suite over every implementation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from puhui.model.delivery import EditionFile
from puhui.model.tables import WrittenFile


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where a sealed blob's key is: the key-encryption key's id and the blob's own key under it."""

    key_id: str
    wrapped_key: bytes


@dataclass(frozen=True, slots=True)
class StoredParcel:
    """What the register knows of a parcel: enough to answer a repeated delivery and to open its blobs."""

    resource: str
    digest: str
    state: str  # taking | taken
    sealed: Sealed | None  # None: the retention has ended and the key is destroyed
    result: Mapping[str, Any]
    mapping: str
    period: str
    file_name: str


@dataclass(frozen=True, slots=True)
class Committed:
    """One version of a table: the note is what the commit said of itself (digest, number, result …)."""

    version: int
    at: datetime
    note: Mapping[str, Any]


class Sealing(Protocol):
    """A blob that is encrypted beside other work."""

    def begin(self) -> None:
        """Begin, where the processor would rest. Repeatable."""

    def finish(self) -> Sealed:
        """Begin if nobody has, and wait for it. Durable, whole and visible once it returns."""


class BlobStore(Protocol):
    """Encrypted files of the base layer (基础库), named by resource and digest."""

    def seal(self, resource: str, name: str, source: BinaryIO) -> Sealed:
        """Encrypt `source` to `resource/name`. Durable and whole once it returns; a kill leaves nothing visible."""

    def sealing(self, resource: str, name: str, path: Path) -> AbstractContextManager[Sealing]:
        """As `seal`, of a file, beside other work from `begin` on. Left before `finish`, nothing of it stays."""

    def seal_with(self, sealed: Sealed, resource: str, name: str, source: BinaryIO) -> None:
        """Encrypt a second blob of the same parcel under the parcel's key."""

    def open(self, sealed: Sealed, resource: str, name: str) -> BinaryIO:
        """The plain bytes again. `Broken` if a byte was changed or the key is gone."""

    def forget(self, resource: str, name: str) -> None:
        """Remove a blob; repeatable."""

    def names(self, resource: str) -> Sequence[str]:
        """The blobs of a resource."""

    def sweep(self, resource: str) -> int:
        """Remove half-written blobs that a kill left; only while nobody else writes this resource. How many."""

    def resources(self) -> Sequence[str]:
        """The resources that have blobs."""


class TableStore(Protocol):
    """One table per resource with numbered, immutable versions (业务库 and 服务库)."""

    def versions(self, table: str) -> Sequence[Committed]:
        """All versions with rows, oldest first."""

    def files(self, table: str, version: int) -> Sequence[EditionFile]:
        """The Parquet files that hold exactly the rows of this version."""

    def commit(
        self,
        table: str,
        *,
        columns: Mapping[str, str],
        add: Sequence[WrittenFile],
        remove: Sequence[str],
        note: Mapping[str, Any],
    ) -> Committed:
        """One new version, all or nothing; durable once it returns. `columns`: name → DuckDB type."""

    def restore(self, table: str, version: int | None, note: Mapping[str, Any]) -> Committed:
        """One new version with exactly the rows of an older one (None: no rows); as durable as `commit`."""

    def columns(self, table: str) -> Mapping[str, str]:
        """Name → DuckDB type of the newest version's columns."""

    def purge(self, table: str, paths: Sequence[str]) -> None:
        """Remove files for good; versions that named them can no longer be read. Repeatable."""

    def history(self, table: str) -> Sequence[str]:
        """The paths of all files that some version names and that are still there."""

    def heads(self) -> Mapping[str, int]:
        """Table → its newest version, of all tables that have one; cheap."""

    def sweep(self, table: str) -> int:
        """Remove files that no version names (a kill before a commit leaves such). How many were removed."""

    def tables(self) -> Sequence[str]: ...

    def lease(self, table: str) -> AbstractContextManager[None]:
        """Exclusive right to write; `Busy` if another process has it. Freed by death of the process."""

    def staging(self, table: str) -> Path:
        """A folder on the same disk where files wait for their commit."""
