"""Refused acts of people, counted by the hour and told in the outbox that the log takes over."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import DatabaseError, transaction
from django.db.models import F

from puhui.adapters import django_setup  # noqa: F401  imported first: settings before models
from puhui.desk.refused import Refused, leaves_event
from puhui.records import models

_log = structlog.get_logger("puhui.desk")


class DjangoRefusals:
    """`Refusals` of the desk over the zone's tables."""

    def note(self, refused: Refused, at: datetime) -> None:
        try:
            with transaction.atomic(durable=True):  # inside another's it would go with what was refused
                self._note(refused, at)
        except DatabaseError as fault:
            _log.error("a refusal could not be noted", act=refused.act, code=refused.code, fault=type(fault).__name__)
            raise

    def _note(self, refused: Refused, at: datetime) -> None:
        hour = at.replace(minute=0, second=0, microsecond=0)
        models.RefusedCount.objects.filter(hour__lt=hour).delete()
        row, _ = models.RefusedCount.objects.get_or_create(
            hour=hour, act=refused.act, actor=refused.actor, subject=refused.subject
        )
        models.RefusedCount.objects.filter(pk=row.pk).update(count=F("count") + 1)
        row.refresh_from_db()
        if leaves_event(row.count):
            detail = {"act": refused.act, "code": refused.code, "count": row.count}
            models.Event.objects.create(
                kind=refused.kind, actor=refused.actor, at=at, subject=refused.subject, detail=detail
            )
