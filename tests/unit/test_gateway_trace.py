"""The trace shows every use, and what an order keeps sealed only by its place in the log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from puhui.gateway.trace import TraceRooms, trace
from puhui.ledger.store import AskedRow, EntryRow, LogStore
from puhui.model.subject import Subject

AT = datetime(2026, 11, 22, tzinfo=UTC)
TOKEN = "360500a1E" + "0" * 20


def entry(index: int, kind: str) -> EntryRow:
    return EntryRow(index, b"e" * 32, kind, AT, TOKEN, "court-a", "subject", b"", index + 1)


def asked(index: int, letter: str) -> AskedRow:
    return AskedRow(
        entry=index, institution="court-a", bucket=0, nonce=None, idempotency_key=None, content=b"", answer_id="A-x",
        contract="C-1", product="p", end_user="", subject=TOKEN, letter=letter, letter_version=1, snapshot=1, code="",
        month="2026-11", price_fen=0, at=AT,
    )  # fmt: skip


class Log:
    """What a trace asks of the log."""

    def entries_of(self, subject: str) -> Sequence[EntryRow]:
        return [entry(3, "answer"), entry(5, "sealed"), entry(8, "answer")]

    def asked_at(self, indexes: Sequence[int]) -> dict[int, AskedRow]:
        return {3: asked(3, "L-1"), 8: asked(8, "O-1")}


def shown(hidden: set[str]) -> list[dict[str, Any]]:
    rooms = TraceRooms(
        past=cast(LogStore, Log()),
        hidden=lambda subject: hidden,
        record=lambda row: json.dumps({"kind": row.kind, "subject": TOKEN, "index": row.index}).encode(),
        proof=lambda index: f"proof of {index}",
    )
    return [use.as_dict() for use in trace(Subject(TOKEN), rooms)]


def test_while_an_order_runs_its_uses_are_counted_and_say_nothing() -> None:
    uses = shown({"O-1"})
    assert [(use["index"], use["kind"]) for use in uses] == [(3, "answer"), (5, "sealed"), (8, "sealed")]
    assert [(use["institution"], use["says"], use["proof"]) for use in uses[1:]] == [("", {}, "")] * 2


def test_when_the_order_has_ended_everything_is_shown() -> None:
    uses = shown(set())
    assert [use["says"]["index"] for use in uses] == [3, 5, 8]
    assert [use["proof"] for use in uses] == ["proof of 3", "proof of 5", "proof of 8"]


def test_the_token_stays_in_the_zone() -> None:
    assert TOKEN not in json.dumps(shown(set()))
