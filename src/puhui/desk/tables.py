"""Tables for officers: editions, quality of what was delivered, freshness against each cycle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

from puhui.catalogue import freshness
from puhui.lake.store import StoredParcel
from puhui.model.delivery import Edition
from puhui.model.refusal import Said
from puhui.model.refusals import UnknownName
from puhui.packs.packset import PackSet

LEAST_DIGEST = 8  # digits that a shortened digest must have


class Ledgers(Protocol):
    """The tables of parcels and editions, read only."""

    def editions(self, resource: str | None = None) -> Sequence[Edition]: ...

    def parcels(self, resource: str | None = None) -> Sequence[StoredParcel]: ...

    def find_digest(self, digest: str) -> Sequence[StoredParcel]: ...


def edition_rows(ledgers: Ledgers, resource: str | None) -> list[dict[str, Any]]:
    """Every edition, oldest first, as `puhui editions --json` prints it."""
    return [
        {
            "resource": edition.resource,
            "edition": edition.number,
            "version": edition.version,
            "parent": edition.parent,
            "digest": edition.digest,
            "kind": edition.kind.value,
            "committed_at": edition.committed_at,
            "rows": edition.rows,
            "periods": list(edition.periods),
            "conflicts": edition.conflicts,
            "state": edition.state,
        }
        for edition in ledgers.editions(resource)
    ]


def quality_rows(ledgers: Ledgers, packs: PackSet) -> list[dict[str, Any]]:
    """The six figures of every parcel, per resource, newest parcel last."""
    found = []
    for parcel in ledgers.parcels():
        resource = packs.resources.get(parcel.resource)
        title = (resource.title.zh, resource.title.en) if resource else (parcel.resource, parcel.resource)
        result = parcel.result
        found.append(
            {
                "resource": parcel.resource,
                "title": title,
                "digest": parcel.digest,
                "lines": result.get("lines", 0),
                "set_aside": result.get("set_aside", 0),
                **result.get("quality", {}),
            }
        )
    return found


def freshness_rows(ledgers: Ledgers, packs: PackSet, today: date) -> list[dict[str, Any]]:
    """Every resource against its cycle: fresh, due, late or never."""
    newest = {edition.resource: edition for edition in ledgers.editions()}
    rows = []
    for name, resource in sorted(packs.resources.items(), key=lambda item: item[1].item_id):
        edition = newest.get(name)
        last = edition.committed_at.date() if edition else None
        state = freshness(resource, edition.periods if edition else (), last, today)
        rows.append(
            {
                "item_id": resource.item_id,
                "resource": name,
                "title": (resource.title.zh, resource.title.en),
                "agency": resource.agency.zh,
                "cycle": resource.cycle,
                "newest": edition.periods[-1] if edition and edition.periods else (str(last) if last else ""),
                "delivered": last,
                "state": state.state.value,
            }
        )
    return rows


def parcel_of_digest(ledgers: Ledgers, digest: str) -> StoredParcel:
    """The one parcel whose digest begins so. UnknownName if there is none, or more than one."""
    found = list(ledgers.find_digest(digest)) if len(digest) >= LEAST_DIGEST else []
    if len(found) == 1:
        return found[0]
    raise UnknownName(
        Said(f"摘要 {digest[:16]} 对应 {len(found)} 个包", f"the digest {digest[:16]} means {len(found)} parcels"),
        todo=Said(
            f"给出至少 {LEAST_DIGEST} 位、且唯一的摘要", f"give at least {LEAST_DIGEST} digits that name one parcel"
        ),
    )
