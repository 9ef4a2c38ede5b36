"""The log: durable appends a second from many callers, and a check of the whole tree.

Appends: callers on one event loop, each with one authenticated question in flight (a contract with quotas and price, a
letter for each subject), every receipt durable before the next question. Check: every leaf of a bulk-loaded log hashed,
compared with its checkpoints' roots and signatures and with its tiles; records apart. Log: SQLite, every commit synced.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.common import cache, machine, median, timed
from puhui.adapters import django_setup
from puhui.adapters.keys_file import FileKeys
from puhui.adapters.log_opened import ZoneLog, open_log
from puhui.ledger.entries import AskedLine, Intent
from puhui.ledger.layout import bring_tiles
from puhui.ledger.records import SUBJECT, seal_record
from puhui.ledger.sequencer import Sequencer
from puhui.ledger.store import EntryRow, LogTransaction, Rows, StoredCheckpoint
from puhui.wire.notes import Checkpoint, sign_checkpoint
from puhui.wire.tlog import grow, leaf_hash

CALLERS = 256
SUBJECTS = 10_000
ENTRIES = 500_000  # of the tree that is checked
CHECKS = 3
BATCH = 64  # entries under one checkpoint there
RECORD = b'{"v":1,"kind":"answer"' + b" " * 1200 + b"}"
ORIGIN = "puhui/360500/a1"


class Keys:
    """A record key for each subject, without a vault: what is measured is the log."""

    def key_for(self, subject: str) -> tuple[str, bytes]:
        return SUBJECT, hashlib.sha256(subject.encode()).digest()

    def open(self, key_id: str, subject: str) -> bytes:
        return self.key_for(subject)[1]


def now() -> datetime:
    return datetime.now(UTC)


def run(rows: int | None, seconds: float = 5.0, clients: int = CALLERS) -> dict[str, Any]:
    """The benchmark's JSON line. `rows`: entries of the tree that is checked; `clients`: callers at once."""
    with tempfile.TemporaryDirectory(dir=cache()) as scratch:
        appended = appends(_log(Path(scratch) / "appends"), seconds, clients)
    with tempfile.TemporaryDirectory(dir=cache()) as scratch:
        checked = check(_log(Path(scratch) / "check"), rows or ENTRIES)
    return {
        "name": "ledger",
        "ours": appended["a_second"],
        "unit": "durable appends/s",
        "appends": appended,
        "check": checked,
        "goals": {"appends_a_second": 5_000, "check_a_second": 200_000},
        "fsync_ms": fsync_ms(),
        "machine": machine(),
    }


def fsync_ms(times: int = 200) -> float:
    """How long the disk takes to keep 4 KiB, in the middle of many tries."""
    with tempfile.TemporaryFile(dir=cache(), buffering=0) as file:
        taken = []
        for _ in range(times):
            file.write(b"x" * 4096)
            taken.append(timed(lambda: os.fsync(file.fileno()))[0])
    return round(median(taken) * 1000, 3)


def _log(folder: Path) -> ZoneLog:
    folder.mkdir()
    django_setup.connect(django_setup.sqlite(folder / "records.db"))
    return open_log(folder / "ledger", ORIGIN, FileKeys(folder / "keys"), Keys())


# --- appends ---


