"""The zone's tables of questions: institutions, contracts, signers, letters, the log. No rule lives here.

What a thief of this database gains: which institution asked which product when, about how many tokens; no identifier,
no name, no figure, no letter (those are sealed under subjects' keys that are not here).
"""

from __future__ import annotations

from django.db import models


class Institution(models.Model):
    """An admitted institution, or one whose admission is proposed (then no key of it counts)."""

    id = models.CharField(max_length=60, primary_key=True)  # a plain word: `bank-a`
    name = models.JSONField()  # {zh, en}
    kind = models.CharField(max_length=40)  # bank | insurer | guarantor | bureau | agency | hospital …
    uscc = models.CharField(max_length=18, blank=True)
    state = models.CharField(max_length=16)  # admitted | suspended | ended
    scopes = models.JSONField(default=list)  # answers | letters | monitors | …
    networks = models.JSONField(default=list)  # CIDR; empty: any
    licences = models.JSONField(default=list)  # {channel, record, from, until}
    rate = models.IntegerField(default=100)  # questions a second
    webhooks = models.JSONField(default=list)  # allow-listed addresses
    pseudonym_key = models.CharField(max_length=120)  # id in the key store
    admitted_at = models.DateTimeField(null=True)


class InstitutionKey(models.Model):
    """A public key of an institution. `id` is what its signatures name."""

    id = models.CharField(max_length=100, primary_key=True)  # `bank-a/1`
    institution = models.ForeignKey(Institution, models.PROTECT)
    algorithm = models.CharField(max_length=20)  # ed25519 | sm2-sm3
    public = models.BinaryField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)


class Contract(models.Model):
    """A contract as signed by both sides, immutable, with its state beside it."""

    id = models.CharField(max_length=60, primary_key=True)
    institution = models.ForeignKey(Institution, models.PROTECT)
    document = models.BinaryField()  # RFC 8785
    digest = models.BinaryField()
    signatures = models.JSONField(default=list)
    state = models.CharField(max_length=16)  # proposed | in_force | ended
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)


class Version(models.Model):
    """A number that grows with every change of some tables, in the same transaction.

    Whoever holds those tables in memory compares it.

    Whoever changes them locks the row first, so a number that was read means everything up to it.
    """

    name = models.CharField(max_length=20, primary_key=True)  # `partners`: institutions, keys, contracts; `objections`
    number = models.BigIntegerField(default=0)


class Signer(models.Model):
    """A key or passkey bound to a subject after a real-name proof. `person`: who signs for a firm."""

    id = models.CharField(max_length=60, primary_key=True)
    subject = models.CharField(max_length=40, db_index=True)
    person = models.CharField(max_length=40, blank=True)
    method = models.CharField(max_length=16)  # key | passkey
    algorithm = models.CharField(max_length=20)
    public = models.BinaryField()
    credential = models.BinaryField(default=b"")  # a passkey's id
    sign_count = models.BigIntegerField(default=0)
    proof = models.JSONField(default=dict)  # kind, reference, officers: no personal data
    state = models.CharField(max_length=16)  # enrolled | revoked
    enrolled_at = models.DateTimeField()


class Letter(models.Model):
    """A basis, most often a letter: its immutable document, sealed under its subject's key, and the state beside it.

    What the hot path needs stands open: tokens and codes, no names.
    """

    id = models.CharField(max_length=60, primary_key=True)
    basis = models.CharField(max_length=12, default="letter")  # letter | application | duty | order
    subject = models.CharField(max_length=40, db_index=True)  # empty until signed; of a duty: whoever it is about
    institution = models.CharField(max_length=60, db_index=True)
    end_user = models.CharField(max_length=60, blank=True)
    wording = models.CharField(max_length=80)  # name of the pack's letter; empty: no letter
    purpose = models.CharField(max_length=20)
    items = models.JSONField(default=dict)  # item id → gate that the ticks open
    stated = models.JSONField(default=list)  # names of the yes/no checks whose stated value the document holds
    mode = models.CharField(max_length=10)  # once | periodic
    cap = models.IntegerField()  # uses in the window (once: 1)
    window = models.CharField(max_length=10)  # letter | month | year: calendar ones, in the zone's time
    range_months = models.IntegerField()  # how far back the data may go
    retention_days = models.IntegerField()
    start = models.DateTimeField()
    end = models.DateTimeField()  # of a proposal: its last moment
    state = models.CharField(max_length=12)  # PROPOSED | DECLINED | ACTIVE | PAUSED | REVOKED | EXPIRED
    version = models.IntegerField(default=1)  # of the state; each change adds one
    digest = models.BinaryField(default=b"")  # of the canonical document
    sealed = models.BinaryField(default=b"")  # document and evidence
    key_id = models.CharField(max_length=120, default="subject")  # `subject`, or the id of a zone key (proposals)
    signer = models.CharField(max_length=60, blank=True)  # who signed; empty: attended, or not signed
    about_index = models.BinaryField(default=b"", db_index=True)  # keyed digest of the identifier, for proposals
    code_index = models.BinaryField(default=b"", db_index=True)  # keyed digest of the code that finds a proposal
    uses = models.IntegerField(default=0)
    window_started = models.DateTimeField(null=True)
    uses_in_window = models.IntegerField(default=0)
    proposed_at = models.DateTimeField()


