"""Answers over HTTP from a real server process: questions signed beforehand by 32 clients, against a bare floor.

The floor does the same cryptography in a loop of one process, one point read, one leaf hash and a group-committed
durable write. `cpu_of_floor`: the CPU of an answer by the floor's in the same run; p50 and p99: at half of the rate
that was reached.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from bench.answers_entries import compare
from bench.answers_floor import Asked, floor
from bench.answers_served import serving, signed
from bench.answers_zone import PRODUCT, Town, give_letters, town
from bench.common import cache, machine
from bench.ledger import fsync_ms
from bench.load_client import Load, drive
from puhui.adapters.figures_lmdb import LmdbFigures
from puhui.bootstrap import open_zone
from puhui.wire.keys import generate

QUESTIONS = 6_000
CLIENTS = 32
WARM = 640


def run(
    rows: int | None, seconds: float | None = None, clients: int = CLIENTS, entries: int | None = None
) -> dict[str, Any]:
    """The benchmark's JSON line. `rows`: questions at full load; `seconds`: at 1,000 a second. `entries`: of a large
    log whose rate is compared with that of a small one as well.
    """
    questions = rows or (int(seconds * 1_000) if seconds else QUESTIONS)
    half = questions // 2
    with tempfile.TemporaryDirectory(dir=cache()) as scratch:
        made = town(Path(scratch))
        pairs = give_letters(made, WARM + questions + half)
        with serving(made.home) as (server, port):
            requests = [signed(made, firm.uscc, letter, f"127.0.0.1:{port}") for firm, letter in pairs]
            drive("127.0.0.1", port, [one for one, _ in requests[:WARM]], clients)
            full = _measured(server, port, [one for one, _ in requests[WARM : WARM + questions]], clients)
            rate = questions / full["load"].wall
            calm = drive(
                "127.0.0.1", port, [one for one, _ in requests[WARM + questions :]], clients, per_second=rate / 2
            )
        bare = _floor(made, [asked for _, asked in requests[WARM : WARM + questions]], pairs, Path(scratch))
    load: Load = full["load"]
    return {
        "name": "answers",
        "ours": round(rate),
        "unit": "answers/s over HTTP",
        "against": {"floor": bare},
        "statuses": load.statuses,
        "server_cpu_us": full["cpu_us"],
        "cpu_of_floor": round(full["cpu_us"] / bare["cpu_us"], 2),
        "p50_ms": calm.percentile_ms(0.5),
        "p99_ms": calm.percentile_ms(0.99),
        "full_load": {"p50_ms": load.percentile_ms(0.5), "p99_ms": load.percentile_ms(0.99)},
        "goals": {"cpu_of_floor": 2.0, "a_second": 1_000},
        "fsync_ms": fsync_ms(),
        "peak_mib": full["peak_mib"],
        "machine": machine(),
        **(compare(entries, clients) if entries else {}),
    }


def _measured(server: psutil.Process, port: int, requests: Sequence[bytes], clients: int) -> dict[str, Any]:
    before = server.cpu_times()
    load = drive("127.0.0.1", port, requests, clients)
    after = server.cpu_times()
    used = after.user + after.system - before.user - before.system
    peak = server.memory_info().rss / 2**20
    return {"load": load, "cpu_us": round(used / len(requests) * 1e6, 1), "peak_mib": round(peak, 1)}


def _floor(made: Town, parsed: Sequence[Any], pairs: Sequence[Any], scratch: Path) -> dict[str, Any]:
    zone = open_zone(made.home)
    reader = LmdbFigures(made.home / "lake" / "service" / "figures", buckets=zone.settings.buckets).reader()
    key = made.bank.verifying()
    asked = [
        Asked(one, key, firm.token) for one, (firm, _) in zip(parsed, pairs[WARM : WARM + len(parsed)], strict=True)
    ]
    names = zone.packs.products[PRODUCT].asks
    os.sched_yield()
    return floor(asked, reader, names, generate("zone/1"), scratch)
