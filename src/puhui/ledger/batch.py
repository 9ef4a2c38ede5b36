"""One batch of the log: what is re-checked, counted, sealed, hashed and signed within one transaction.

Promises: pure but for the transaction that is passed in; called again, it begins anew. What it gives is true only once
that transaction is durable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from puhui.ledger.entries import AlreadyAnswered, Intent, event_record, kind_of_event, padding_record
from puhui.ledger.nonces import SpentNonces
from puhui.ledger.rechecks import Prices, Rechecks, wanted_by
from puhui.ledger.records import RecordKeys, ZoneKeys, commitment, new_salt, seal_record
from puhui.ledger.refused import log_shrank, subject_gone
from puhui.ledger.store import EntryRow, LogTransaction, StoredCheckpoint
from puhui.ledger.templates import Packing
from puhui.ledger.windows import bucket_of
from puhui.model.question import Receipt
from puhui.model.refusal import Refusal
from puhui.model.refusals_question import QuestionRefused
from puhui.wire.notes import Checkpoint, NoteSigner, sign_checkpoint
from puhui.wire.tlog import Frontier, grow, leaf_hash

EVENTS = 256  # taken over a batch at most: a backlog of them must not keep answers waiting
PADDED = 64  # published sizes are multiples of it
UNMADE = (Refusal, ValueError, TypeError, LookupError)  # a record that cannot be made or sealed: its own caller's alone
Outcome = Receipt | Exception


@dataclass(frozen=True, slots=True)
class Tools:
    """What every batch of one log needs. `origin`: the log's name, first line of its checkpoints."""

    origin: str
    signer: NoteSigner
    keys: RecordKeys
    zone_keys: ZoneKeys
    prices: Prices
    others: tuple[NoteSigner, ...] = ()  # who sign checkpoints too, by another algorithm


@dataclass(slots=True)
class Batch:
    """A batch as it was put together: its leaves, and what becomes of each intent once it is durable."""

    entries: list[EntryRow]
    outcomes: list[Outcome]
    tree: Frontier
    checkpoint: StoredCheckpoint | None
    nonces: set[int]  # spent by it
    templates: dict[bytes, bytes]  # stored with it


@dataclass(slots=True)
class _Leaf:
    kind: str
    subject: str
    institution: str
    record: bytes = field(repr=False)
    key: tuple[str, bytes] | None = field(repr=False)  # of its subject; None: the month's
    template: bytes = field(default=b"", repr=False)
    salt: bytes = field(default_factory=new_salt, repr=False)