class LogTree(models.Model):
    """The log's size and the roots of its complete subtrees, left to right. One row: who locks it appends."""

    id = models.IntegerField(primary_key=True)  # 1
    size = models.BigIntegerField()
    frontier = models.BinaryField()  # 32 bytes a hash


class LogEntry(models.Model):
    """One leaf. The record is sealed under the key of its subject, or the month's zone key."""

    index = models.BigAutoField(primary_key=True)  # given, never drawn; as this kind it is SQLite's own row number
    entry = models.BinaryField()  # the 32-byte commitment: SHA-256(salt ‖ record)
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    subject = models.CharField(max_length=40, blank=True)
    institution = models.CharField(max_length=60, blank=True)
    key_id = models.CharField(max_length=120)  # `subject`, or the id of a zone key
    sealed = models.BinaryField()  # salt and record
    batch_size = models.BigIntegerField()  # tree size of the commit that it came in: its receipt's checkpoint

    class Meta:
        # no db_index: on PostgreSQL that makes a second one, for patterns, which nobody asks by
        indexes = (
            models.Index(fields=["subject"], name="entries_of_a_subject"),
            # few among millions, and a check asks for all of them
            models.Index(fields=["index"], condition=models.Q(kind="security"), name="entries_of_security"),
        )


class Checkpoint(models.Model):
    """A signed note of the log, by the tree size that it states."""

    size = models.BigAutoField(primary_key=True)  # given, never drawn
    note = models.TextField()
    at = models.DateTimeField()
    published = models.BooleanField(default=False)  # timed and padded: the outside may see it

    class Meta:
        indexes = (models.Index(fields=["size"], condition=models.Q(published=True), name="checkpoints_published"),)


class Cosignature(models.Model):
    """A witness's line under a checkpoint."""

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT)
    witness = models.CharField(max_length=120)
    line = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["checkpoint", "witness"], name="one_line_per_witness"),)


class Asked(models.Model):
    """One authenticated question: nonce, idempotency, what became of it, and its bill. Written with its log entry."""

    entry = models.BigAutoField(primary_key=True)  # index in the log: given, never drawn
    institution = models.CharField(max_length=60)
    bucket = models.BigIntegerField()  # 512 s of commit time: how long its nonce is remembered (`ledger.nonces`)
    nonce = models.CharField(max_length=64, null=True)  # null for a replayed one: the first use holds it
    idempotency_key = models.CharField(max_length=80, null=True)  # null for a refused one: the key may be tried again
    content = models.BinaryField()
    answer_id = models.CharField(max_length=64)
    contract = models.CharField(max_length=60, blank=True)
    product = models.CharField(max_length=63)
    end_user = models.CharField(max_length=60, blank=True)
    subject = models.CharField(max_length=40, blank=True)  # found by LogEntry.subject
    letter = models.CharField(max_length=60, blank=True)
    letter_version = models.IntegerField(default=0)
    snapshot = models.IntegerField(default=0)
    code = models.CharField(max_length=40, blank=True)  # empty: answered; else the true refusal
    month = models.CharField(max_length=7)  # of the bill, in the zone's time
    price_fen = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["institution", "idempotency_key"], name="one_answer_per_key"),)
        indexes = (
            models.Index(fields=["institution", "month"], name="asked_by_month"),
            models.Index(fields=["answer_id"], name="asked_by_answer"),
        )


