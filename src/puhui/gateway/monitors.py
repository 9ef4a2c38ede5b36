"""Monitors: standing questions by letter. Setting one, looking at it, ending it, polling what it told.

Promises: a monitor is set only where the same question would be answered now, and every look passes all of that again
(`monitor_looks`). What is stored about the subject lies sealed under the subject's own key. An institution sees its own
monitors and notices alone; somebody else's and none look the same; a notice is shown only while its basis is in force.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from urllib.parse import urlsplit

import msgspec

from puhui.consent.letter import State
from puhui.consent.permit import Letters
from puhui.consent.sealing import RecordKeys, open_sealed, seal
from puhui.gateway.answer import released
from puhui.gateway.changes import Change, Changes, changed
from puhui.gateway.limits import Seen, check_limits, seen_of
from puhui.gateway.record import item_form
from puhui.gateway.rooms import Rooms
from puhui.institutions.standing import standing_key
from puhui.institutions.webhooks import webhook_fault
from puhui.model.question import Caller, Question
from puhui.model.refusal import Refusal, Said
from puhui.model.refusals_question import BadRequest, LetterRefused, NoBasis
from puhui.wire.answers import moment
from puhui.wire.http_signatures import new_nonce
from puhui.wire.messages import (
    MonitorForm,
    MonitorStateForm,
    NoticeForm,
    NoticesForm,
    NumberedNoticeForm,
    standing_question,
)
from puhui.wire.short_names import SIZE, short_name

MONITOR = "monitor"  # the kind of product that may be watched
MOST_OF_A_LETTER = 3  # monitors at a time: many of them with limits close together would tell a value for nothing
PAGE = 20  # notices of one reply
ACTIVE: Literal["active"] = "active"
ENDED: Literal["ended"] = "ended"
Told = Literal["waiting", "delivered", "given_up", "acknowledged", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Monitor:
    """One monitor as it is stored. `form`, `seen`: sealed."""

    id: str
    institution: str
    key_id: str
    product: str
    letter: str
    subject: str
    form: bytes = field(repr=False)
    seen: bytes = field(repr=False)
    state: Literal["active", "ended"]
    last_snapshot: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice as it is stored. `body`: sealed; `next_try` None: it is polled for and not sent."""

    monitor: Monitor
    number: int
    snapshot: int
    entry: int
    body: bytes = field(repr=False)
    at: datetime
    tries: int
    next_try: datetime | None
    state: Told


class MonitorBook(Protocol):
    """Monitors and notices. Each writing method is one transaction with its event; raises LogUnavailable."""

    def add(self, monitor: Monitor, *, most: int) -> None:
        """Raises LetterRefused where the institution has `most` active ones over that letter."""

    def monitor(self, monitor_id: str) -> Monitor | None: ...

    def end(self, monitor: Monitor, *, by: str, why: str, at: datetime) -> None:
        """No look begins after this returned, and its notices are withdrawn. Repeatable."""

    def to_look(self, snapshot: int, limit: int) -> Sequence[Monitor]:
        """Active monitors that have not looked at the snapshot."""

    def looked(self, monitor: Monitor, snapshot: int, seen: bytes, notice: Notice | None) -> None:
        """What came of a look, together with its notice, which gets the institution's next number. Once a snapshot."""

    def notices(self, institution: str, after: int, limit: int) -> Sequence[Notice]:
        """By number, the withdrawn ones among them."""

    def acknowledge(self, institution: str, number: int, at: datetime) -> None:
        """Everything up to that number arrived."""

    def to_send(self, now: datetime, limit: int) -> Sequence[Notice]:
        """Waiting notices that are due."""

    def sent(self, notice: Notice, *, state: Told, tries: int, next_try: datetime | None) -> None:
        """What became of a try; nothing where the notice does not wait any more."""


