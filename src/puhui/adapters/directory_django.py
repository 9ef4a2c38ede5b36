"""Institutions and their keys on Django's ORM; what the hot path asks is held in memory, keys ready to verify."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from puhui.adapters.watched_django import Watched, lock_partners
from puhui.institutions.admission import Application, NewKey, described, institution_of
from puhui.institutions.rates import Rates
from puhui.institutions.recognise import KnownKey
from puhui.model.institution import Institution, Standing
from puhui.model.keys import KeyStore
from puhui.model.refusal import Said
from puhui.model.refusals import UnknownName
from puhui.model.refusals_question import AdmissionRefused
from puhui.records import models
from puhui.wire.keys import Verifying, verifying

SIGNER = "signer"  # who holds a key that a subject signs with
_EVENT_OF = {
    Standing.ADMITTED: "institution-resumed",
    Standing.SUSPENDED: "institution-suspended",
    Standing.ENDED: "institution-ended",
}


class DjangoDirectory:
    """`Directory` for the gateway and `Admissions` for the desk. Every change is written with its event."""

    def __init__(self, keys: KeyStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._watched: Watched[Mapping[str, KnownKey]] = Watched(self._read, clock=clock)
        self._verifying: dict[str, Verifying] = {}  # by key: what is stored of one never changes
        self._secrets: dict[str, bytes] = {}
        self.rates = Rates()

    def key(self, key_id: str) -> KnownKey | None:
        """The key of that id as it stands: what was committed 50 ms ago is seen."""
        return self._watched.current().get(key_id)

    def keys_of(self, institution: str) -> list[KnownKey]:
        """Every key that an institution has or had; not for the hot path."""
        return [known for known in self._watched.current().values() if known.institution.id == institution]

    def close(self) -> None:
        self._watched.close()

    # what officers see and change

    def institutions(self) -> list[Institution]:
        return [institution_in(row) for row in models.Institution.objects.order_by("id")]

    def institution(self, name: str) -> Institution | None:
        row = models.Institution.objects.filter(pk=name).first()
        return institution_in(row) if row is not None else None

    def keys(self, name: str) -> list[dict[str, Any]]:
        rows = models.InstitutionKey.objects.filter(institution_id=name).order_by("not_before", "id")
        names = ("id", "algorithm", "not_before", "not_after", "revoked_at")
        return [
            {**{name: getattr(row, name) for name in names}, "public": base64.b64encode(bytes(row.public)).decode()}
            for row in rows
        ]

    def holder_of(self, public: bytes) -> str:
        """Who holds a public key, or ever did: an institution's id, `signer`, or empty."""
        row = models.InstitutionKey.objects.filter(public=public).first()
        if row is not None:
            return str(row.institution_id)
        return SIGNER if models.Signer.objects.filter(public=public).exists() else ""

    def admit(self, application: Application, *, by: str, at: datetime) -> None:
        new = application.institution
        pseudonyms = self._keys.current(f"pseudonym-{new.id}").id  # durable before the row that names it
        with transaction.atomic():
            lock_partners()
            row, made = models.Institution.objects.get_or_create(
                pk=new.id, defaults={**_columns(new), "pseudonym_key": pseudonyms, "admitted_at": at}
            )
            if not made:
                self._same(row, application)
                return
            added = [self._add_key(new.id, key) for key in application.keys]
            _event("institution-admitted", by, at, {**_told(new), "keys": added})
        self._watched.forget()

    def change(self, institution: Institution, *, by: str, at: datetime, reason: str) -> None:
        with transaction.atomic():
            lock_partners()
            before = self._row(institution.id).state
            models.Institution.objects.filter(pk=institution.id).update(**_columns(institution))
            kind = _EVENT_OF[institution.standing] if before != institution.standing.value else "institution-changed"
            _event(kind, by, at, {**_told(institution), "reason": reason})
        self._watched.forget()

    def add_key(self, name: str, key: NewKey, *, by: str, at: datetime) -> str:
        with transaction.atomic():
            lock_partners()
            self._row(name)
            held = models.InstitutionKey.objects.filter(institution_id=name, public=key.public).first()
            if held is not None and held.revoked_at is None:
                return str(held.pk)
            if held is not None:
                raise _key_taken(Said("该密钥已被吊销，不得再用", "this key was revoked and is not taken again"))
            added = self._add_key(name, key)
            _event("key-added", by, at, {"institution": name, "key": added, "not_after": key.not_after.isoformat()})
        self._watched.forget()
        return added

    def revoke_key(self, key_id: str, *, by: str, at: datetime, reason: str) -> None:
        with transaction.atomic():
            lock_partners()
            row = models.InstitutionKey.objects.filter(pk=key_id).first()
            if row is None:
                raise UnknownName(
                    Said(f"没有密钥 {key_id}", f"there is no key {key_id}"),
                    todo=Said("用 puhui institution list 查看", "see `puhui institution list`"),
                )
            if row.revoked_at is not None:
                return
            models.InstitutionKey.objects.filter(pk=key_id).update(revoked_at=at)
            _event("key-revoked", by, at, {"institution": row.institution_id, "key": key_id, "reason": reason})
        self._watched.forget()

    def _row(self, name: str) -> Any:
        row = models.Institution.objects.filter(pk=name).first()
        if row is None:
            raise UnknownName(
                Said(f"没有机构 {name}", f"there is no institution {name}"),
                todo=Said("用 puhui institution list 查看", "see `puhui institution list`"),
            )
        return row

    def _same(self, row: Any, application: Application) -> None:
        """Admitting is repeatable; another institution of that id is not."""
        held = {bytes(key.public) for key in models.InstitutionKey.objects.filter(institution_id=row.pk)}
        asked = {key.public for key in application.keys}
        if described(institution_in(row)) != described(application.institution) or not asked <= held:
            raise AdmissionRefused(
                Said(f"机构编号 {row.pk} 已被使用", f"the id {row.pk} is an institution's already"),
                todo=Said("换一个编号，或提议变更该机构", "take another id, or propose a change of that institution"),
            )

    def _add_key(self, name: str, key: NewKey) -> str:
        holder = self.holder_of(key.public)
        if holder:
            raise _key_taken(
                Said("该公钥已为他人所用", "this public key is somebody else's already")
                if holder != name
                else Said("该公钥列了两次", "this public key is listed twice")
            )
        number = models.InstitutionKey.objects.filter(institution_id=name).count() + 1
        row = models.InstitutionKey.objects.create(
            id=f"{name}/{number}",
            institution_id=name,
            algorithm=key.algorithm,
            public=key.public,
            not_before=key.not_before,
            not_after=key.not_after,
        )
        return str(row.pk)

    def _read(self) -> dict[str, KnownKey]:
        """Every key with its institution. Keys are read first: each has its institution, whatever comes meanwhile."""
        keys = list(models.InstitutionKey.objects.all())
        rows = {
            row.pk: (institution_in(row), self._secret(row.pseudonym_key)) for row in models.Institution.objects.all()
        }
        found = {}
        for key in keys:
            if key.pk not in self._verifying:
                self._verifying[key.pk] = verifying(key.pk, key.algorithm, bytes(key.public))
            institution, secret = rows[key.institution_id]
            ready = self._verifying[key.pk]
            found[key.pk] = KnownKey(ready, institution, key.not_before, key.not_after, key.revoked_at, secret)
        return found

    def _secret(self, key_id: str) -> bytes:
        if key_id not in self._secrets:
            self._secrets[key_id] = self._keys.by_id(key_id).secret
        return self._secrets[key_id]


def institution_in(row: Any) -> Institution:
    """The institution of a row."""
    return institution_of(
        {
            "id": row.pk,
            "name": row.name,
            "kind": row.kind,
            "uscc": row.uscc,
            "scopes": row.scopes,
            "networks": row.networks,
            "licences": row.licences,
            "rate": row.rate,
            "webhooks": row.webhooks,
        },
        Standing(row.state),
    )


def _columns(institution: Institution) -> dict[str, Any]:
    columns = described(institution)
    return {**{name: value for name, value in columns.items() if name != "id"}, "state": institution.standing.value}


def _told(institution: Institution) -> dict[str, Any]:
    """An institution as its events tell it; `kind` is the event's own word."""
    columns = _columns(institution)
    return {"institution": institution.id, "type": columns.pop("kind"), **columns}


def _key_taken(said: Said) -> AdmissionRefused:
    return AdmissionRefused(said, todo=Said("由机构自行生成新的密钥", "the institution makes a new key of its own"))


def _event(kind: str, actor: str, at: datetime, detail: Mapping[str, Any]) -> None:
    models.Event.objects.create(kind=kind, actor=actor, at=at, detail=dict(detail))
