"""The zone's tables and nothing else: no rule lives here. Every row belongs to one city and zone by its database.

What a thief of this database gains: which agency delivered what and when, and how clean it was; no identifier, no name,
no figure (those are in the vault and the lake under keys that are not here).
"""

from __future__ import annotations

from django.db import models

from puhui.records.models_question import (
    Asked,
    Change,
    Checkpoint,
    Contract,
    Cosignature,
    Counter,
    Institution,
    InstitutionKey,
    Letter,
    LogEntry,
    LogTree,
    Monitor,
    Notice,
    Objection,
    Repeat,
    Signer,
    Version,
)


class Parcel(models.Model):
    """One delivered file, by the digest of its unpacked bytes. Law: at most one row per resource and digest."""

    resource = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    file_name = models.CharField(max_length=255)
    supplier = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=16)
    period = models.CharField(max_length=32, blank=True)
    mapping = models.CharField(max_length=120, blank=True)
    corrects = models.CharField(max_length=64, blank=True)
    terms = models.TextField(blank=True)
    state = models.CharField(max_length=16)  # taking | taken
    size = models.BigIntegerField()
    landed_at = models.DateTimeField()
    retention_until = models.DateField()
    key_id = models.CharField(max_length=40)
    wrapped_key = models.BinaryField(null=True)  # null once the retention has ended: the landing is unreadable
    result = models.JSONField(default=dict)
    pack_set = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["resource", "digest"], name="one_parcel_per_digest"),)


class Edition(models.Model):
    """One immutable version of one resource."""

    resource = models.CharField(max_length=80)
    number = models.IntegerField()
    version = models.IntegerField()
    parent = models.IntegerField(null=True)
    digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    committed_at = models.DateTimeField()
    known_at = models.DateTimeField(null=True)  # its commit, or its release; null: it waits for a release
    rows = models.BigIntegerField()
    periods = models.JSONField(default=list)
    conflicts = models.BigIntegerField(default=0)
    state = models.CharField(max_length=20)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["resource", "number"], name="one_edition_per_number"),)


class SnapshotRow(models.Model):
    """One built snapshot; its figures are a file of its own in the service layer."""

    number = models.IntegerField(unique=True)
    as_of = models.DateField()
    known_at = models.DateTimeField()
    built_at = models.DateTimeField()
    pack_set = models.CharField(max_length=64)
    engine = models.CharField(max_length=20)
    subjects = models.BigIntegerField()
    indicators = models.IntegerField()
    editions = models.JSONField(default=dict)
    seconds = models.FloatField()


class Event(models.Model):
    """The durable outbox that the ledger takes over: what happened, by whom, about which token, why."""

    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    actor = models.CharField(max_length=120)
    subject = models.CharField(max_length=40, blank=True)
    detail = models.JSONField(default=dict)
    taken_by_ledger = models.BooleanField(default=False)

    class Meta:
        # what waits is little, what was taken is long
        indexes = (models.Index(fields=["id"], condition=models.Q(taken_by_ledger=False), name="events_waiting"),)


class RefusedCount(models.Model):
    """How often somebody was refused one act within one hour. Rows of earlier hours are removed."""

    hour = models.DateTimeField()
    act = models.CharField(max_length=40)
    actor = models.CharField(max_length=120)
    subject = models.CharField(max_length=40, blank=True)
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["hour", "act", "actor", "subject"], name="one_count_of_refusals"),
        )


class Proposal(models.Model):
    """A dangerous act that one officer proposed and another has to approve."""

    act = models.CharField(max_length=40)
    arguments = models.JSONField(default=dict)
    proposed_by = models.CharField(max_length=120)
    proposed_at = models.DateTimeField()
    reason = models.TextField()
    approved_by = models.CharField(max_length=120, blank=True)
    approved_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=16, default="open")


class PackSetRow(models.Model):
    """Which packs were active from when on."""

    digest = models.CharField(max_length=64)
    packs = models.JSONField(default=dict)  # name → digest
    activated_at = models.DateTimeField()


__all__ = (
    "Asked",
    "Change",
    "Checkpoint",
    "Contract",
    "Cosignature",
    "Counter",
    "Edition",
    "Event",
    "Institution",
    "InstitutionKey",
    "Letter",
    "LogEntry",
    "LogTree",
    "Monitor",
    "Notice",
    "Objection",
    "PackSetRow",
    "Parcel",
    "Proposal",
    "RefusedCount",
    "Repeat",
    "Signer",
    "SnapshotRow",
    "Version",
)