class RecordTemplate(models.Model):
    """What records of one product and snapshot share: they are sealed as what they add to it (`ledger.templates`)."""

    name = models.CharField(max_length=32, primary_key=True)  # hexadecimal, of the body's digest
    body = models.BinaryField()  # says nothing of anybody; never changed


class Repeat(models.Model):
    """A try that was answered from an earlier entry by its idempotency key: its nonce is spent, nothing is billed."""

    institution = models.CharField(max_length=60)
    bucket = models.BigIntegerField()
    nonce = models.CharField(max_length=64)
    entry = models.BigIntegerField()  # index in the log of what was answered again
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["bucket", "institution", "nonce"], name="one_repeat_per_nonce"),)


class Counter(models.Model):
    """How many questions a contract's window holds so far."""

    contract = models.CharField(max_length=60)
    product = models.CharField(max_length=63)
    window = models.CharField(max_length=20)  # `day:2026-11-22`, `month:2026-11`, `contract`
    count = models.BigIntegerField()
    answered = models.BigIntegerField(default=0)
    fen = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["contract", "product", "window"], name="one_counter"),)


class Monitor(models.Model):
    """A standing question: tell the institution when named indicators cross limits after a new snapshot."""

    id = models.CharField(max_length=60, primary_key=True)
    institution = models.CharField(max_length=60, db_index=True)
    key_id = models.CharField(max_length=100)  # of the key that signed it
    product = models.CharField(max_length=63)
    letter = models.CharField(max_length=60, db_index=True)
    subject = models.CharField(max_length=40)
    form = models.BinaryField()  # what was asked, sealed under the subject's key
    seen = models.BinaryField()  # what the last look saw, sealed likewise
    state = models.CharField(max_length=12)  # active | ended
    last_snapshot = models.IntegerField()
    made_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["last_snapshot"], condition=models.Q(state="active"), name="monitors_to_look"),)


class Notice(models.Model):
    """A monitor's message to an institution, with a signed answer in it: told until acknowledged or given up."""

    monitor = models.ForeignKey(Monitor, models.PROTECT)
    institution = models.CharField(max_length=60)
    number = models.IntegerField()  # from 1, of the institution: whoever polls goes on after it
    snapshot = models.IntegerField()
    entry = models.BigIntegerField()  # of the answer, in the log
    body = models.BinaryField()  # sealed under the subject's key
    at = models.DateTimeField()
    tries = models.IntegerField(default=0)
    next_try = models.DateTimeField(null=True)  # null: polling only
    state = models.CharField(max_length=12)  # waiting | delivered | given_up | acknowledged | withdrawn

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["institution", "number"], name="one_notice_per_number"),
            models.UniqueConstraint(fields=["monitor", "snapshot"], name="one_notice_per_snapshot"),
        )
        indexes = (models.Index(fields=["next_try"], condition=models.Q(state="waiting"), name="notices_to_send"),)


class Change(models.Model):
    """One signed request of an institution that changed something, or was refused: nonce and idempotency key."""

    institution = models.CharField(max_length=60)
    nonce = models.CharField(max_length=64)
    idempotency_key = models.CharField(
        max_length=80, null=True
    )  # null: of a later try, a refused one, or none was sent
    content = models.BinaryField()
    made = models.CharField(max_length=60, blank=True)  # id of what came of it; empty: refused
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["institution", "nonce"], name="one_change_per_nonce"),
            models.UniqueConstraint(fields=["institution", "idempotency_key"], name="one_change_per_key"),
        )


class Objection(models.Model):
    """A subject says that an item about it is wrong. No text of theirs is here: papers stay with the agency."""

    id = models.CharField(max_length=60, primary_key=True)
    subject = models.CharField(max_length=40, db_index=True)
    item = models.CharField(max_length=40)  # of the catalogue: `SWJ-06`
    state = models.CharField(max_length=12)  # open | corrected | withdrawn | rejected
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["subject", "item"], condition=models.Q(state="open"), name="one_open_objection_per_item"
            ),
        )
