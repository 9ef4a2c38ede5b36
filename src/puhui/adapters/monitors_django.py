"""Monitors and their notices on the zone's tables. What is about a subject comes and goes sealed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import Error, connection, transaction
from django.db.models import Max

from puhui.adapters.changes_django import one_after_the_other
from puhui.gateway.monitors import ACTIVE, ENDED, Monitor, Notice, too_many
from puhui.ledger.refused import log_unavailable
from puhui.records import models

P = ParamSpec("P")
T = TypeVar("T")
_ADDED = ("id", "institution", "key_id", "product", "letter", "subject", "state", "last_snapshot", "made_at")
_TOLD = ("waiting", "delivered", "given_up")  # what an acknowledgement ends


def _or_unavailable(method: Callable[P, T]) -> Callable[P, T]:
    """A fault of the database is LogUnavailable; its connection is made anew."""

    @wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except Error:
            connection.close()
            raise log_unavailable() from None

    return guarded


class DjangoMonitors:
    """`gateway.monitors.MonitorBook`. Safe to share between threads: each has a connection of its own."""

    @_or_unavailable
    def add(self, monitor: Monitor, *, most: int) -> None:
        with transaction.atomic():
            one_after_the_other()
            rows = models.Monitor.objects.filter(institution=monitor.institution, letter=monitor.letter, state=ACTIVE)
            if rows.count() >= most:
                raise too_many()
            columns = {name: getattr(monitor, name) for name in _ADDED}
            models.Monitor.objects.create(form=monitor.form, seen=monitor.seen, **columns)
            _event("monitor-set", monitor.institution, monitor.made_at, monitor)

    @_or_unavailable
    def monitor(self, monitor_id: str) -> Monitor | None:
        row = models.Monitor.objects.filter(pk=monitor_id).first()
        return _monitor(row) if row is not None else None

    @_or_unavailable
    def end(self, monitor: Monitor, *, by: str, why: str, at: datetime) -> None:
        with transaction.atomic():
            one_after_the_other()
            if models.Monitor.objects.filter(pk=monitor.id, state=ACTIVE).update(state=ENDED):
                waiting = models.Notice.objects.filter(monitor_id=monitor.id, state="waiting")
                waiting.update(state="withdrawn", next_try=None)
                _event("monitor-ended", by, at, monitor, why=why)

    @_or_unavailable
    def end_of_subject(self, token: str, *, by: str, why: str, at: datetime) -> Sequence[str]:
        with transaction.atomic():
            one_after_the_other()
            active = [
                _monitor(row) for row in models.Monitor.objects.filter(subject=token, state=ACTIVE).order_by("id")
            ]
            for monitor in active:
                self.end(monitor, by=by, why=why, at=at)
        return [monitor.id for monitor in active]

    def end_again(self, monitor_id: str, *, by: str, why: str, at: datetime) -> bool:
        monitor = self.monitor(monitor_id)
        if monitor is None or monitor.state != ACTIVE:
            return False
        self.end(monitor, by=by, why=why, at=at)
        return True

    @_or_unavailable
    def to_look(self, snapshot: int, limit: int) -> Sequence[Monitor]:
        rows = models.Monitor.objects.filter(state=ACTIVE, last_snapshot__lt=snapshot)
        return [_monitor(row) for row in rows.order_by("last_snapshot", "id")[:limit]]

    @_or_unavailable
    def looked(self, monitor: Monitor, snapshot: int, seen: bytes, notice: Notice | None) -> None:
        with transaction.atomic():
            one_after_the_other()
            rows = models.Monitor.objects.filter(pk=monitor.id, state=ACTIVE, last_snapshot__lt=snapshot)
            if rows.update(last_snapshot=snapshot, seen=seen) and notice is not None:
                _add_notice(notice)

    @_or_unavailable
    def notices(self, institution: str, after: int, limit: int) -> Sequence[Notice]:
        rows = models.Notice.objects.filter(institution=institution, number__gt=after)
        return [_notice(row) for row in rows.select_related("monitor").order_by("number")[:limit]]

    @_or_unavailable
    def acknowledge(self, institution: str, number: int, at: datetime) -> None:
        with transaction.atomic():
            one_after_the_other()
            rows = models.Notice.objects.filter(institution=institution, number__lte=number, state__in=_TOLD)
            detail = {"institution": institution, "number": number, "notices": rows.count()}
            rows.update(state="acknowledged", next_try=None)
            models.Event.objects.create(kind="monitor-acknowledged", actor=institution, at=at, detail=detail)

    @_or_unavailable
    def to_send(self, now: datetime, limit: int) -> Sequence[Notice]:
        rows = models.Notice.objects.filter(state="waiting", next_try__lte=now)
        return [_notice(row) for row in rows.select_related("monitor").order_by("next_try", "id")[:limit]]

    @_or_unavailable
    def sent(self, notice: Notice, *, state: str, tries: int, next_try: datetime | None) -> None:
        rows = models.Notice.objects.filter(monitor_id=notice.monitor.id, snapshot=notice.snapshot, state="waiting")
        rows.update(state=state, tries=tries, next_try=next_try)


def _add_notice(notice: Notice) -> None:
    institution = notice.monitor.institution
    rows = models.Notice.objects.filter(institution=institution)
    newest: int | None = rows.aggregate(newest=Max("number"))["newest"]
    models.Notice.objects.create(
        monitor_id=notice.monitor.id,
        institution=institution,
        number=(newest or 0) + 1,
        snapshot=notice.snapshot,
        entry=notice.entry,
        body=notice.body,
        at=notice.at,
        tries=notice.tries,
        next_try=notice.next_try,
        state=notice.state,
    )


def _event(kind: str, by: str, at: datetime, monitor: Monitor, **more: str) -> None:
    detail = {"monitor": monitor.id, "institution": monitor.institution, "product": monitor.product}
    detail |= {"letter": monitor.letter, **more}
    models.Event.objects.create(kind=kind, actor=by, at=at, subject=monitor.subject, detail=detail)


def _monitor(row: Any) -> Monitor:
    return Monitor(**{name: getattr(row, name) for name in _ADDED}, form=bytes(row.form), seen=bytes(row.seen))


def _notice(row: Any) -> Notice:
    return Notice(
        monitor=_monitor(row.monitor),
        number=row.number,
        snapshot=row.snapshot,
        entry=row.entry,
        body=bytes(row.body),
        at=row.at,
        tries=row.tries,
        next_try=row.next_try,
        state=row.state,
    )
