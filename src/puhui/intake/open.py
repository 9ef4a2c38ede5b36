"""Open a parcel's file: refuse secrets first, hold it against its manifest, find resource and mapping."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from puhui.intake.formats import Form, Records
from puhui.intake.manifest import agree, read_manifest, refuse_secret
from puhui.intake.mapping import choose_mapping
from puhui.intake.parcels import with_manifest
from puhui.intake.rooms import OpenedFile, Rooms
from puhui.lake.store import StoredParcel
from puhui.model.delivery import Parcel
from puhui.model.refusal import Said
from puhui.model.refusals import ParcelMismatch
from puhui.model.tables import Tables
from puhui.packs import forms
from puhui.quality.check import BrokenRecord, Source
from puhui.quality.plan import STAGED


@dataclass(slots=True)
class Opened:
    """A parcel's file, its resource, and the mapping that its header asked for."""

    parcel: Parcel
    resource: forms.Resource
    mapping: forms.Mapping
    file: OpenedFile
    warnings: tuple[str, ...] = ()

    @property
    def unmapped(self) -> list[str]:
        """Delivered columns that the mapping neither reads nor names as ignored: said, not passed over in silence."""
        read = [column.from_ for column in self.mapping.columns.values()]
        named = {name for one in read for name in ([one] if isinstance(one, str) else one)}
        operation = {self.mapping.operation.from_} if self.mapping.operation else set()
        known = named | operation | set(self.mapping.ignore)
        return [name for name in self.records.columns if name not in known]

    broken_rows: tuple[BrokenRecord, ...] = field(default=())

    @property
    def records(self) -> Records:
        return self.file.records

    def source(self) -> Source:
        records = self.file.records
        return Source(
            self.file.source_sql(),
            records.form is Form.PARQUET,
            records.kind.excel,
            records.lines,
            self.file.sample_sql(),
        )

    def broken(self, tables: Tables) -> tuple[BrokenRecord, ...] | None:
        """All records that break in the file's own sense; None if the file has to be staged again."""
        staged = int(tables.rows(f"SELECT count(*) FROM {STAGED}")[0][0])
        found = self.file.rejected(tables, staged)
        self.broken_rows = tuple(found or ())
        return None if found is None else self.broken_rows


def open_parcel(parcel: Parcel, rooms: Rooms, folder: Path) -> Opened:
    """Raises ParcelSecret before anything is stored, ParcelUnreadable, ParcelMismatch, ParcelUnmapped, UnknownName."""
    resource = rooms.packs.resource(parcel.resource)
    refuse_secret(parcel.manifest, parcel.file_name, ())
    file = rooms.open_file(parcel.path, folder)
    refuse_secret(parcel.manifest, parcel.file_name, file.records.banner)
    if file.records.manifest is not None:
        parcel = with_manifest(parcel, read_manifest(file.records.manifest), resource)
        refuse_secret(parcel.manifest, parcel.file_name, ())
    warnings = agree(parcel.stated or parcel.manifest, file.records, resource, rooms.suppliers)
    mapping = choose_mapping(rooms.packs, resource, file.records, parcel.mapping)
    return Opened(parcel, resource, mapping, file, warnings)


def as_corrected(opened: Opened, rooms: Rooms) -> Opened:
    """A correction belongs to the period of the parcel that it mends, where it states none of its own.

    ParcelMismatch where no parcel of the resource has the digest that it names.
    """
    manifest = opened.parcel.manifest
    if not manifest.corrects:
        return opened
    mended = rooms.register.find(opened.resource.name, manifest.corrects)
    if mended is None:
        raise ParcelMismatch(
            Said("没有摘要如此的包可更正", "no parcel of this resource has the digest that is corrected"),
            todo=Said("核对被更正的包的完整摘要", "give the whole digest of the parcel that it mends"),
            where="corrects",
        )
    if manifest.period or not mended.period:
        return opened
    manifest = replace(manifest, period=mended.period)
    return replace(opened, parcel=replace(opened.parcel, manifest=manifest))


def delivered_before(opened: Opened, rooms: Rooms) -> tuple[str, StoredParcel | None]:
    """What the parcel is known by, and the same parcel if it was taken before.

    That is the digest of its bytes. The same bytes for another stated period (two months without a row) are another
    delivery, known by a digest of both.
    """
    digest, period = opened.records.digest, opened.parcel.manifest.period
    first = rooms.register.find(opened.resource.name, digest)
    if first is None or not period or first.period == period:
        return digest, first
    digest = hashlib.sha256(f"{digest} {period}".encode()).hexdigest()
    return digest, rooms.register.find(opened.resource.name, digest)
