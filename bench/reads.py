"""Point reads of 300 figures a subject: our reader, decoded, against Feast's SQLite store on the same rows.

Also: 200 swaps of the current snapshot under two reading processes, without a miss. Feast reads 5,000 of the subjects.
"""

from __future__ import annotations

import json
import multiprocessing as mp
import random
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.common import cache, in_child, machine, peak_mib, peer_python
from puhui.adapters.figures_lmdb import LmdbFigures
from puhui.indicators.engine import Buckets
from puhui.indicators.layout import Layout, Slot
from puhui.indicators.rows import Batch, Filled, packed
from puhui.model.figures import Snapshot
from puhui.model.subject import Subject

DEFAULT_SUBJECTS = 3_000_000
FIGURES = 300
BUCKETS = 16
FEAST_SUBJECTS = 5_000
READS, SWAPS = 200_000, 200
_AT_ONCE = 60_000
_DAY = datetime(2026, 7, 1, tzinfo=UTC)
# what 300 indicators look like: amounts, counts, ratios, dates, codes, truths
_KINDS = (("decimal", 2),) * 4 + (("int", 0),) * 3 + (("decimal", 4), ("date", 0), ("bool", 0))


def token(number: int) -> str:
    """The token of a subject of the benchmark: subjects of a bucket lie `BUCKETS` apart."""
    return f"360500a1E{number * 2654435761 % 2**72:018x}{number % 256:02x}"


def layout() -> Layout:
    slots = [Slot(f"f{at:03}", *_KINDS[at % len(_KINDS)], kinds="E", reads=[at % 4]) for at in range(FIGURES)]
    return Layout([f"source{at}" for at in range(4)], [""] * 4, [True] * 4, slots)


def column(at: int, numbers: NDArray[np.int64]) -> Filled:
    """The values of one indicator: skewed amounts, small counts, shares, days, truths; some undefined."""
    start = np.int64(at * 1442695040888963407 % 2**63)
    mixed = (numbers * np.int64(6364136223846793005) + start) >> np.int64(20)
    mixed = np.abs(mixed)
    kind, scale = _KINDS[at % len(_KINDS)]
    spread = {"int": 50, "date": 2000, "bool": 2}.get(kind, 10_000 if scale == 4 else 50_000_000)
    base = 737_000 if kind == "date" else 0
    return Filled(base + mixed % spread, mixed % 29 == 0)


def fill(folder: Path, subjects: int, number: int) -> None:
    """Publish one snapshot of so many subjects."""
    form, writer = layout(), LmdbFigures(folder, buckets=BUCKETS).begin(number, f"reads {subjects} {number}")
    for bucket in range(BUCKETS):
        writer.put(Buckets(bucket, bucket), _rows(form, bucket, subjects))
    writer.publish(Snapshot(number, date(2026, 6, 30), _DAY, "bench", "none", _DAY, subjects, (), ()), form)


def _rows(form: Layout, bucket: int, subjects: int) -> Iterator[tuple[int, str, bytes]]:
    mine = sorted((token(number), number) for number in range(bucket, subjects, BUCKETS))
    for start in range(0, len(mine), _AT_ONCE):
        part = mine[start : start + _AT_ONCE]
        numbers = np.array([number for _, number in part], dtype=np.int64)
        columns = {at: column(at, numbers) for at in range(FIGURES)}
        present = np.ones((len(part), 4), dtype=bool)
        yield from packed(Batch([one for one, _ in part], [bucket] * len(part), present, columns), form)


def store(subjects: int) -> Path:
    """A folder with two snapshots of the same subjects, made once."""
    folder = cache() / f"reads-{subjects}"
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        fill(folder, subjects, 1)
        shutil.copytree(folder / "1", folder / "2")
        (folder / "whole").touch()
    LmdbFigures(folder).activate(1)
    return folder


def read(folder: Path, subjects: int, kind: str) -> dict[str, float]:
    """Microseconds of one read of all figures.

    `values`: decoded, by name, a decimal or date made when it is asked for; `made`: each of them made at once;
    `figures`: Figures with their reasons.
    """
    reader, draw = LmdbFigures(folder).reader(), random.Random(3)
    count = READS // 10 if kind == "figures" else READS
    picked = [Subject(token(draw.randrange(subjects))) for _ in range(count)]
    took, missed = np.empty(count), 0
    get: Any = {"values": reader.values, "made": lambda one: reader.values(one).made(), "figures": reader.get}[kind]
    for at, subject in enumerate(picked):
        start = time.perf_counter_ns()
        found = get(subject)
        took[at] = time.perf_counter_ns() - start
        missed += len(found.figures if kind == "figures" else found) != FIGURES
    low, high = np.quantile(took / 1000, [0.5, 0.99])
    return {
        "p50_us": round(low, 1),
        "p99_us": round(high, 1),
        "a_second": round(count / took.sum() * 1e9),
        "missed": missed,
    }


