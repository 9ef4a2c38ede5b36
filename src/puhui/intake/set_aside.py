"""Rows set aside: their number, place, raw cells and reasons, sealed under the parcel's key until the agency takes
them back."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from puhui.intake.account import Account
from puhui.intake.open import Opened
from puhui.intake.rooms import Rooms
from puhui.lake.store import BlobStore, Sealed, StoredParcel
from puhui.model.refusal import Said
from puhui.model.refusals import Broken
from puhui.model.tables import Tables
from puhui.quality.check import reasons_sql
from puhui.quality.names import NUMBERED
from puhui.quality.plan import Check
from puhui.subjects.rows import UNLINKED

_SUFFIX = ".set-aside"
_BATCH = 20_000
_SCHEMA = pa.schema(
    {
        "line": pa.int64(),
        "place": pa.int64(),
        "severity": pa.string(),
        "reasons": pa.list_(pa.string()),
        "cells": pa.list_(pa.string()),
    }
)


@dataclass(frozen=True, slots=True)
class SetAsideRow:
    """One record as delivered: `reasons` are `field:check`; `cells` the raw texts in the file's order (or the one raw
    line)."""

    line: int
    place: int
    severity: str  # set_aside | warn: a warned row is in the lake too, its text is kept here
    reasons: tuple[str, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetAside:
    """What goes back to the agency."""

    header: tuple[str, ...]
    rows: tuple[SetAsideRow, ...]


def seal_set_aside(
    books: Account, opened: Opened, checks: Sequence[Check], sealed: Sealed, rooms: Rooms, tables: Tables
) -> None:
    """Write the sealed file of a parcel's rows set aside, and of the warned rows whose text did not become a value."""
    reasons = _reasons(checks, tables)
    texts = _kept_texts(checks, tables)
    if not (reasons or texts or opened.broken_rows):
        return
    out = io.BytesIO()
    metadata = {b"header": "\x1f".join(opened.records.header).encode()}
    with pq.ParquetWriter(out, _SCHEMA.with_metadata(metadata), compression="zstd") as writer:
        for batch in _batches(reasons, texts, opened):
            writer.write_table(pa.Table.from_pylist(batch, _SCHEMA))
    out.seek(0)
    rooms.blobs.seal_with(sealed, books.landing.parcel.resource, books.landing.digest + _SUFFIX, out)


def read_set_aside(parcel: StoredParcel, blobs: BlobStore) -> SetAside:
    """The rows set aside of a taken parcel. `Broken` once its retention has ended and the key is gone."""
    if parcel.sealed is None:
        raise Broken(
            Said("该包的保存期已满，密钥已销毁", "the parcel's retention has ended and its key is destroyed"),
            todo=Said("无法再取回原文", "its text cannot be read again"),
        )
    name = parcel.digest + _SUFFIX
    if name not in blobs.names(parcel.resource):
        return SetAside((), ())
    with blobs.open(parcel.sealed, parcel.resource, name) as source:
        table = pq.read_table(pa.BufferReader(source.read()))
    header = (table.schema.metadata or {}).get(b"header", b"").decode().split("\x1f")
    rows = (
        SetAsideRow(r["line"], r["place"], r["severity"], tuple(r["reasons"]), tuple(r["cells"]))
        for r in table.to_pylist()
    )
    return SetAside(tuple(header), tuple(rows))


def set_aside_name(digest: str) -> str:
    return digest + _SUFFIX


def _reasons(checks: Sequence[Check], tables: Tables) -> dict[int, list[str]]:
    """Record number → reasons, of the rows that the staging typed but could not accept."""
    found: dict[int, list[str]] = defaultdict(list)
    for line, reasons in tables.rows(f"SELECT line, {reasons_sql(checks)} FROM {NUMBERED} WHERE bad <> 0"):
        found[line] += reasons
    for line, field, check in tables.rows(f'SELECT line, field, "check" FROM {UNLINKED}'):
        found[line].append(f"{field}:{check}")
    return dict(found)


def _kept_texts(checks: Sequence[Check], tables: Tables) -> dict[int, list[str]]:
    """Rows that stay, but whose text gave no value: the text is kept here."""
    keeping = [check for check in checks if check.column == "warn" and check.name == "amount_text"]
    if not keeping:
        return {}
    bits = sum(1 << check.bit for check in keeping)
    rows = tables.rows(f"SELECT line FROM {NUMBERED} WHERE (warn & {bits}::HUGEINT) <> 0 AND bad = 0")
    reason = [f"{check.field}:{check.name}" for check in keeping]
    return {line: reason for (line,) in rows}


def _batches(
    reasons: Mapping[int, list[str]], texts: Mapping[int, list[str]], opened: Opened
) -> Iterator[list[dict[str, object]]]:
    broken = sorted(opened.broken_rows, key=lambda row: row.line)
    yield [_row(b.line, b.place, "set_aside", [f":broken:{b.reason}"], [b.raw]) for b in broken]
    lines = sorted({*reasons, *texts})
    for start in range(0, len(lines), _BATCH):
        chunk = lines[start : start + _BATCH]
        raw = opened.file.raw(chunk)
        yield [
            _row(line, line, "set_aside" if line in reasons else "warn", reasons.get(line) or texts[line], raw[line])
            for line in chunk
        ]


def _row(line: int, place: int, severity: str, reasons: list[str], cells: Sequence[str]) -> dict[str, object]:
    return {"line": line, "place": place, "severity": severity, "reasons": reasons, "cells": list(cells)}
