"""What institutions' signed requests changed, on the zone's tables."""

from __future__ import annotations

from datetime import datetime

from django.db import Error, connection, transaction

from puhui.adapters import django_setup  # noqa: F401  imported first: settings before models
from puhui.gateway.changes import Change, Work
from puhui.ledger.refused import answered_otherwise, log_unavailable, nonce_used
from puhui.model.refusal import Refusal
from puhui.records import models


class DjangoChanges:
    """`gateway.changes.Changes`. Safe to share between threads: each has a connection of its own."""

    def once(self, institution: str, change: Change, at: datetime, work: Work) -> str:
        try:
            with transaction.atomic():
                one_after_the_other()
                return self._once(institution, change, at, work)
        except Refusal:
            self._spend(institution, change, at)
            raise
        except Error:
            connection.close()
            raise log_unavailable() from None

    def _once(self, institution: str, change: Change, at: datetime, work: Work) -> str:
        rows = models.Change.objects.filter(institution=institution)
        if rows.filter(nonce=change.nonce).exists():
            raise nonce_used()
        key = change.idempotency_key or None
        before = rows.filter(idempotency_key=key).first() if key else None
        if before is not None and bytes(before.content) != change.content:
            raise answered_otherwise()
        made = before.made if before is not None else work()
        _keep(institution, change, at, made, key if before is None else None)
        return str(made)

    def _spend(self, institution: str, change: Change, at: datetime) -> None:
        """The nonce of a refused request is spent as well. Where even that fails nothing was changed."""
        try:
            with transaction.atomic():
                one_after_the_other()
                if not models.Change.objects.filter(institution=institution, nonce=change.nonce).exists():
                    _keep(institution, change, at, "", None)
        except Error:
            connection.close()
            raise log_unavailable() from None


def one_after_the_other() -> None:
    """Take the log's lock first, as the sequencer does: changes and answers are wholly before or after one another."""
    if connection.vendor != "sqlite":  # there every transaction that writes has the database to itself
        models.LogTree.objects.select_for_update().filter(pk=1).first()


def _keep(institution: str, change: Change, at: datetime, made: str, key: str | None) -> None:
    models.Change.objects.create(
        institution=institution,
        nonce=change.nonce,
        idempotency_key=key,
        content=change.content,
        made=made,
        at=at,
    )