class Building:
    """Puts one batch together inside a transaction."""

    def __init__(self, tools: Tools, spent: SpentNonces, packing: Packing, at: datetime) -> None:
        self._tools = tools
        self._packing = packing
        self._spent = spent
        self._at = at
        self._leaves: list[_Leaf] = []
        self._keys: dict[str, tuple[str, bytes] | None] = {}

    def build(self, transaction: LogTransaction, intents: Sequence[Intent], *, known: int, pad: bool) -> Batch:
        """The batch of these intents, behind the events that wait. `known`: how large the tree was seen already.

        Raises LogBroken where the tree is smaller than that: the database lost what it said it kept.
        """
        old = transaction.tree()
        if old.size < known:
            raise log_shrank(known, old.size)
        lines = [intent.asked for intent in intents if intent.asked]
        self._spent.refresh(transaction, bucket_of(self._at), old.size)
        checks = Rechecks(transaction.facts(wanted_by(lines, self._at)), self._spent, self._at, self._tools.prices)
        for event in transaction.events(EVENTS):
            kind, key = kind_of_event(event.kind), self._event_key(event.subject)
            self._leaves.append(_Leaf(kind, event.subject, "", event_record(event), key))
            checks.rows.events.append(event.id)
        outcomes = [self._take(intent, checks, old.size) for intent in intents]
        if pad:
            self._pad(old.size)
        return self._written(transaction, old, checks, outcomes)

    def _take(self, intent: Intent, checks: Rechecks, first: int) -> int | Outcome:
        """The place of the intent's leaf, or what its caller is told instead."""
        try:
            if intent.asked:
                self._subject_stands(intent)
                checks.admit(intent.asked)
            return self._put(intent, checks, first)
        except QuestionRefused as refusal:
            return self._refuse(intent, refusal, checks, first)
        except (AlreadyAnswered, *UNMADE) as told:
            return told

    def _event_key(self, subject: str) -> tuple[str, bytes] | None:
        """What has happened is logged whatever the vault says; it holds tokens and no personal data."""
        try:
            return self._key_of(subject)
        except Refusal:
            return None

    def _subject_stands(self, intent: Intent) -> None:
        """A subject that was erased since the permit is refused: its record could not be sealed under its key."""
        if intent.subject and intent.asked and not intent.asked.code and self._key_of(intent.subject) is None:
            raise subject_gone()

    def _refuse(self, intent: Intent, refusal: QuestionRefused, checks: Rechecks, first: int) -> Outcome:
        if intent.refused is None:
            return refusal
        try:
            self._put(_of_contract(intent.refused(refusal, self._at), intent), checks, first)
        except UNMADE as fault:
            return fault
        return refusal

    def _put(self, intent: Intent, checks: Rechecks, first: int) -> int:
        record = intent.record(self._at)
        key = self._key_of(intent.subject)
        place = len(self._leaves)
        if intent.asked:  # before the leaf: what cannot be billed leaves no entry
            checks.count(intent.asked, first + place)
        self._leaves.append(_Leaf(intent.kind, intent.subject, intent.institution, record, key, intent.template))
        return place

    def _pad(self, size: int) -> None:
        """Leaves until the tree's size is a multiple: from outside none is told from another."""
        for _ in range(-(size + len(self._leaves)) % PADDED):
            self._leaves.append(_Leaf("padding", "", "", padding_record(self._at), None))

    def _written(
        self, transaction: LogTransaction, old: Frontier, checks: Rechecks, outcomes: Sequence[int | Outcome]
    ) -> Batch:
        entries = self._sealed(old.size)
        grown = grow(old, [leaf_hash(row.entry) for row in entries])
        checkpoint = self._checkpoint(grown.frontier) if entries else None
        if checkpoint or checks.rows.repeats:
            checks.rows.counters = checks.counted()
            checks.rows.templates = self._missing()
            transaction.write(entries, checks.rows, grown.frontier, checkpoint)
        proofs = grown.proofs() if entries else []

        def told(outcome: int | Outcome) -> Outcome:
            if not isinstance(outcome, int):
                return outcome
            row, leaf, note = entries[outcome], self._leaves[outcome], checkpoint.note if checkpoint else ""
            return Receipt(row.index, row.batch_size, proofs[outcome], note, leaf.record, leaf.salt, self._at)

        settled = [told(outcome) for outcome in outcomes]
        return Batch(entries, settled, grown.frontier, checkpoint, checks.nonces, checks.rows.templates)

    def _missing(self) -> dict[bytes, bytes]:
        """The templates of its records that may not be stored yet."""
        found: dict[bytes, bytes] = {}
        for template in {leaf.template for leaf in self._leaves}:
            found |= self._packing.missing(template)
        return found

    def _sealed(self, first: int) -> list[EntryRow]:
        size = first + len(self._leaves)
        return [self._row(first + place, leaf, size) for place, leaf in enumerate(self._leaves)]

    def _row(self, index: int, leaf: _Leaf, size: int) -> EntryRow:
        key = leaf.key or self._tools.zone_keys.of_month(self._at)
        return EntryRow(
            index=index,
            entry=commitment(leaf.salt, leaf.record),
            kind=leaf.kind,
            at=self._at,
            subject=leaf.subject,
            institution=leaf.institution,
            key_id=key[0],
            sealed=seal_record(key[1], index, leaf.salt, self._packing.packed(leaf.record, leaf.template)),
            batch_size=size,
        )

    def _key_of(self, subject: str) -> tuple[str, bytes] | None:
        if subject and subject not in self._keys:
            self._keys[subject] = self._tools.keys.key_for(subject)
        return self._keys.get(subject)

    def _checkpoint(self, tree: Frontier) -> StoredCheckpoint:
        head = Checkpoint(self._tools.origin, tree.size, tree.root)
        note = sign_checkpoint(head, self._tools.signer, *self._tools.others)
        return StoredCheckpoint(tree.size, note, self._at)


def _of_contract(refused: Intent, intent: Intent) -> Intent:
    """The refusal counts towards the quota of the contract that the question came under, also where it says none."""
    if not (intent.asked and refused.asked) or refused.asked.contract:
        return refused
    return replace(refused, asked=replace(refused.asked, contract=intent.asked.contract))
