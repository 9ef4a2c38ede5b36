"""Intake of a CSV of 5 million rows × 12 columns (enterprise tax payments), 500,000 subjects of whom 10 % are new.

Ours: checks, rows set aside, linking and commit, by `intake.take` into a fresh zone that knows 90 % of the subjects.
The floor: DuckDB's bare `read_csv → Parquet` of the same file. Peers of the checking alone (file in, good rows and
every bad cell named out): pandera[polars], dataframely, Great Expectations, each in a process of its own.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from bench.common import cache, in_child, machine, median, peak_mib, peer_python, timed
from bench.tax_file import make_tax_file
from puhui.bootstrap import init_zone, parcel_of, shipped_packs
from puhui.intake.take import preview, take

ROWS = 5_000_000
PEERS = ("pandera", "dataframely", "great_expectations")
REPEATS = 3


def run(rows: int | None) -> dict[str, Any]:
    """The whole comparison; every contender runs in its own process, in turn: a busy machine slows all alike."""
    size = rows or ROWS
    known, measured = (str(path) for path in make_tax_file(cache() / f"tax-{size}", size))
    floor, ours = [in_child("bench.intake", "floor", measured)], []
    for _ in range(REPEATS):
        ours.append(in_child("bench.intake", "take", known, measured))
        floor.append(in_child("bench.intake", "floor", measured))
    pairs = [(floor[i]["seconds"] + floor[i + 1]["seconds"]) / 2 / one["seconds"] for i, one in enumerate(ours)]
    first = in_child("bench.intake", "first", measured)
    checking, peers = _checking(measured)
    return {
        "name": "intake",
        "rows": size,
        "ours": {**_middle(ours), "first_load": first, "checking": checking},
        "against": {"duckdb_bare": _middle(floor), **peers},
        "ratio": {"duckdb_bare": round(median(pairs), 3), "duckdb_bare_pairs": [round(pair, 3) for pair in pairs],
                  **{n: round(p["seconds"] / checking["seconds"], 2) for n, p in peers.items()}},
        "memory_ratio": {n: round(checking["peak_mib"] / p["peak_mib"], 3) for n, p in peers.items()},
        "peak_mib": max(o["peak_mib"] for o in ours),
        "machine": machine(),
    }  # fmt: skip


def _checking(measured: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The checking alone: ours and each peer, in turn. All must name as many cells and keep as many rows."""
    python = peer_python("checking")
    ours: list[dict[str, Any]] = []
    peers: dict[str, list[dict[str, Any]]] = {name: [] for name in PEERS}
    for turn in range(REPEATS):
        ours.append(in_child("bench.intake", "check", measured))
        for name in PEERS[: None if turn == 0 else -1]:  # the last one is slow: once is enough
            peers[name].append(in_child("bench.peers_checking", name, measured, python=python))
    found = {(run["good"], run["bad_cells"]) for run in [*ours, *(run for runs in peers.values() for run in runs)]}
    if len(found) != 1:
        raise RuntimeError(f"the contenders disagree: {found}")
    return _middle(ours), {name: _middle(runs) for name, runs in peers.items()}


def _middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The run with the median time, and all times."""
    ordered = sorted(runs, key=lambda run: run["seconds"])
    return {**ordered[len(ordered) // 2], "all": [run["seconds"] for run in runs]}


def _take(known: str | None, measured: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=cache()) as scratch:
        zone = init_zone(Path(scratch) / "home", [shipped_packs() / "base"])
        if known:
            take(parcel_of(zone, "SWJ-06", Path(known), period="2020-01"), zone.intake)
        steps: dict[str, float] = {}
        started = time.perf_counter()

        def note(step: str) -> None:
            steps[step] = round(time.perf_counter() - started, 3)

        seconds, taken = timed(lambda: take(parcel_of(zone, "SWJ-06", Path(measured)), zone.intake, note))
        keys = ("lines", "accepted", "set_aside", "duplicates", "warned", "new_subjects")
        counts = {key: taken.result[key] for key in keys}
        return {"seconds": round(seconds, 3), "steps": steps, "counts": counts, "peak_mib": peak_mib()}


def _check(measured: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=cache()) as scratch:
        zone = init_zone(Path(scratch) / "home", [shipped_packs() / "base"])
        good, bad = Path(scratch) / "good.parquet", Path(scratch) / "bad.parquet"
        small = Path(scratch) / "small.csv"
        with open(measured, encoding="utf-8") as source:
            small.write_text("".join(source.readline() for _ in range(100)), encoding="utf-8")
        preview(parcel_of(zone, "SWJ-06", small), zone.intake)  # what is imported late is no part of the time
        parcel = parcel_of(zone, "SWJ-06", Path(measured))
        seconds, found = timed(lambda: preview(parcel, zone.intake, good_rows=good, bad_cells=bad))
        return {"seconds": round(seconds, 3), "good": found["clean_rows"], "bad_cells": found["bad_cells"],
                "peak_mib": peak_mib()}  # fmt: skip


def _floor(measured: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=cache()) as scratch:
        db = duckdb.connect(config={"threads": 2})
        target = Path(scratch) / "bare.parquet"
        sql = f"COPY (FROM read_csv('{measured}', header = true)) TO '{target}' (FORMAT parquet)"
        seconds, _ = timed(lambda: db.execute(sql).fetchall())
        return {"seconds": round(seconds, 3), "peak_mib": peak_mib()}


if __name__ == "__main__":
    import json

    kind, files = sys.argv[1], sys.argv[2:]
    work = {"take": lambda: _take(files[0], files[1]), "first": lambda: _take(None, files[0]),
            "check": lambda: _check(files[0]), "floor": lambda: _floor(files[0])}  # fmt: skip
    print(json.dumps(work[kind]()))
