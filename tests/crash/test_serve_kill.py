"""kill -9 of `puhui serve` under load: what any client received is in the log, with a proof, and counted once.

`make test` kills 50 times, `make crash` 500 times. A zone is killed several times over, so that each start goes on from
what the last kill left; who got no reply asks again with the same idempotency key.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path

import httpx
import pytest

from puhui.bootstrap import open_zone
from puhui.bootstrap.questions import trust_file
from puhui.desk.admissions import CHANGE
from puhui.wire.trust import Trust
from puhui.wire.verify import verify_answer

from ..questions.asking import Asker, Reply, Request, answer_file_of
from ..questions.town import FIRM, Office, two_officers
from ..questions.town import office as opened
from .serve_child import serving

if (ROOT := str(Path(__file__).parents[2])) not in sys.path:
    sys.path.insert(0, ROOT)  # the child finds its module by its name

pytestmark = pytest.mark.crash
KILLS = int(os.environ.get("PUHUI_KILLS", "20")) * 5 // 2
A_ZONE = 10  # kills of one zone
LONGEST = 0.3  # seconds of load before a kill
CLIENTS, LETTERS = 12, 20
VERIFIED = 10  # answers of a kill that are verified offline; all are looked up in the log


@dataclass
class Load:
    """Clients of one bank: which questions are open, and what came back."""

    asker: Asker
    seed: int
    waiting: set[str] = field(default_factory=set)  # idempotency keys that got no reply
    tries: dict[str, list[Request]] = field(default_factory=dict)
    received: dict[str, Reply] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)
    answered: asyncio.Event = field(default_factory=asyncio.Event)  # somebody, in this life of the server

    async def until_killed(self, port: int, killed: asyncio.Event) -> None:
        """Ask as fast as it goes; those who wait from the last time come first."""
        again = sorted(self.waiting)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            await asyncio.gather(*(self._client(client, again, killed) for _ in range(CLIENTS)))

    async def _client(self, client: httpx.AsyncClient, again: list[str], killed: asyncio.Event) -> None:
        while not killed.is_set():
            name = again.pop() if again else f"seed-{self.seed}-question-{next(self.numbers)}"
            self.waiting.add(name)
            letter = f"copy-{int(name.rpartition('-')[2]) % LETTERS}"
            request = self.asker.post(self.asker.said(FIRM, letter), idempotency=name)
            self.tries.setdefault(name, []).append(request)
            try:
                came = await client.post(request.path, content=request.chunks[0], headers=dict(request.headers))
            except httpx.TransportError:
                return
            assert came.status_code == 200, came.text
            self.waiting.remove(name)
            self.received[name] = Reply(200, tuple(came.headers.raw), came.content)
            self.answered.set()


def killed_under_load(home: Path, load: Load, seconds: float) -> list[str]:
    """The questions that were answered in one life of the server. `seconds`: of load after the first answer; below
    zero: of load, answered or not.
    """
    process, port = serving(home, home.parent / "serve.log")
    before = set(load.received)

    async def story() -> None:
        killed, load.answered = asyncio.Event(), asyncio.Event()
        clients = asyncio.create_task(load.until_killed(port, killed))
        first = asyncio.create_task(load.answered.wait())
        await asyncio.wait([clients, first], timeout=30 if seconds > 0 else -seconds, return_when="FIRST_COMPLETED")
        await asyncio.wait([clients], timeout=max(seconds, 0))
        first.cancel()
        process.kill()
        killed.set()
        await clients

    try:
        asyncio.run(story())
    finally:
        process.kill()
        process.join()
    return sorted(load.received.keys() - before)


@pytest.mark.parametrize("seed", range(max(KILLS // A_ZONE, 1)))
def test_what_was_received_is_in_the_log_and_counted_once(town_with_banks: Path, tmp_path: Path, seed: int) -> None:
    home = shutil.copytree(town_with_banks, tmp_path / "town", symlinks=True) / "home"
    chance = random.Random(seed)
    with opened(home) as office:
        two_officers(office.desk, CHANGE, {"id": "bank-a", "rate": 10_000})
        letters = {name: office.letters[name] for name in office.copy_letters(LETTERS)}
        load = Load(Asker(Now(letters)), seed)  # type: ignore[arg-type]
    for _ in range(A_ZONE):
        received = killed_under_load(home, load, chance.uniform(-LONGEST / 4, LONGEST))
        with opened(home) as office:
            trust = trust_file(open_zone(home))
            holds(office, trust, load, received, chance)
    assert len(load.received) > A_ZONE
    assert any(len(tries) > 1 for tries in load.tries.values()), "some reply was lost, and asked for again"
    with opened(home) as office:
        rows = {row.idempotency_key: row for row in office.asked("bank-a")}
        for name, reply in load.received.items():
            assert rows[hashed(name)].answer_id == reply.told["id"]


class Now:
    """What an asker needs of an office that is not in this process."""

    def __init__(self, letters: dict[str, str]) -> None:
        self.letters = letters
        self.clock = self

    @property
    def seconds(self) -> int:
        from time import time

        return int(time())


def hashed(name: str) -> str:
    return sha256(name.encode()).hexdigest()


def holds(office: Office, trust: Trust, load: Load, received: list[str], chance: random.Random) -> None:
    """The log is sound; everything received is in it, verifies, and was counted once, as everything else was."""
    assert office.check() == []
    rows = [row for row in office.asked("bank-a") if not row.code]
    by_key = {row.idempotency_key: row for row in rows}
    assert len(by_key) == len(rows), "no question was answered twice"
    assert {row.price_fen for row in rows} <= {100}
    for name in received:
        told, row = load.received[name].told, by_key[hashed(name)]
        assert (row.entry, row.answer_id) == (told["receipt"]["index"], told["id"])
    for name in chance.sample(received, min(VERIFIED, len(received))):
        report = verify_answer(answer_file_of(load.tries[name], load.received[name]), trust)
        assert report.valid, report.as_dict()
    counted(office, rows)


def counted(office: Office, rows: list[object]) -> None:
    """Counters, bill and uses of letters are those of the rows, and nothing more."""
    from puhui.records import models

    months = models.Counter.objects.filter(product="firm_loan", window__startswith="month:")
    counted = [(month.count, month.answered, month.fen) for month in months]
    assert counted == ([(len(rows), len(rows), 100 * len(rows))] if rows else [])
    used = Counter(row.letter for row in rows)  # type: ignore[attr-defined]
    assert dict(models.Letter.objects.exclude(uses=0).values_list("id", "uses")) == used
