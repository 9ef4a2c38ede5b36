"""A monitor's look at a new snapshot, and the way of what it tells.

Promises: every look passes the whole way of a question again: caller, mandate, subject, permit, figures, policy. Where
a limit was crossed the answer is logged, counted and billed like any other, once for a monitor and a snapshot whatever
is killed in between, and told only then; where none was, nothing leaves, the letter is not used up and nothing is
billed, but the log still holds an entry for the subject's trace. A notice is sent only while its basis is in force.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec
import structlog

from puhui.consent.letter import State
from puhui.consent.sealing import open_sealed, seal
from puhui.gateway.answer import released
from puhui.gateway.entry import entry_of, refusals_logged, signed_answer
from puhui.gateway.limits import Seen, crossed, seen_of
from puhui.gateway.monitors import (
    Held,
    Monitor,
    MonitorRooms,
    Notice,
    asked_by,
    in_force,
    notice_body,
    sealed_seen,
    sendable,
)
from puhui.gateway.record import item_form, look_record
from puhui.gateway.rooms import Rooms
from puhui.indicators.store import FiguresStore
from puhui.institutions.standing import has_ended, standing_caller, standing_key
from puhui.ledger.entries import AlreadyAnswered, Intent
from puhui.model.question import Answer, Caller, Question, Receipt
from puhui.model.refusal import Refusal, Said
from puhui.model.refusals import Broken, NoSubject
from puhui.model.refusals_question import (
    LetterNotInForce,
    LogUnavailable,
    NoBasis,
    QuestionRefused,
    SnapshotBehind,
    SubjectRefused,
    SubjectUnknown,
    UnknownKey,
)
from puhui.wire.answers import ItemForm, RecordForm, ResponseForm, answer_id, kept_headers
from puhui.wire.canonical import canonical
from puhui.wire.http_signatures import NOTICE, Headers, new_nonce, sign_request
from puhui.wire.messages import NoticeForm

T = TypeVar("T")
_log = structlog.get_logger("puhui.monitors")
TOGETHER = 64  # looks or notices at a time
TRIES = 10  # of a notice; then it is only polled for
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(hours=2)
_LATER = (LogUnavailable, SnapshotBehind)  # nothing is wrong with the monitor: the zone looks again soon
_OVER = (NoBasis, NoSubject, SubjectUnknown, SubjectRefused)
_ENDED = (State.REVOKED, State.EXPIRED)


Sendable = tuple[str, Headers, bytes]  # address, headers, body


class Sending(Protocol):
    """The way out to institutions' addresses."""

    async def send(self, address: str, headers: Headers, body: bytes) -> bool:
        """Whether it was taken (2xx). Bounded in time; no redirect is followed; false for whatever goes wrong."""


@dataclass(frozen=True, slots=True)
class LookRooms:
    """What looks and notices need. `figures`: each round reads one snapshot, whatever is swapped meanwhile."""

    monitors: MonitorRooms
    figures: FiguresStore
    sending: Sending


async def one_round(tools: LookRooms) -> tuple[int, int]:
    """The looks and the notices that are due, at most TOGETHER of each; how many there were."""
    return await _looks(tools), await _notices(tools)


# --- looks ---


async def _looks(tools: LookRooms) -> int:
    number = tools.figures.current()
    due: Sequence[Monitor] = tools.monitors.book.to_look(number, TOGETHER) if number is not None else ()
    if not due:
        return 0
    reader = tools.figures.reader(number)
    try:
        pinned = replace(tools.monitors, rooms=replace(tools.monitors.rooms, figures=reader))
        return sum(await _all_of(look(monitor, pinned) for monitor in due))
    finally:
        reader.close()


