"""What an institution sees of its own past: an answer again, and the list of what it asked. Nobody else's is named."""

from __future__ import annotations

import asyncio
from typing import Any

from puhui.gateway.rooms import Rooms
from puhui.ledger.store import AskedRow
from puhui.model import refusals_question
from puhui.model.question import Caller
from puhui.model.refusal import Said
from puhui.model.refusals_question import OUTWARD, NoBasis, QuestionRefused
from puhui.wire.answers import encode_answer, moment

_HIDDEN = frozenset(
    kind.code
    for kind in vars(refusals_question).values()
    if isinstance(kind, type) and issubclass(kind, QuestionRefused) and kind.hidden
)


async def given_answer(caller: Caller, answer_id: str, rooms: Rooms) -> bytes:
    """The body of an answer that this institution was given, byte for byte.

    Raises NoBasis (hidden) where there is none: somebody else's answer, a refusal and a name that is none look alike.
    """
    row = await _given(caller, answer_id, rooms)
    receipt = await asyncio.to_thread(rooms.again.receipt, row.entry)
    return encode_answer(row.answer_id, receipt)


async def given_proof(caller: Caller, answer_id: str, rooms: Rooms) -> str:
    """The tlog-proof of an answer that this institution was given, with the cosignatures that came since.

    Raises NoBasis as `given_answer`.
    """
    row = await _given(caller, answer_id, rooms)
    return await asyncio.to_thread(rooms.again.proof_text, row.entry, rooms.quorum)


async def _given(caller: Caller, answer_id: str, rooms: Rooms) -> AskedRow:
    row = await asyncio.to_thread(rooms.past.find_answer, caller.institution, answer_id)
    if row is None or row.code:
        raise NoBasis(Said("没有这个答复", "there is no such answer"), todo=Said("核对编号", "check the id"))
    return row


async def own_questions(caller: Caller, month: str, rooms: Rooms) -> list[dict[str, Any]]:
    """The institution's questions of a month (`2026-11`), in the order of the log."""
    rows = await asyncio.to_thread(lambda: list(rooms.past.asked_in(caller.institution, month)))
    return [_shown(row) for row in rows]


def _shown(row: AskedRow) -> dict[str, Any]:
    return {
        "answer": row.answer_id,
        "at": moment(row.at),
        "contract": row.contract,
        "end_user": row.end_user,
        "index": row.entry,
        "letter": row.letter,
        "price_fen": row.price_fen,
        "product": row.product,
        "refused": OUTWARD if row.code in _HIDDEN else row.code,
    }
