"""A process that answers questions out of a log until it is killed, and tells every receipt it gave away."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from puhui.adapters import django_setup
from puhui.adapters.log_django import DjangoLog
from puhui.adapters.tiles_files import TileFiles
from puhui.ledger.entries import AskedLine
from puhui.ledger.publish import Publisher, Publishing
from puhui.ledger.sequencer import Sequencer

from ..unit.ledger_made import line, question, tools

CALLERS = 24


def now() -> datetime:
    return datetime.now(UTC)


def opened(folder: Path) -> tuple[DjangoLog, TileFiles]:
    django_setup.connect(django_setup.sqlite(folder / "records.db"))
    return DjangoLog(), TileFiles(folder / "ledger")


def asked(turn: str, nonce: str) -> AskedLine:
    """The question of a turn; every try has a nonce of its own."""
    return line(
        nonce=nonce,
        idempotency_key=turn,
        content=hashlib.sha256(turn.encode()).digest(),
        answer_id=f"A-{nonce}",
        letter="L-1",
        version=2,
        quotas={"day": 10**9},
    )


def answer(folder: Path, told: Connection, turn: int) -> None:
    """Ask and answer as fast as it goes, with a publisher beside it."""
    log, tiles = opened(folder)
    with Sequencer(log, tools(), now) as sequencer:
        publisher = Publisher(sequencer, log, tiles, now)
        with Publishing(publisher, period=0.02):
            told.send("ready")
            asyncio.run(_ask(sequencer, told.send, turn))


async def _ask(sequencer: Sequencer, tell: Callable[[object], None], turn: int) -> None:
    async def caller(number: int) -> None:
        for step in range(10**6):
            name = f"{turn}-{number}-{step}"
            tell((name, None))
            tell((name, await sequencer.append(question(asked(name, name)))))

    await asyncio.gather(*map(caller, range(CALLERS)))