@dataclass(frozen=True, slots=True)
class MonitorRooms:
    """What monitors need beside the rooms of an answer. `private`: http to this machine and inner hosts are allowed."""

    rooms: Rooms
    changes: Changes
    book: MonitorBook
    keys: RecordKeys
    private: bool = False


class Held(msgspec.Struct, frozen=True):
    """What lies sealed in a monitor: what was asked, and a secret that its idempotency keys are made of."""

    form: MonitorForm
    secret: str

    def __repr__(self) -> str:
        return "Held('…')"


# --- setting and ending ---


async def set_monitor(form: MonitorForm, change: Change, caller: Caller, tools: MonitorRooms) -> MonitorStateForm:
    """The monitor, which has looked once: what it is told of is what changes from now on. Raises a QuestionRefused."""

    def work() -> str:
        monitor = _made(form, caller, tools)
        tools.book.add(monitor, most=MOST_OF_A_LETTER)
        return monitor.id

    return shown_monitor(await changed(change, caller, tools.rooms, tools.changes, work), caller, tools)


def _made(form: MonitorForm, caller: Caller, tools: MonitorRooms) -> Monitor:
    rooms, now = tools.rooms, tools.rooms.now()
    held, monitor_id = Held(form, secrets.token_hex(16)), new_monitor_id()
    _check_address(form, caller, tools, now)
    question = asked_by(monitor_id, held, caller.key_id, rooms.figures.snapshot.number, now)
    subject, looked_at, seen = _first_look(question, form, caller, rooms, now)
    key = tools.keys.record_key(subject)
    return Monitor(
        id=monitor_id,
        institution=caller.institution,
        key_id=caller.key_id,
        product=form.product,
        letter=form.basis.id,
        subject=subject,
        form=seal(key, msgspec.json.encode(held), f"{monitor_id}.form"),
        seen=sealed_seen(key, monitor_id, seen),
        state=ACTIVE,
        last_snapshot=looked_at,
        made_at=now,
    )


def shown_monitor(monitor_id: str, caller: Caller, tools: MonitorRooms) -> MonitorStateForm:
    """A monitor of the caller. Raises NoBasis (hidden)."""
    monitor = _own(monitor_id, caller, tools)
    return MonitorStateForm(
        v=1, id=monitor.id, state=monitor.state, product=monitor.product, last_snapshot=monitor.last_snapshot
    )


async def end_monitor(monitor_id: str, change: Change, caller: Caller, tools: MonitorRooms) -> MonitorStateForm:
    """The monitor, which looks no more. Raises NoBasis (hidden), Replayed."""

    def work() -> str:
        monitor = _own(monitor_id, caller, tools)
        tools.book.end(monitor, by=caller.institution, why="institution", at=tools.rooms.now())
        return monitor.id

    return shown_monitor(await changed(change, caller, tools.rooms, tools.changes, work), caller, tools)


def _own(monitor_id: str, caller: Caller, tools: MonitorRooms) -> Monitor:
    monitor = tools.book.monitor(monitor_id)
    if monitor is None or monitor.institution != caller.institution:
        raise NoBasis(Said("没有这个监测", "there is no such monitor"), todo=Said("核对编号", "check the id"))
    return monitor


def _first_look(
    question: Question, form: MonitorForm, caller: Caller, rooms: Rooms, now: datetime
) -> tuple[str, int, Mapping[str, Seen]]:
    """Subject, snapshot, and what is seen at first. Nothing of it leaves; the monitor's own entry tells the subject."""
    release, product = released(question, caller, rooms, now)
    if product.product.kind != MONITOR:
        raise BadRequest(
            Said("该产品不是监测类产品", "the product is none that may be watched"),
            todo=Said("选用 kind 为 monitor 的产品", "take a product whose kind is `monitor`"),
            where="product",
        )
    check_limits(form.limits, product.rules, rooms.products.packs)
    return release.permit.subject.token, release.snapshot, seen_of(form.limits, map(item_form, release.items))