def _reading(folder: Path, subjects: int, seed: int, stop: Event, told: Any) -> None:
    reader, draw, reads, missed, seen = LmdbFigures(folder).reader(), random.Random(seed), 0, 0, set()
    while not stop.is_set():
        found = reader.values(Subject(token(draw.randrange(subjects))))
        reads, missed = reads + 1, missed + (len(found) != FIGURES)
        seen.add(reader.target)
    told.put((reads, missed, len(seen)))


def swap(folder: Path, subjects: int) -> dict[str, int]:
    """Swap under two readers; reads, misses, and how many snapshots the readers saw."""
    spawn = mp.get_context("spawn")
    told, stop = spawn.Queue(), spawn.Event()
    readers = [spawn.Process(target=_reading, args=(folder, subjects, seed, stop, told)) for seed in (1, 2)]
    for one in readers:
        one.start()
    figures = LmdbFigures(folder)
    time.sleep(1)  # until both read
    for at in range(SWAPS):
        figures.activate(1 + at % 2)
        time.sleep(0.02)
    stop.set()
    results = [told.get(timeout=60) for _ in readers]
    for one in readers:
        one.join()
    return {
        "swaps": SWAPS,
        "reads": sum(reads for reads, _, _ in results),
        "missed": sum(missed for _, missed, _ in results),
        "snapshots_seen": min(seen for _, _, seen in results),
    }


def feast_rows(path: Path) -> None:
    """The same figures of the first subjects as a wide Parquet file, numbers as doubles, as Feast takes them."""
    numbers = np.arange(FEAST_SUBJECTS, dtype=np.int64)
    columns: dict[str, Any] = {"subject": [token(number) for number in range(FEAST_SUBJECTS)]}
    for at, slot in enumerate(layout().slots):
        filled = column(at, numbers)
        columns[slot.name] = np.where(filled.null, np.nan, filled.data / 10**slot.scale)
    pq.write_table(pa.table(columns), path)


def run(rows: int | None = None) -> dict[str, Any]:
    """The benchmark's JSON line. `rows` is the number of subjects."""
    subjects = rows or DEFAULT_SUBJECTS
    folder = store(subjects)
    ours = in_child("bench.reads", "read", str(subjects))
    source = cache() / f"feast-{FEAST_SUBJECTS}.parquet"
    if not source.exists():
        feast_rows(source)
    peer = in_child("bench.reads_feast", str(source), str(cache() / "feast"), python=peer_python("feast"))
    bytes_each = (folder / "1" / "data.mdb").stat().st_size / subjects
    return {
        "name": "reads",
        "subjects": subjects,
        "figures": FIGURES,
        "ours": ours["values"]["a_second"],
        "unit": "reads/s",
        "p50_us": ours["values"]["p50_us"],
        "p99_us": ours["values"]["p99_us"],
        "every_value_made": ours["made"],
        "as_figures": ours["figures"],
        "missed": sum(one["missed"] for one in (ours["values"], ours["made"], ours["figures"])),
        "swap": swap(folder, subjects),
        "bytes_a_subject": round(bytes_each),
        "against": {"Feast on SQLite": peer["a_second"]},
        "against_p50_us": {"Feast on SQLite": peer["p50_us"]},
        "against_bytes_a_subject": {"Feast on SQLite": peer["bytes_a_subject"]},
        "ratio": {
            "Feast on SQLite": round(ours["values"]["a_second"] / peer["a_second"], 1),
            "Feast on SQLite, every value made": round(ours["made"]["a_second"] / peer["a_second"], 1),
        },
        "peak_mib": ours["peak_mib"],
        "machine": machine(),
    }


if __name__ == "__main__":
    found = store(int(sys.argv[2]))
    result: dict[str, Any] = {kind: read(found, int(sys.argv[2]), kind) for kind in ("values", "made", "figures")}
    print(json.dumps({**result, "peak_mib": peak_mib()}))
