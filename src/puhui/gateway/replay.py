"""Replay: the figures of an answer computed again from what it names, and held against what it says.

The outcome is `equal`, `different`, `erased` (the key of its subject is destroyed) or `redacted` (an edition that it
names can no longer be read, by law). What is compared is the log's own record, not the file that somebody brings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import msgspec

from puhui.disclosure.let_out import items_let_out
from puhui.disclosure.rules import rules_of
from puhui.gateway.record import item_form
from puhui.gateway.terms import studies_of
from puhui.indicators.again import figures_again
from puhui.indicators.compile import compile_plan
from puhui.indicators.engine import Engine
from puhui.ledger.store import EntryRow, LogStore
from puhui.model.delivery import Edition, EditionFile
from puhui.model.figures import Definition, Figures
from puhui.model.question import Receipt
from puhui.model.refusal import Said
from puhui.model.refusals import Redacted
from puhui.model.refusals_question import NotVerified, SubjectUnknown
from puhui.model.subject import Subject
from puhui.packs.packset import PackSet
from puhui.wire.answers import AnswerBody, ItemForm, RecordForm

EQUAL, DIFFERENT, ERASED, REDACTED = "equal", "different", "erased", "redacted"


@dataclass(frozen=True, slots=True)
class ReplayRooms:
    """What a replay needs. `edition`: source, number → edition and its files, raises Redacted; `scratch`: a folder."""

    past: LogStore
    receipt: Callable[[int], Receipt]
    packs: Callable[[str], PackSet]
    edition: Callable[[str, int], tuple[Edition, Sequence[EditionFile]]]
    stated: Callable[[str], Mapping[str, str]]  # letter → the values that it states
    open_engine: Callable[[Path], Engine]
    scratch: Callable[[], AbstractContextManager[Path]]
    buckets: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it; `differing`: names of items that are other now."""

    outcome: str
    differing: tuple[str, ...] = ()


def replay(answer: AnswerBody, rooms: ReplayRooms) -> Replayed:
    """Compute the figures of an answer again. Raises NotVerified where the log does not have this answer."""
    entry = rooms.past.entry(answer.form.receipt.index)
    if entry is None or entry.kind != "answer":
        raise _not_ours()
    try:
        receipt = rooms.receipt(entry.index)
    except SubjectUnknown:
        return Replayed(ERASED)
    if receipt.record != answer.record:
        raise _not_ours()
    record = msgspec.json.decode(receipt.record, type=RecordForm)
    try:
        again = _items_again(record, entry, rooms)
    except Redacted:
        return Replayed(REDACTED)
    differing = tuple(old.name for old, new in zip(record.items, again, strict=True) if not _same(old, new))
    return Replayed(DIFFERENT if differing else EQUAL, differing)


def _same(old: ItemForm, new: ItemForm) -> bool:
    """Whether two items say the same; an objection may have come or gone since."""
    return msgspec.structs.replace(old, flags=msgspec.UNSET) == msgspec.structs.replace(new, flags=msgspec.UNSET)


def _items_again(record: RecordForm, entry: EntryRow, rooms: ReplayRooms) -> list[ItemForm]:
    packs = rooms.packs(record.pack_set)
    product = packs.products[record.product]
    figures, definitions = _figures_again(record, packs, Subject(entry.subject), rooms)
    rules = rules_of(product, packs, studies_of(packs), definitions)
    stated = rooms.stated(record.basis.id) if product.checks and record.basis else {}
    asked_on = datetime.fromisoformat(record.at).date()
    return [item_form(item) for item in items_let_out(figures, rules, stated, today=asked_on)]


def _figures_again(
    record: RecordForm, packs: PackSet, subject: Subject, rooms: ReplayRooms
) -> tuple[Figures, dict[str, Definition]]:
    """The product's figures from the named editions, and the definitions that made them."""
    as_of = date.fromisoformat(record.as_of)
    plan = compile_plan(packs, as_of, packs.products[record.product].asks)
    editions = {source: rooms.edition(source, number) for source, number, _ in record.editions}
    with rooms.scratch() as folder, closing(rooms.open_engine(folder)) as engine:
        figures = figures_again(plan, editions, engine, subject, snapshot=record.snapshot, buckets=rooms.buckets)
    read_from = tuple((source, number) for source, number, _ in record.editions)
    definitions = {
        one.name: Definition(one.name, one.digest, one.declared_type, one.unit, read_from) for one in plan.indicators
    }
    return figures, definitions


def _not_ours() -> NotVerified:
    return NotVerified(
        Said("本专区的日志没有这个答复", "the log of this zone does not hold this answer"),
        todo=Said("核对答复文件与专区", "check the file and the zone"),
    )
