"""A steward places a name: the decision is remembered, and the rows that waited for it come in as a correction."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from puhui.intake.rooms import Rooms
from puhui.intake.set_aside import SetAside, read_set_aside
from puhui.intake.take import take
from puhui.lake.store import StoredParcel
from puhui.model.delivery import DeliveryKind, Manifest, Parcel
from puhui.subjects.resolve import ResolveCase, case_of, decide, open_cases


def list_cases(rooms: Rooms) -> list[dict[str, Any]]:
    """The names that wait for a steward; names are masked, candidates are tokens."""
    return [_case_as_dict(case) for case in open_cases(rooms.vault)]


def settle_case(rooms: Rooms, case_id: str, token: str | None, *, by: str, reason: str) -> dict[str, Any]:
    """Decide a case; its rows of every parcel that brought the name are delivered again as corrections."""
    now = rooms.now()
    decided = decide(rooms.vault, case_id, token, by=by, reason=reason, at=now.date())
    detail = {"case": case_id, "reason": reason, "linked": bool(token)}
    rooms.register.event("name-resolved", by, now, detail, subject=token or "")
    waiting = [_stored(rooms, decided.resource, digest) for digest in decided.parcels] if token else []
    corrections = [_correct(parcel, case_id, rooms) for parcel in waiting if parcel is not None]
    return {"case": case_id, "state": decided.state, "corrections": [c for c in corrections if c]}


def _stored(rooms: Rooms, resource: str, digest: str) -> StoredParcel | None:
    found = [parcel for parcel in rooms.register.find_digest(digest) if parcel.resource == resource]
    return found[0] if found else None


def _correct(parcel: StoredParcel, case_id: str, rooms: Rooms) -> dict[str, Any] | None:
    aside = read_set_aside(parcel, rooms.blobs)
    rows = [row.cells for row in aside.rows if _is_of(row.cells, parcel.resource, case_id, rooms)]
    if not rows:
        return None
    with rooms.scratch() as scratch:
        path = scratch.folder / f"correction-{case_id[:12]}.csv"
        _write(path, aside, rows)
        manifest = Manifest(kind=DeliveryKind.CORRECTION, corrects=parcel.digest, period=parcel.period)
        mapping = parcel.mapping if parcel.mapping in rooms.packs.mappings else None
        correction = Parcel(parcel.resource, path, manifest, mapping, file_name=path.name)
        taken = take(correction, rooms)
    return {"corrects": parcel.digest, "digest": taken.result["digest"], "accepted": taken.result["accepted"]}


def _is_of(cells: Sequence[str], resource: str, case_id: str, rooms: Rooms) -> bool:
    return any(case_of(rooms.vault, resource, cell) == case_id for cell in cells if cell)


def _write(path: Path, aside: SetAside, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(aside.header)
        writer.writerows(rows)


def _case_as_dict(case: ResolveCase) -> dict[str, Any]:
    return {
        "id": case.id,
        "resource": case.resource,
        "name": case.name,
        "opened": case.opened,
        "state": case.state,
        "parcels": list(case.parcels),
        "candidates": [{"token": c.token, "name": c.name, "confidence": c.confidence} for c in case.candidates],
    }
