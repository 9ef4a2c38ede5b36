"""Parcels: a file that was found, with what its supplier or the operator states about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from puhui.intake.manifest import manifest_beside
from puhui.model.delivery import DeliveryKind, Manifest, Parcel
from puhui.model.refusal import Said
from puhui.model.refusals import ParcelMismatch
from puhui.packs.forms import Resource
from puhui.packs.packset import PackSet

_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:(?=\w*\d{6})[0-9A-Za-z]{15,20}|1[3-9]\d{9})(?![0-9A-Za-z])")


def parcel_of(
    packs: PackSet,
    resource: str,
    path: Path,
    *,
    period: str = "",
    mapping: str | None = None,
    kind: str = "",
    corrects: str = "",
) -> Parcel:
    """The parcel of a file. What the operator states must not contradict the manifest beside it."""
    known = packs.resource(resource)
    stated = manifest_beside(path)
    manifest = stated or Manifest()
    manifest = _with(manifest, "period", period)
    manifest = _with(manifest, "corrects", corrects)
    if kind:
        manifest = replace(manifest, kind=_kind(kind))
    elif manifest.corrects:
        manifest = replace(manifest, kind=DeliveryKind.CORRECTION)
    if manifest.resource and packs.resource(manifest.resource).name != known.name:
        raise _contradiction("resource")
    if manifest.kind is None:
        manifest = replace(manifest, kind=_unstated(known))
    return Parcel(
        resource=known.name, path=path, manifest=manifest, mapping=mapping, stated=stated, file_name=shown_name(path)
    )


def shown_name(path: Path) -> str:
    """A file's name as it may be kept and printed, without what could be a credit code, citizen number or phone."""
    return _NUMBER.sub("…", path.name)


def _unstated(resource: Resource) -> DeliveryKind:
    """What a file is that says nothing of itself: the state of its periods, or else rows to add. It never removes
    rows of a resource that has no periods, for it may be a part only."""
    return DeliveryKind.SNAPSHOT if resource.period else DeliveryKind.INCREMENT


def with_manifest(parcel: Parcel, manifest: Manifest, resource: Resource) -> Parcel:
    """The parcel with the manifest that came in its archive. It must not contradict what is known already."""
    stated, known = manifest, parcel.manifest
    for field in ("period", "corrects"):
        manifest = _with(manifest, field, getattr(known, field))
    kind = manifest.kind or known.kind or _unstated(resource)
    return replace(parcel, manifest=replace(manifest, kind=kind), stated=stated)


def _with(manifest: Manifest, field: str, stated: str) -> Manifest:
    if not stated:
        return manifest
    if getattr(manifest, field) not in ("", stated):
        raise _contradiction(field)
    return replace(manifest, period=stated) if field == "period" else replace(manifest, corrects=stated)


def _kind(text: str) -> DeliveryKind:
    try:
        return DeliveryKind(text)
    except ValueError:
        raise ParcelMismatch(
            Said(f"投送方式 {text} 不存在", f"there is no kind of delivery named {text}"),
            todo=Said("用 snapshot、increment 或 correction", "use snapshot, increment or correction"),
        ) from None


def _contradiction(field: str) -> ParcelMismatch:
    return ParcelMismatch(
        Said(f"清单与命令所述的 {field} 不一致", f"manifest and command disagree about {field}"),
        todo=Said("核对后改正其一", "find out which is right and mend the other"),
        where=field,
    )


PULLED = "table-pulled"


def last_watermark(events: Sequence[Mapping[str, Any]], resource: str, table: str) -> str:
    """The watermark that the last pull of a table into a resource reached; empty before the first."""
    mine = [event for event in events if event["resource"] == resource and event["table"] == table]
    return str(mine[-1]["watermark"]) if mine else ""
