"""Letters revoked while they are asked about: nothing is answered after its revocation was acknowledged.

`make test` revokes 10 letters within 1,000 questions, `make crash` 100 within 10,000; on both databases.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from puhui.adapters import django_setup  # noqa: F401  settings before models
from puhui.desk.admissions import CHANGE
from puhui.records import models

from ..contract.test_files_postgres import server  # noqa: F401  the fixture
from ..questions.asking import Asker, send
from ..questions.town import FIRM, Office, made, two_officers
from ..questions.town import office as opened

pytestmark = pytest.mark.crash
WHOLE = int(os.environ.get("PUHUI_KILLS", "20")) >= 200
LETTERS, QUESTIONS = (100, 10_000) if WHOLE else (10, 1_000)
CLIENTS = 32


@pytest.fixture(params=["sqlite", "postgresql"])
def asked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """The town on either database, with many letters of one firm."""
    folder = tmp_path / "town"
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("town_with_banks"), folder, symlinks=True)
    else:
        folder.mkdir()
        made(folder / "home", fresh_database(request.getfixturevalue("server")))
    with opened(folder / "home") as office:
        two_officers(office.desk, CHANGE, {"id": "bank-a", "rate": 10_000})
        office.copy_letters(LETTERS)
        yield office


def fresh_database(conninfo: str) -> str:
    import psycopg

    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS questions WITH (FORCE)")
        connection.execute("CREATE DATABASE questions")
        return f"postgresql://{connection.info.user}@/questions?host={connection.info.host}"


@dataclass
class Race:
    """Clients that ask, and signers that revoke at moments drawn by seed."""

    office: Office
    seed: int
    sent: int = 0
    acknowledged: dict[str, float] = field(default_factory=dict)
    told: list[tuple[str, float, str]] = field(default_factory=list)  # letter, when it was sent, outward code
    revoking: list[asyncio.Task[None]] = field(default_factory=list)

    async def run(self) -> None:
        chance = random.Random(self.seed)
        moments = Counter(chance.choice(range(0, QUESTIONS, QUESTIONS // 20)) for _ in range(LETTERS))
        names = iter(chance.sample(range(LETTERS), LETTERS))
        asker, numbers = Asker(self.office), iter(range(QUESTIONS))

        async def client() -> None:
            for number in numbers:
                for _ in range(moments[number]):  # several at once
                    self.revoking.append(asyncio.create_task(self.revoke(f"copy-{next(names)}")))
                letter = f"copy-{chance.randrange(LETTERS)}"
                at, reply = monotonic(), await send(self.office, asker.question(FIRM, letter))
                self.told.append((letter, at, reply.code))

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        await asyncio.gather(*self.revoking)

    async def revoke(self, letter: str) -> None:
        await asyncio.to_thread(self.office.change, letter, "revoked")
        self.acknowledged[letter] = monotonic()


@pytest.mark.parametrize("seed", [1])
def test_none_is_answered_after_its_revocation_was_acknowledged(asked: Office, seed: int) -> None:
    race = Race(asked, seed)
    asyncio.run(race.run())
    assert len(race.told) == QUESTIONS and len(race.acknowledged) == LETTERS
    codes = Counter(code for _, _, code in race.told)
    assert set(codes) == {"", "letter-not-in-force"}
    late = [code for letter, at, code in race.told if at > race.acknowledged[letter]]
    assert len(late) > LETTERS
    assert set(late) == {"letter-not-in-force"}
    assert asked.check() == []
    in_the_log_before(asked, codes[""])


def in_the_log_before(office: Office, answered: int) -> None:
    """Every answer stands in the log before the entry of its letter's revocation."""
    log = office.questions.log
    revoked: dict[str, int] = {}
    for row in log.store.every_entry():
        if row.kind == "letter":
            opened_record: Any = log.archive.open(row)
            told = json.loads(opened_record[1] if opened_record[1][:1] == b"{" else opened_record[0])
            if told["event"] == "letter-revoked":
                revoked[told["detail"]["letter"]] = row.index
    answers = [row for row in office.asked("bank-a") if not row.code]
    assert len(answers) == answered
    assert len(revoked) == LETTERS
    assert all(row.entry < revoked[row.letter] for row in answers)
    counted = Counter(row.letter for row in answers)
    used = dict(models.Letter.objects.filter(pk__in=list(revoked)).values_list("id", "uses"))
    assert {name: uses for name, uses in used.items() if uses} == counted, "each use is counted once"