def _check_address(form: MonitorForm, caller: Caller, tools: MonitorRooms, now: datetime) -> None:
    """Notices go to an address that the institution was admitted with, as it stands there, and nowhere else."""
    if not form.address:
        return
    known = standing_key(caller.key_id, tools.rooms.directory, now)
    if form.address not in known.institution.webhooks or not sendable(form.address, private=tools.private):
        raise BadRequest(
            Said("通知地址不在准入登记之列，或带有查询参数", "the address is not registered, or it has a query"),
            todo=Said("使用登记的地址，或申请变更登记", "take a registered one, or have the registration changed"),
            where="address",
        )


def sendable(address: str, *, private: bool) -> bool:
    """Whether a notice may be sent there. A signed request with a body has no query."""
    return not webhook_fault(address, private=private) and not urlsplit(address).query


def new_monitor_id() -> str:
    """A monitor's id: 130 random bits."""
    return "M-" + short_name(secrets.token_bytes(SIZE))


def asked_by(monitor_id: str, held: Held, key_id: str, snapshot: int, now: datetime) -> Question:
    """What a monitor asks after a snapshot."""
    return standing_question(
        held.form,
        monitor_id=monitor_id,
        secret=held.secret,
        snapshot=snapshot,
        key_id=key_id,
        nonce=new_nonce(),
        now=int(now.timestamp()),
    )


def sealed_seen(key: bytes, monitor_id: str, seen: Mapping[str, Seen]) -> bytes:
    """What a look saw, as it is stored."""
    return seal(key, msgspec.json.encode(seen), f"{monitor_id}.seen")


# --- polling ---


def notices_after(after: int, caller: Caller, tools: MonitorRooms) -> NoticesForm:
    """The next notices of the caller. Those whose basis has ended, or whose subject was erased, are passed over."""
    found = tools.book.notices(caller.institution, after, PAGE)
    shown = tuple(form for notice in found if (form := _numbered(notice, tools)) is not None)
    return NoticesForm(v=1, notices=shown, next=found[-1].number if found else after)


async def acknowledge(number: int, change: Change, caller: Caller, tools: MonitorRooms) -> NoticesForm:
    """Tells no more of what came up to `number`; what comes after it is the reply."""

    def work() -> str:
        tools.book.acknowledge(caller.institution, number, tools.rooms.now())
        return str(number)

    await changed(change, caller, tools.rooms, tools.changes, work)
    return await asyncio.to_thread(notices_after, number, caller, tools)


def _numbered(notice: Notice, tools: MonitorRooms) -> NumberedNoticeForm | None:
    monitor, now = notice.monitor, tools.rooms.now()
    if notice.state == "withdrawn" or not in_force(monitor, tools.rooms.letters, now):
        return None
    try:
        told = msgspec.json.decode(notice_body(notice, tools.keys), type=NoticeForm)
    except Refusal:  # the subject was erased: what was told of it is gone
        return None
    return NumberedNoticeForm(number=notice.number, at=moment(notice.at), state=notice.state, notice=told)


def notice_body(notice: Notice, keys: RecordKeys) -> bytes:
    """What is sent. Raises NoSubject where the subject was erased."""
    monitor = notice.monitor
    return open_sealed(keys.record_key(monitor.subject), notice.body, f"{monitor.id}.{notice.snapshot}")


def in_force(monitor: Monitor, letters: Letters, now: datetime) -> bool:
    """Whether the monitor's basis lets anything be told at this moment."""
    letter = letters.letter(monitor.letter)
    return letter is not None and letter.state is State.ACTIVE and letter.start <= now < letter.end


def too_many() -> LetterRefused:
    """The letter has its monitors."""
    return LetterRefused(
        Said(
            f"同一授权书下最多 {MOST_OF_A_LETTER} 个生效的监测",
            f"a letter carries at most {MOST_OF_A_LETTER} active monitors",
        ),
        todo=Said("先结束一个监测", "end one of them first"),
        where="basis",
    )
