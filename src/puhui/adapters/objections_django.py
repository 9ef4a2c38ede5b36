"""Objections on the zone's tables; what the hot path asks is held in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from puhui.adapters.watched_django import Watched, lock_version
from puhui.desk.rooms import Objected
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed
from puhui.records import models

NAME = "objections"  # of the version row
_NONE: frozenset[str] = frozenset()


class DjangoObjections:
    """`gateway.rooms.Objections`, and `ObjectionBook` for the desk. Every change is written with its event."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._watched: Watched[Mapping[str, frozenset[str]]] = Watched(_open_ones, name=NAME, clock=clock)

    def of(self, token: str) -> Set[str]:
        """The items that the subject disputes; what was committed 50 ms ago is seen."""
        return self._watched.current().get(token, _NONE)

    def close_thread(self) -> None:
        """Ends the thread that watches. Repeatable."""
        self._watched.close()

    def add(self, objection: Objected, *, by: str) -> None:
        try:
            with transaction.atomic():
                lock_version(NAME)
                models.Objection.objects.create(
                    id=objection.id,
                    subject=objection.subject,
                    item=objection.item,
                    state=objection.state,
                    opened_at=objection.opened_at,
                )
                _event("objection-opened", by, objection.opened_at, objection)
        except IntegrityError:
            raise NotAllowed(
                Said("该主体对这一项的异议尚未结案", "the subject disputes this item already"),
                todo=Said("先了结原有的异议", "settle that objection first"),
            ) from None
        self._watched.forget()

    def close(self, objection: Objected, *, by: str, reason: str) -> None:
        at = objection.closed_at
        if at is None:
            raise ValueError("a closed objection has a time")
        with transaction.atomic():
            lock_version(NAME)
            rows = models.Objection.objects.filter(pk=objection.id, state="open")
            if rows.update(state=objection.state, closed_at=at):
                _event(f"objection-{objection.state}", by, at, objection, reason=reason)
        self._watched.forget()

    def objection(self, objection_id: str) -> Objected | None:
        row = models.Objection.objects.filter(pk=objection_id).first()
        return _objected(row) if row is not None else None

    def all_open(self) -> Sequence[Objected]:
        return [_objected(row) for row in models.Objection.objects.filter(state="open").order_by("opened_at", "id")]


def _open_ones() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for subject, item in models.Objection.objects.filter(state="open").values_list("subject", "item"):
        found.setdefault(subject, set()).add(item)
    return {subject: frozenset(items) for subject, items in found.items()}


def _objected(row: Any) -> Objected:
    return Objected(row.id, row.subject, row.item, row.state, row.opened_at, row.closed_at)


def _event(kind: str, by: str, at: datetime, objection: Objected, **more: str) -> None:
    detail = {"objection": objection.id, "item": objection.item, **more}
    models.Event.objects.create(kind=kind, actor=by, at=at, subject=objection.subject, detail=detail)
