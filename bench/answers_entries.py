"""The rate of answers with a large log against that with a small one, both served side by side and asked in turn.

A zone with a large log is kept among the caches: loading 10 million entries takes minutes. Its tables are read through
once before it is asked, as those of a zone that has run for a while lie in memory.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from bench.answers_served import serving, signed
from bench.answers_zone import Town, figures_home, give_letters, town, town_at
from bench.common import cache, median, timed
from bench.load_client import drive
from bench.log_load import BYTES_AN_ENTRY, Model, load
from puhui.bootstrap import now, open_zone
from puhui.bootstrap.questions import zone_log
from puhui.ledger.windows import Windows
from puhui.records import migrations

SMALL = 10_000
PAIRS = 7
WARM = 640
ROUND = 2_000  # questions of one measurement
SHORT = "sealed records: 1 in 100 as long as a true one, the others as a padding entry's; random bytes"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A zone with a log of that size, and how it came to it."""

    town: Town
    entries: int
    seconds: float  # of loading; 0: it was kept from before


def compare(entries: int, clients: int) -> dict[str, Any]:
    """Rates of both logs, pair by pair; `rate_of_small` is the middle of the pairs' quotients."""
    with tempfile.TemporaryDirectory(dir=cache()) as scratch:
        small, large = _loaded(Path(scratch), SMALL), _large(entries)
        pairs = _pairs((small.town, large.town), clients)
    quotients = [round(of_large / of_small, 3) for of_small, of_large in pairs]
    return {
        "entries": entries,
        "rate_of_small": median(quotients),
        "log_sizes": {
            "pairs": [[round(rate) for rate in pair] for pair in pairs],
            "quotients": quotients,
            "small_entries": SMALL,
            "load_seconds": round(large.seconds, 1),
            "disk_mib": _mib(large.town.home),
            "loaded": SHORT,
            "goal": 0.9,
        },
    }


def _pairs(towns: Sequence[Town], clients: int) -> list[tuple[float, float]]:
    """Answers a second of each, measured by turns."""
    with ExitStack() as served:
        ports = [served.enter_context(serving(one.home))[1] for one in towns]
        asked = [_questions(one, port) for one, port in zip(towns, ports, strict=True)]
        for port, questions in zip(ports, asked, strict=True):
            _rate(port, questions(WARM), clients)
        found = []
        for _ in range(PAIRS):
            small, large = (_rate(port, ask(ROUND), clients) for port, ask in zip(ports, asked, strict=True))
            found.append((small, large))
    return found


def _questions(made: Town, port: int) -> Callable[[int], list[bytes]]:
    """Signs the next so many questions, each under a letter that has uses left."""
    letters = iter(give_letters(made, WARM + PAIRS * ROUND, run=f"{int(time.time()):x}-"))
    authority = f"127.0.0.1:{port}"
    return lambda number: [signed(made, firm.uscc, name, authority)[0] for firm, name in islice(letters, number)]


def _rate(port: int, questions: Sequence[bytes], clients: int) -> float:
    load = drive("127.0.0.1", port, questions, clients)
    if set(load.statuses) != {200}:
        raise RuntimeError(f"not every question was answered: {load.statuses}")
    return len(questions) / load.wall


# --- the zones ---


def _loaded(folder: Path, entries: int) -> Loaded:
    """A fresh zone in the folder, its log grown to that size."""
    folder.mkdir(parents=True, exist_ok=True)
    made = town(folder)
    model = _model(made, folder / "model")
    log = zone_log(open_zone(made.home))
    seconds, _ = timed(lambda: load(log, entries, model, now(), _told))
    return Loaded(made, entries, seconds)


def _large(entries: int) -> Loaded:
    """The zone with the large log: the one that was kept, if the tables have not changed since, else a fresh one."""
    folder = cache() / f"log-{entries}-{figures_home().parent.name}-{_tables()}"
    for old in cache().glob(f"log-{entries}-*"):
        if old != folder or not (old / "ready").exists():
            shutil.rmtree(old)
    if (folder / "ready").exists():
        kept = Loaded(town_at(folder), entries, 0.0)
    else:
        refuse_if_full(entries)
        kept = _loaded(folder, entries)
        (folder / "ready").touch()
    _read_through(kept.town.home / "records.db")
    return kept


def _model(made: Town, folder: Path) -> Model:
    """What a true answer of this zone looks like in its log, out of a copy that is thrown away."""
    copy = replace(made, home=folder)
    shutil.copytree(made.home, folder, symlinks=True)
    firm, letter = give_letters(copy, 1)[0]
    with serving(folder) as (_, port):
        _rate(port, [signed(copy, firm.uscc, letter, f"127.0.0.1:{port}")[0]], 1)
    store = zone_log(open_zone(folder)).store
    asked = next(store.asked_in("bank-a", Windows.at(now()).bill))
    entry = store.entry(asked.entry)
    if entry is None:
        raise RuntimeError("the answer has no entry")
    store.close()
    shutil.rmtree(folder)
    return Model(entry, asked)


def refuse_if_full(entries: int) -> None:
    need, free = entries * BYTES_AN_ENTRY, shutil.disk_usage(cache()).free
    if need > free:
        raise SystemExit(
            f"a log of {entries} entries needs {need >> 30} GiB in {cache()}, where {free >> 30} GiB are free; "
            "name another folder in PUHUI_BENCH_CACHE or take fewer --entries"
        )


def _tables() -> str:
    """A word that changes when the tables do."""
    files = sorted(Path(migrations.__path__[0]).glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


def _read_through(file: Path) -> None:
    with open(file, "rb", buffering=0) as opened:
        while opened.read(1 << 24):
            pass


def _mib(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*")) >> 20


def _told(done: int) -> None:
    if done % (1 << 20) == 0:
        sys.stderr.write(f"{done} entries are loaded\n")
