"""kill -9 while the log is written: what anybody received is in it, with a proof, and is counted once.

`make test` kills 50 times, `make crash` 500 times. A log is killed several times over, so that each start goes on from
what the last kill left.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic

import pytest

from puhui.adapters.log_django import DjangoLog
from puhui.adapters.tiles_files import TileFiles
from puhui.ledger.checking import check_log
from puhui.ledger.entries import AlreadyAnswered
from puhui.ledger.publish import Publisher
from puhui.ledger.reading import Archive
from puhui.ledger.records import ZoneKeys
from puhui.model.question import Receipt

from ..unit.ledger_made import NOW, ORIGIN, SIGNER, Keys, KeysInMemory, bank_with_contract, question, sequencing
from .ledger_child import answer, asked, now, opened

if (ROOT := str(Path(__file__).parents[2])) not in sys.path:
    sys.path.insert(0, ROOT)  # the child finds this module by its name

pytestmark = pytest.mark.crash
KILLS = int(os.environ.get("PUHUI_KILLS", "20")) * 5 // 2
A_LOG = 10  # kills of one log
LONGEST = 0.25  # seconds of load before a kill

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["puhui.bootstrap", "splink", "puhui.adapters.log_opened"])


def killed_under_load(folder: Path, turn: int, seconds: float) -> tuple[dict[str, Receipt], set[str]]:
    """The receipts that were given away, and the questions that were asked and not answered."""
    here, there = _forks.Pipe(duplex=False)
    worker = _forks.Process(target=answer, args=(folder, there, turn))
    worker.start()
    there.close()
    assert here.recv() == "ready"
    told, until = [here.recv()], monotonic() + seconds
    while (left := until - monotonic()) > 0 and here.poll(left):
        told.append(here.recv())
    worker.kill()
    worker.join()
    return sorted_out([*told, *drained(here)])


def drained(here: Connection) -> Iterator[tuple[str, Receipt | None]]:
    """All that came through whole; the last message may have been cut off."""
    try:
        while True:
            yield here.recv()
    except (EOFError, OSError):
        return


def sorted_out(told: list[tuple[str, Receipt | None]]) -> tuple[dict[str, Receipt], set[str]]:
    receipts = {name: receipt for name, receipt in told if receipt is not None}
    return receipts, {name for name, _ in told} - set(receipts)


@pytest.mark.parametrize("seed", range(max(KILLS // A_LOG, 1)))
def test_what_was_received_is_in_the_log_and_counted_once(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    log, tiles = opened(tmp_path)
    bank_with_contract()
    unlimited()
    log.close()
    given: dict[str, Receipt] = {}
    for turn in range(A_LOG):
        receipts, waiting = killed_under_load(tmp_path, turn, chance.uniform(0, LONGEST))
        given |= receipts
        log, tiles = opened(tmp_path)
        holds(log, tiles, receipts)
        given |= tried_again(log, waiting, turn)
        log.close()
    log, tiles = opened(tmp_path)
    holds(log, tiles, given)
    assert len(given) > A_LOG


def unlimited() -> None:
    from puhui.records import models

    models.Letter.objects.update(cap=10**9)


def holds(log: DjangoLog, tiles: TileFiles, receipts: dict[str, Receipt]) -> None:
    """The log is sound, also once its tiles are brought up; every receipt can be made again as it was given."""
    with sequencing(log, now=now) as sequencer:
        Publisher(sequencer, log, tiles, lambda: NOW).publish()
    report = check_log(log, tiles, ORIGIN, [SIGNER.verifier])
    assert report.ok, report.findings
    archive = Archive(log, tiles, Keys(), ZoneKeys(KeysInMemory()))
    sample = random.Random(len(receipts)).sample(sorted(receipts), min(20, len(receipts)))
    assert [archive.made_again(receipts[name].index) for name in sample] == [receipts[name] for name in sample]
    rows = log.asked_at([receipt.index for receipt in receipts.values()])
    for name, receipt in receipts.items():
        row = rows[receipt.index]
        assert (row.idempotency_key, row.code, row.price_fen) == (name, "", 150)


def tried_again(log: DjangoLog, waiting: set[str], turn: int) -> dict[str, Receipt]:
    """Whoever got no reply asks again with the same key: one answer, whether it was kept or not."""
    answered: dict[str, Receipt] = {}
    with sequencing(log, now=now) as sequencer:
        for name in sorted(waiting):
            intent = question(asked(name, f"again-{turn}-{name}"))
            try:
                answered[name] = sequencer.append_blocking([intent])[0]
            except AlreadyAnswered as before:
                row = log.asked_at([before.index])[before.index]
                assert (row.idempotency_key, row.answer_id) == (name, f"A-{name}")
    return answered