def appends(log: ZoneLog, seconds: float, clients: int) -> dict[str, Any]:
    """Receipts a second, the latency of one, and the processor's time for each."""
    _rows()
    with log.sequencer(now) as sequencer:
        before, began = time.process_time(), time.perf_counter()
        taken = asyncio.run(_ask(sequencer, seconds, clients))
        wall, cpu = time.perf_counter() - began, time.process_time() - before
    batches = log.store.speech().rows("SELECT count(*) FROM records_checkpoint")[0][0]
    taken.sort()
    return {
        "callers": clients,
        "receipts": len(taken),
        "a_second": round(len(taken) / wall),
        "batch": round(len(taken) / batches, 1),
        "cpu_us_each": round(cpu / len(taken) * 1e6, 1),
        "p50_ms": round(taken[len(taken) // 2] * 1000, 2),
        "p99_ms": round(taken[len(taken) * 99 // 100] * 1000, 2),
    }


async def _ask(sequencer: Sequencer, seconds: float, clients: int) -> list[float]:
    until = time.perf_counter() + seconds
    taken: list[float] = []

    async def caller(number: int) -> None:
        turn = 0
        while (began := time.perf_counter()) < until:
            await sequencer.append(_question(number, turn))
            taken.append(time.perf_counter() - began)
            turn += 1

    await asyncio.gather(*map(caller, range(clients)))
    return taken


def _question(caller: int, turn: int) -> Intent:
    subject = f"360500a1P{(caller * 7919 + turn * 104729) % SUBJECTS:020d}"
    name = f"{caller}-{turn}"
    asked = AskedLine(
        institution="bank-a",
        nonce=hashlib.sha256(name.encode()).hexdigest()[:22],
        content=b"c" * 32,
        answer_id="A-" + hashlib.sha256(b"a" + name.encode()).hexdigest()[:26],
        product="tax_loan_basic",
        idempotency_key=hashlib.sha256(b"i" + name.encode()).hexdigest()[:32],
        key_id="bank-a/1",
        contract="C-1",
        contract_digest=b"d" * 32,
        subject=subject,
        letter=f"L-{subject[-6:]}",
        version=1,
        snapshot=1,
        quotas={"day": 10**9, "month": 10**9},
        plan='{"kind":"per_call","fen":150}',
    )
    return Intent("answer", lambda at: RECORD, subject, "bank-a", asked)


def _rows() -> None:
    """An admitted bank with a contract, and a letter of each subject."""
    from puhui.records import models

    begin, end = now() - timedelta(days=1), now() + timedelta(days=365)
    bank = models.Institution.objects.create(id="bank-a", name={}, kind="bank", state="admitted", pseudonym_key="p/1")
    models.InstitutionKey.objects.create(
        id="bank-a/1", institution=bank, algorithm="ed25519", public=b"p", not_before=begin, not_after=end
    )
    models.Contract.objects.create(
        id="C-1",
        institution=bank,
        document=b"{}",
        digest=b"d" * 32,
        state="in_force",
        valid_from=begin,
        valid_until=end,
    )
    models.Letter.objects.bulk_create(
        models.Letter(
            id=f"L-{number:06d}", subject=f"360500a1P{number:020d}", institution="bank-a", wording="w",
            purpose="lending", mode="periodic", cap=10**6, window="month", range_months=36, retention_days=365,
            start=begin, end=end, state="ACTIVE", version=1, proposed_at=begin,
        )
        for number in range(SUBJECTS)
    )  # fmt: skip


# --- check ---


def check(log: ZoneLog, entries: int) -> dict[str, Any]:
    """Entries a second of the whole tree, tiles and checkpoints, and of opening every record."""
    load(log, entries)
    runs = [timed(log.check) for _ in range(CHECKS)]
    seconds, report = sorted(runs, key=lambda run: run[0])[CHECKS // 2]
    with_records, opened = timed(lambda: log.check(records=True))
    if not (report.ok and opened.ok and report.entries == opened.records_open == entries):
        raise RuntimeError(f"the log does not check: {report.as_dict()}")
    return {
        "entries": entries,
        "checkpoints": report.checkpoints,
        "tiles": report.tiles,
        "a_second": round(entries / seconds),
        "a_second_all": [round(entries / run[0]) for run in runs],
        "records_a_second": round(entries / (with_records - seconds)),
    }


def load(log: ZoneLog, entries: int) -> None:
    """Bulk-load a log of that size: sealed records, checkpoints, tiles; as appending would have left it but for
    questions.
    """
    key, step = log.tools.zone_keys.of_month(now()), 65_536
    for first in range(0, entries, step):
        log.store.transact(_loading(log, key, first, min(first + step, entries)))
    bring_tiles(log.store, log.tiles, entries)


def _loading(log: ZoneLog, key: tuple[str, bytes], first: int, end: int) -> Callable[[LogTransaction], None]:
    at, record = now(), RECORD

    def work(transaction: LogTransaction) -> None:
        tree = transaction.tree()
        for begin in range(first, end, BATCH):
            size, rows = min(begin + BATCH, end), []
            for index in range(begin, size):
                salt = index.to_bytes(32, "big")
                entry, sealed = hashlib.sha256(salt + record).digest(), seal_record(key[1], index, salt, record)
                rows.append(EntryRow(index, entry, "padding", at, "", "", key[0], sealed, size))
            tree = grow(tree, [leaf_hash(row.entry) for row in rows]).frontier
            note = sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root), log.tools.signer)
            transaction.write(rows, Rows(), tree, StoredCheckpoint(tree.size, note, at))

    return work