async def _all_of(working: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What each gave, once all have ended; then the first fault is raised."""
    outcomes = await asyncio.gather(*working, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]


async def look(monitor: Monitor, tools: MonitorRooms) -> bool:
    """Looks at the snapshot of `tools.rooms.figures`. False: it has to be looked at again."""
    snapshot = tools.rooms.figures.snapshot.number
    try:
        await _looked(monitor, snapshot, tools)
    except _LATER:
        return False
    except (QuestionRefused, NoSubject, Broken) as refusal:
        if isinstance(refusal, Broken):  # one damaged row must not keep the others waiting
            _log.error("a monitor cannot be opened", monitor=monitor.id)
        if _is_over(refusal, monitor, tools.rooms):
            tools.book.end(monitor, by="zone", why=refusal.code, at=tools.rooms.now())
        else:
            tools.book.looked(monitor, snapshot, monitor.seen, None)  # at the next snapshot it may pass again
    return True


def _is_over(refusal: Refusal, monitor: Monitor, rooms: Rooms) -> bool:
    """Whether the monitor can never pass again: revoked, expired, its subject was erased, its institution is out."""
    if isinstance(refusal, LetterNotInForce):
        letter = rooms.letters.letter(monitor.letter)
        return letter is None or letter.state in _ENDED or letter.end <= rooms.now()
    if isinstance(refusal, UnknownKey):
        return has_ended(monitor.key_id, rooms.directory)
    return isinstance(refusal, _OVER)


async def _looked(monitor: Monitor, snapshot: int, tools: MonitorRooms) -> None:
    rooms, now = tools.rooms, tools.rooms.now()
    key = tools.keys.record_key(monitor.subject)
    held = msgspec.json.decode(open_sealed(key, monitor.form, f"{monitor.id}.form"), type=Held)
    before = msgspec.json.decode(open_sealed(key, monitor.seen, f"{monitor.id}.seen"), type=dict[str, Seen])
    caller = standing_caller(monitor.key_id, rooms.directory, now)
    question = asked_by(monitor.id, held, caller.key_id, snapshot, now)
    seen, told, receipt = await _asked(question, caller, held, before, monitor, rooms)
    notice = None
    if receipt is not None:
        body = notice_form(monitor.id, snapshot, told, signed_answer(question, receipt, rooms))
        sealed = seal(key, body, f"{monitor.id}.{snapshot}")
        due = now if held.form.address else None
        notice = Notice(monitor, 0, snapshot, receipt.index, sealed, now, 0, due, "waiting")
    tools.book.looked(monitor, snapshot, sealed_seen(key, monitor.id, seen), notice)


async def _asked(
    question: Question, caller: Caller, held: Held, before: Mapping[str, Seen], monitor: Monitor, rooms: Rooms
) -> tuple[Mapping[str, Seen], tuple[str, ...], Receipt | None]:
    """What is seen now, what was crossed, and the receipt where something was."""
    limits = held.form.limits
    given = rooms.past.find_answer(caller.institution, answer_id(question.digest))
    if given is not None and not given.code:  # it was logged, then the process was killed
        receipt = rooms.again.receipt(given.entry)
        seen = seen_of(limits, _items_of(receipt))
        return seen, crossed(limits, before, seen), receipt
    async with refusals_logged(question, caller, rooms):
        release, product = released(question, caller, rooms, rooms.now())
    seen = seen_of(limits, map(item_form, release.items))
    told = crossed(limits, before, seen)
    if not told:
        await rooms.log.append(_looked_at(question, caller, monitor, rooms))
        return seen, (), None
    try:
        return seen, told, await rooms.log.append(entry_of(release, question, product, rooms))
    except AlreadyAnswered as answered:
        return seen, told, rooms.again.receipt(answered.index)


def _items_of(receipt: Receipt) -> Sequence[ItemForm]:
    return msgspec.json.decode(receipt.record, type=RecordForm).items


def _looked_at(question: Question, caller: Caller, monitor: Monitor, rooms: Rooms) -> Intent:
    """The entry of a look that told nobody anything."""
    return Intent(
        kind="access",
        record=lambda at: look_record(question, caller.institution, monitor.id, rooms.origin, at),
        subject=monitor.subject,
        institution=caller.institution,
    )


def notice_form(monitor_id: str, snapshot: int, told: tuple[str, ...], answer: Answer) -> bytes:
    """The body of a notice."""
    response = ResponseForm(body=answer.body.decode(), headers=kept_headers(answer.headers), status=answer.status)
    form = NoticeForm(v=1, monitor=monitor_id, snapshot=snapshot, crossed=told, answer=response)
    return canonical(msgspec.to_builtins(form))


# --- notices ---


async def _notices(tools: LookRooms) -> int:
    due = tools.monitors.book.to_send(tools.monitors.rooms.now(), TOGETHER)
    await _all_of(_send(notice, tools) for notice in due)
    return len(due)


async def _send(notice: Notice, tools: LookRooms) -> None:
    """One try, and what becomes of the notice then."""
    book, now = tools.monitors.book, tools.monitors.rooms.now
    try:
        prepared = _prepared(notice, tools.monitors)
    except _Paused:
        book.sent(notice, state="waiting", tries=notice.tries, next_try=now() + LONGEST_WAIT)
        return
    except (NoBasis, NoSubject, Broken):
        book.sent(notice, state="withdrawn", tries=notice.tries, next_try=None)
        return
    tries = notice.tries + 1
    if prepared is not None and await tools.sending.send(*prepared):
        book.sent(notice, state="delivered", tries=tries, next_try=None)
    elif tries >= TRIES:
        book.sent(notice, state="given_up", tries=tries, next_try=None)
    else:
        book.sent(notice, state="waiting", tries=tries, next_try=now() + wait_after(tries))


class _Paused(Exception):
    """The letter is paused: the notice waits with it."""


def wait_after(tries: int) -> timedelta:
    """How long after the n-th try the next one comes: twice as long each time."""
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(tries - 1, 16)))


def _prepared(notice: Notice, tools: MonitorRooms) -> Sendable | None:
    """What is sent, signed anew; None where the institution cannot be told now, and may be polling later.

    Raises _Paused, and NoBasis or NoSubject where it may never be told.
    """
    monitor, rooms, now = notice.monitor, tools.rooms, tools.rooms.now()
    if not in_force(monitor, rooms.letters, now):
        letter = rooms.letters.letter(monitor.letter)
        if letter is not None and letter.state is State.PAUSED:
            raise _Paused
        raise _gone()
    key = tools.keys.record_key(monitor.subject)
    held = msgspec.json.decode(open_sealed(key, monitor.form, f"{monitor.id}.form"), type=Held)
    address = str(held.form.address)
    if address not in _registered(monitor, rooms, now) or not sendable(address, private=tools.private):
        return None
    body = notice_body(notice, tools.keys)
    return address, notice_headers(address, body, f"{monitor.id}-{notice.snapshot}", rooms), body


def _registered(monitor: Monitor, rooms: Rooms, now: datetime) -> Sequence[str]:
    """The institution's addresses; none while it is suspended or has no key in force."""
    try:
        return standing_key(monitor.key_id, rooms.directory, now).institution.webhooks
    except UnknownKey:
        return ()


def _gone() -> NoBasis:
    said = Said("通知的依据已不存在", "the notice has no basis any more")
    return NoBasis(said, todo=Said("无须处理", "there is nothing to do"))


def notice_headers(address: str, body: bytes, idempotency_key: str, rooms: Rooms) -> Headers:
    """The webhook's headers, signed by the zone. The receiver knows a second one by its idempotency key."""
    parts = urlsplit(address)
    return sign_request(
        "POST",
        authority_of(address),
        parts.path or "/",
        body=body,
        key=rooms.signing,
        created=int(rooms.now().timestamp()),
        nonce=new_nonce(),
        idempotency_key=idempotency_key,
        tag=NOTICE,
    )


def authority_of(address: str) -> str:
    """Host and port as they are signed: lower case, the port only where it is not the scheme's own."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}[parts.scheme]
    return host if parts.port in (None, usual) else f"{host}:{parts.port}"
