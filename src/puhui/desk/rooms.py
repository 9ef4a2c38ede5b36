"""What the stories of officers' work need from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from puhui.consent.book import LetterBook
from puhui.consent.signers import SignerBook
from puhui.contracts.agreement import Contracts
from puhui.contracts.mandate import Book
from puhui.desk.refused import Refusals
from puhui.desk.roles import OfficerBook
from puhui.indicators.engine import Engine
from puhui.indicators.store import FiguresStore
from puhui.institutions.admission import Admissions
from puhui.institutions.recognise import Directory
from puhui.lake.editions import Act
from puhui.lake.store import BlobStore, StoredParcel, TableStore
from puhui.model.delivery import Edition
from puhui.model.figures import Snapshot
from puhui.model.keys import KeyStore
from puhui.model.tables import Tables
from puhui.packs.packset import PackSet
from puhui.subjects.vault import Vault
from puhui.wire.keys import Signing


@dataclass(frozen=True, slots=True)
class OpenAct:
    """A dangerous act that one officer proposed and nobody approved yet."""

    number: int
    act: str
    arguments: Mapping[str, Any]
    proposed_by: str
    reason: str


class Register(Protocol):
    """The zone's tables of editions, snapshots and events. Each writing method is one transaction with its event."""

    def editions(self, resource: str | None = None) -> Sequence[Edition]: ...

    def last_answered(self, token: str) -> datetime | None:
        """When an institution was last answered about a subject; None: never."""

    def editions_at(self, known_at: datetime) -> Mapping[str, Edition]:
        """Resource → the newest edition that was published by then."""

    def list_edition(self, edition: Edition, act: Act | None) -> None:
        """List an edition that no parcel brought, give the earlier ones their states, write the event. Repeatable."""

    def set_edition_state(
        self, edition: Edition, state: str, kind: str, actor: str, at: datetime, *, known_now: bool = False
    ) -> None:
        """`known_now`: the edition counts as known from `at` on, whenever it was committed."""

    def list_snapshot(self, snapshot: Snapshot, seconds: float) -> None: ...

    def snapshots(self) -> Sequence[Mapping[str, Any]]: ...

    def propose(self, act: str, arguments: Mapping[str, Any], *, by: str, reason: str, at: datetime) -> int: ...

    def open_acts(self) -> Sequence[OpenAct]: ...

    def activate_packs(
        self, digest: str, packs: Mapping[str, str], actor: str, at: datetime, *, over: str | None = None
    ) -> bool:
        """The set in use from now on, with its event. False, and nothing done, where the one in use is not `over`."""

    def close_act(self, number: int, *, by: str, at: datetime) -> None: ...

    def events(self, kind: str | None = None) -> Sequence[Mapping[str, Any]]: ...

    def expire(self, now: datetime) -> Sequence[StoredParcel]:
        """Destroy the keys of parcels whose retention has ended, with their events; which they were."""

    def event(self, kind: str, actor: str, at: datetime, detail: Mapping[str, Any], subject: str = "") -> None:
        """One line of the outbox, durable once it returns."""


class PackShelf(Protocol):
    """The zone's own copies of packs, a folder for each set by its digest; never written again."""

    def keep(self, folders: Sequence[Path]) -> str:
        """Copy these packs as one set, whole and durable once it returns; its digest. Repeatable."""

    def folders(self, digest: str) -> Sequence[Path]:
        """The folders of a set's packs. Raises Broken where it is gone."""

    def show(self, digest: str) -> None:
        """Point people at the set in use. Repeatable."""


class TableFolder(Protocol):
    """A scratch database and folder, gone at the end."""

    @property
    def folder(self) -> Path: ...

    @property
    def tables(self) -> Tables: ...


class ContractTable(Contracts, Book, Protocol):
    """Contracts as officers see them and as questions are held against them."""

    def forget(self) -> None:
        """Look at the tables again at the next call."""


@dataclass(frozen=True, slots=True)
class Objected:
    """One objection. `state`: open | corrected | withdrawn | rejected."""

    id: str
    subject: str
    item: str
    state: str
    opened_at: datetime
    closed_at: datetime | None = None


class ObjectionBook(Protocol):
    """What subjects dispute. Each writing method is one transaction with its event."""

    def add(self, objection: Objected, *, by: str) -> None:
        """Raises NotAllowed where that item of the subject is disputed already."""

    def close(self, objection: Objected, *, by: str, reason: str) -> None:
        """Keeps the state and the time of an objection that was open. Repeatable."""

    def objection(self, objection_id: str) -> Objected | None: ...

    def all_open(self) -> Sequence[Objected]:
        """The oldest first."""


class MonitorEnds(Protocol):
    """The standing questions about subjects, as far as the desk has to do with them."""

    def end_of_subject(self, token: str, *, by: str, why: str, at: datetime) -> Sequence[str]:
        """End the active ones about a subject, in one transaction with their events; their ids. Repeatable."""

    def end_again(self, monitor_id: str, *, by: str, why: str, at: datetime) -> bool:
        """End one by its id; whether it was active."""


@dataclass(frozen=True, slots=True)
class Partners:
    """Institutions and contracts. `zone`: what contracts call this zone; `signer`: its key, made when first asked."""

    admissions: Admissions
    directory: Directory
    contracts: ContractTable
    signer: Callable[[], Signing]
    zone: str
    private_hosts: bool = False  # notices may go into private networks


@dataclass(frozen=True, slots=True)
class DeskRooms:
    """Everything that the desk's stories use; bootstrap fills it."""

    packs: PackSet
    sets: PackShelf
    register: Register
    lake: TableStore  # 业务库
    service: TableStore  # 服务库: relations
    blobs: BlobStore  # 基础库
    vault: Vault
    figures: FiguresStore
    open_engine: Callable[[str, Path], Engine]  # name, folder to spill to
    scratch: Callable[[], AbstractContextManager[TableFolder]]
    now: Callable[[], datetime]
    buckets: int
    officers: OfficerBook
    refusals: Refusals
    partners: Partners
    objections: ObjectionBook
    letters: LetterBook
    signers: SignerBook
    monitors: MonitorEnds
    keys: KeyStore
