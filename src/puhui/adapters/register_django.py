"""`ParcelRegister` and the zone's other tables on Django's ORM: SQLite by default, PostgreSQL in production."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from puhui.adapters import django_setup  # imported first: settings before models
from puhui.desk.rooms import OpenAct
from puhui.lake.editions import Act
from puhui.lake.store import Sealed, StoredParcel
from puhui.model.delivery import DeliveryKind, Edition, Landing, Parcel
from puhui.model.figures import Snapshot
from puhui.records import models

TAKING, TAKEN = "taking", "taken"
WAITING = "awaiting_release"


class DjangoRegister:
    """Parcels, editions and events. Every change is written with its event in one transaction."""

    def find(self, resource: str, digest: str) -> StoredParcel | None:
        row = models.Parcel.objects.filter(resource=resource, digest=digest).first()
        return _stored(row) if row else None

    def find_digest(self, digest: str) -> list[StoredParcel]:
        """Parcels whose digest begins with `digest` (at least 8 digits are asked for by the caller)."""
        return [_stored(row) for row in models.Parcel.objects.filter(digest__startswith=digest).order_by("id")]

    def parcels(self, resource: str | None = None) -> list[StoredParcel]:
        rows = models.Parcel.objects.filter(state=TAKEN).order_by("id")
        return [_stored(row) for row in (rows.filter(resource=resource) if resource else rows)]

    def begin(self, landing: Landing, sealed: Sealed, mapping: str, retention_until: date) -> None:
        manifest = landing.parcel.manifest
        models.Parcel.objects.create(
            resource=landing.parcel.resource,
            digest=landing.digest,
            file_name=landing.parcel.file_name,
            supplier=manifest.supplier,
            kind=str(manifest.kind),
            period=manifest.period,
            mapping=mapping,
            corrects=manifest.corrects,
            terms=manifest.terms,
            state=TAKING,
            size=landing.size,
            landed_at=landing.landed_at,
            retention_until=retention_until,
            key_id=sealed.key_id,
            wrapped_key=sealed.wrapped_key,
        )

    def settle(self, resource: str, digest: str, result: Mapping[str, Any], edition: Edition) -> None:
        with transaction.atomic():
            changed = models.Parcel.objects.filter(resource=resource, digest=digest, state=TAKING).update(
                state=TAKEN, result=dict(result)
            )
            self._list(edition)
            if changed:
                _event("parcel-taken", "intake", edition.committed_at, {"resource": resource, "digest": digest})

    def drop(self, resource: str, digest: str) -> None:
        models.Parcel.objects.filter(resource=resource, digest=digest, state=TAKING).delete()

    def unfinished(self) -> list[StoredParcel]:
        return [_stored(row) for row in models.Parcel.objects.filter(state=TAKING)]

    def refuse(self, parcel: Parcel, code: str, at: datetime) -> None:
        _event("parcel-refused", "intake", at, {"resource": parcel.resource, "code": code})

    def expire(self, now: datetime) -> list[StoredParcel]:
        """Destroy the keys of parcels whose retention has ended, with their events; which they were."""
        with transaction.atomic():
            due = models.Parcel.objects.filter(retention_until__lt=now.date(), wrapped_key__isnull=False, state=TAKEN)
            stored = [_stored(row) for row in due]
            due.update(wrapped_key=None)
            for parcel in stored:
                _event("landing-expired", "upkeep", now, {"resource": parcel.resource, "digest": parcel.digest})
        if stored:
            django_setup.scrub()
        return stored

    # editions

    def _list(self, edition: Edition) -> bool:
        values = dataclasses.asdict(edition)
        key = {"resource": values.pop("resource"), "number": values.pop("number")}
        values["periods"] = list(edition.periods)
        values["known_at"] = None if edition.state == WAITING else edition.committed_at
        return bool(models.Edition.objects.get_or_create(**key, defaults=values)[1])

    def list_edition(self, edition: Edition, act: Act | None) -> None:
        """An edition that no parcel made (a roll-back, a redaction), the states of earlier ones, and the event."""
        with transaction.atomic():
            listed = self._list(edition)
            if act is None or not listed:
                return
            for number, state in act.marks.items():
                models.Edition.objects.filter(resource=edition.resource, number=number).update(state=state)
            detail = {"resource": edition.resource, "edition": edition.number, **act.detail}
            _event(act.kind, act.by, edition.committed_at, detail)

    def editions(self, resource: str | None = None) -> list[Edition]:
        rows = models.Edition.objects.order_by("resource", "number")
        return [_edition(row) for row in (rows.filter(resource=resource) if resource else rows)]

    def editions_at(self, known_at: datetime) -> dict[str, Edition]:
        """Resource → the newest edition that was published by then: committed, and released where it had to be."""
        rows = models.Edition.objects.filter(known_at__lte=known_at)
        return {row.resource: _edition(row) for row in rows.order_by("resource", "number")}

    def set_edition_state(
        self, edition: Edition, state: str, kind: str, actor: str, at: datetime, *, known_now: bool = False
    ) -> None:
        with transaction.atomic():
            found = models.Edition.objects.filter(resource=edition.resource, number=edition.number)
            found.update(state=state, **({"known_at": at} if known_now else {}))
            detail = {"resource": edition.resource, "number": edition.number, "state": state}
            _event(kind, actor, at, detail)

    # snapshots

    def list_snapshot(self, snapshot: Snapshot, seconds: float) -> None:
        with transaction.atomic():
            models.SnapshotRow.objects.get_or_create(
                number=snapshot.number,
                defaults={
                    "as_of": snapshot.as_of,
                    "known_at": snapshot.known_at,
                    "built_at": snapshot.built_at,
                    "pack_set": snapshot.pack_set,
                    "engine": snapshot.engine,
                    "subjects": snapshot.subjects,
                    "indicators": len(snapshot.definitions),
                    "editions": dict(snapshot.editions),
                    "seconds": seconds,
                },
            )
            _event("snapshot-built", "desk", snapshot.built_at, {"snapshot": snapshot.number})

    def snapshots(self) -> list[dict[str, Any]]:
        return [
            {
                "snapshot": row.number,
                "as_of": row.as_of.isoformat(),
                "known_at": row.known_at.isoformat(),
                "subjects": row.subjects,
                "indicators": row.indicators,
                "editions": row.editions,
                "engine": row.engine,
                "seconds": row.seconds,
            }
            for row in models.SnapshotRow.objects.order_by("number")
        ]

    # events, packs, proposals

    def event(self, kind: str, actor: str, at: datetime, detail: Mapping[str, Any], subject: str = "") -> None:
        """One line of the outbox, durable once it returns."""
        _event(kind, actor, at, dict(detail), subject)

    def last_answered(self, token: str) -> datetime | None:
        """When an institution was last answered about a subject; None: never."""
        entries = models.LogEntry.objects.filter(subject=token, kind="answer")
        found: datetime | None = entries.aggregate(last=Max("at"))["last"]
        return found

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        rows = models.Event.objects.order_by("id")
        chosen = rows.filter(kind=kind) if kind else rows
        return [
            {"at": r.at.isoformat(), "kind": r.kind, "actor": r.actor, "subject": r.subject, **r.detail} for r in chosen
        ]

    def propose(self, act: str, arguments: Mapping[str, Any], *, by: str, reason: str, at: datetime) -> int:
        with transaction.atomic():
            row = models.Proposal.objects.create(
                act=act, arguments=dict(arguments), proposed_by=by, proposed_at=at, reason=reason
            )
            _event("act-proposed", by, at, {"act": act, "proposal": row.pk, "reason": reason})
        return int(row.pk)

    def open_acts(self) -> list[OpenAct]:
        rows = models.Proposal.objects.filter(state="open").order_by("id")
        return [OpenAct(row.pk, row.act, row.arguments, row.proposed_by, row.reason) for row in rows]

    def close_act(self, number: int, *, by: str, at: datetime) -> None:
        with transaction.atomic():
            row = models.Proposal.objects.filter(pk=number, state="open")
            row.update(state="done", approved_by=by, approved_at=at)
            _event("act-approved", by, at, {"proposal": number})

    def active_packs(self) -> tuple[str, Mapping[str, str]] | None:
        row = models.PackSetRow.objects.order_by("-id").first()
        return (row.digest, row.packs) if row else None

    def activate_packs(
        self, digest: str, packs: Mapping[str, str], actor: str, at: datetime, *, over: str | None = None
    ) -> bool:
        """`over`: only in place of this set. Two at once: the second waits at the newest row, and reads it anew."""
        with transaction.atomic():
            models.PackSetRow.objects.select_for_update().order_by("-id").first()
            active = self.active_packs()
            if over is not None and (active is None or active[0] != over):
                return False
            models.PackSetRow.objects.create(digest=digest, packs=dict(packs), activated_at=at)
            _event("packs-activated", actor, at, {"digest": digest, "packs": dict(packs)})
        return True


def _event(kind: str, actor: str, at: datetime, detail: Mapping[str, Any], subject: str = "") -> None:
    models.Event.objects.create(kind=kind, actor=actor, at=at, detail=dict(detail), subject=subject)


def _stored(row: Any) -> StoredParcel:
    sealed = Sealed(row.key_id, bytes(row.wrapped_key)) if row.wrapped_key is not None else None
    return StoredParcel(
        resource=row.resource,
        digest=row.digest,
        state=row.state,
        sealed=sealed,
        result=row.result,
        mapping=row.mapping,
        period=row.period,
        file_name=row.file_name,
    )


def _edition(row: Any) -> Edition:
    return Edition(
        resource=row.resource,
        number=row.number,
        version=row.version,
        parent=row.parent,
        digest=row.digest,
        kind=DeliveryKind(row.kind),
        committed_at=row.committed_at,
        rows=row.rows,
        periods=tuple(row.periods),
        conflicts=row.conflicts,
        state=row.state,
    )


__all__: Sequence[str] = ("DjangoRegister",)
