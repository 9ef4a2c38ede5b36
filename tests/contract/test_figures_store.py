"""The laws of `FiguresStore`: durable and atomic by bucket, unseen until published, read without a miss under swaps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from puhui.adapters.figures_lmdb import LmdbFigures
from puhui.indicators.engine import Buckets
from puhui.indicators.layout import Layout, Slot
from puhui.model.figures import Snapshot, Unknown
from puhui.model.refusals import Broken, NoSnapshot
from puhui.model.subject import Subject

LAYOUT = Layout(
    ["tax", "court"],
    ["", "E"],
    [True, True],
    [
        Slot("paid", "decimal", 2, "EI", [0]),
        Slot("seen", "date", 0, "E", [0]),
        Slot("cases", "int", 0, "E", [1], empty=0),
        Slot("late", "int", 0, "E", [0], coverage=(11, 12)),
    ],
)
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def token(number: int, kind: str = "E") -> str:
    return f"360500a1{kind}{number:018x}{number % 256:02x}"


def snapshot(number: int, subjects: int) -> Snapshot:
    return Snapshot(number, date(2026, 6, 30), NOW, "set", "none", NOW, subjects, (), ())


FIRST = 719_163  # the ordinal of 1970-01-01


def row(mask: int, *values: Any, unusual: tuple[list[int], list[int], bool] | None = None) -> bytes:
    """Values in the order of storage: dates, decimals, integers; here seen, paid, cases."""
    return msgspec.msgpack.encode((mask.to_bytes(1, "little"), unusual, *values))


def rows(bucket: int, paid: int, count: int = 40) -> Iterator[tuple[int, str, bytes]]:
    for number in range(bucket, count * 16, 16):
        yield bucket, token(number), row(1, FIRST, paid + number, 0)


def build(store: LmdbFigures, number: int, paid: int = 0) -> None:
    writer = store.begin(number, f"{number}")
    for bucket in range(16):
        writer.put(Buckets(bucket, bucket), rows(bucket, paid))
    writer.publish(snapshot(number, writer.subjects), LAYOUT)


def test_what_was_put_is_read(tmp_path: Path) -> None:
    store = LmdbFigures(tmp_path)
    build(store, 1)
    store.activate(1)
    figures = store.reader().get(Subject(token(37)))
    assert (figures.snapshot, figures.as_of) == (1, date(2026, 6, 30))
    told = {one.indicator: (one.known, one.value, one.reason, one.coverage) for one in figures.figures}
    assert told == {
        "paid": (True, Decimal("0.37"), None, None),
        "seen": (True, date(1970, 1, 1), None, None),
        "cases": (True, 0, None, None),
        "late": (False, None, Unknown.INCOMPLETE, (11, 12)),
    }
    assert store.reader().values(Subject(token(37))) == {
        "paid": Decimal("0.37"),
        "seen": date(1970, 1, 1),
        "cases": 0,
    }
    assert [one.indicator for one in store.reader().get(Subject(token(37)), ["cases", "paid"]).figures] == [
        "paid",
        "cases",
    ]


def test_a_subject_without_rows_is_absent_or_empty(tmp_path: Path) -> None:
    store = LmdbFigures(tmp_path)
    build(store, 1)
    figures = store.reader(1).get(Subject(token(10_001))).figures
    assert [(one.indicator, one.value, one.reason) for one in figures] == [
        ("paid", None, Unknown.ABSENT),
        ("seen", None, Unknown.ABSENT),
        ("cases", 0, None),
        ("late", None, Unknown.ABSENT),
    ]
    assert [one.indicator for one in store.reader(1).get(Subject(token(10_001, "I"))).figures] == ["paid"]


def test_conflicts_undefined_and_wide_numbers(tmp_path: Path) -> None:
    store = LmdbFigures(tmp_path)
    writer = store.begin(1, "x")
    packed = [
        (0, token(0), row(1, 1, 1, 0, unusual=([0, 1], [], False))),
        (0, token(16), row(1, FIRST, str(10**30), 1, unusual=([], [1], True))),
    ]
    writer.put(Buckets(0, 15), packed)
    writer.publish(snapshot(1, 2), LAYOUT)
    reader = store.reader(1)
    assert reader.values(Subject(token(0))) == {"paid": None, "seen": None, "cases": 0}
    assert reader.values(Subject(token(16))) == {"paid": Decimal(10**30).scaleb(-2), "cases": 1}
    assert reader.get(Subject(token(16)), ["seen"]).figures[0].reason is Unknown.CONFLICT


def test_nothing_is_seen_before_publish_and_a_stopped_build_goes_on(tmp_path: Path) -> None:
    store = LmdbFigures(tmp_path)
    writer = store.begin(1, "same")
    writer.put(Buckets(0, 7), [one for bucket in range(8) for one in rows(bucket, 0)])
    writer.close()
    assert store.numbers() == ()
    with pytest.raises(NoSnapshot):
        store.reader()
    again = store.begin(1, "same")
    assert (again.done, again.subjects) == (8, 320)
    again.close()
    other = store.begin(1, "other")
    assert (other.done, other.subjects) == (0, 0)
    other.close()


def test_a_failed_put_never_happened(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[int, str, bytes]]:
        yield from rows(0, 0)
        raise OSError("the disk is full")

    writer = LmdbFigures(tmp_path).begin(1, "x")
    with pytest.raises(OSError, match="full"):
        writer.put(Buckets(0, 0), broken())
    assert (writer.done, writer.subjects) == (0, 0)
    assert writer.put(Buckets(0, 0), rows(0, 0)) == 40
    writer.close()


def test_readers_follow_the_current_snapshot_and_keep_the_one_asked_for(tmp_path: Path) -> None:
    store = LmdbFigures(tmp_path)
    build(store, 1)
    build(store, 2, paid=100_000)
    store.activate(1)
    following, pinned = store.reader(), store.reader(1)
    store.activate(2)
    seen = [following.values(Subject(token(5)))["paid"] for _ in range(200)]
    assert set(seen) == {Decimal("0.05"), Decimal("1000.05")}
    assert seen[-1] == Decimal("1000.05")
    assert pinned.values(Subject(token(5)))["paid"] == Decimal("0.05")
    assert store.current() == 2
    assert following.snapshot.number == 2


def test_prune_keeps_the_newest_the_pinned_and_the_current(tmp_path: Path) -> None:
    store = LmdbFigures(tmp_path)
    for number in (1, 2, 3, 4, 5):
        build(store, number)
    store.activate(2)
    reader = store.reader(1)
    assert store.prune(keep=1, pinned=[3]) == (1, 4)
    assert store.numbers() == (2, 3, 5)
    assert len(reader.values(Subject(token(5)))) == 3  # what is open stays readable


def test_a_number_is_published_once(tmp_path: Path) -> None:
    store = LmdbFigures(tmp_path)
    build(store, 1)
    writer = store.begin(1, "again")
    with pytest.raises(Broken):
        writer.publish(snapshot(1, 0), LAYOUT)


def test_a_damaged_manifest_is_refused(tmp_path: Path) -> None:
    store = LmdbFigures(tmp_path)
    build(store, 1)
    (tmp_path / "1" / "manifest.json").write_bytes(b"{")
    with pytest.raises(Broken):
        store.reader(1)


_KILLED = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_figures_store import LmdbFigures, Buckets, rows

def dying(bucket):
    for at, row in enumerate(rows(bucket, 0)):
        if bucket == 5 and at == 20:
            os.kill(os.getpid(), signal.SIGKILL)
        yield row

writer = LmdbFigures(Path({folder!r})).begin(1, "killed")
for bucket in range(16):
    writer.put(Buckets(bucket, bucket), dying(bucket))
"""


def test_a_kill_in_the_middle_of_a_bucket_leaves_whole_buckets(tmp_path: Path) -> None:
    code = _KILLED.format(tests=os.path.dirname(__file__), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    store = LmdbFigures(tmp_path)
    writer = store.begin(1, "killed")
    assert (writer.done, writer.subjects) == (5, 200)
    for bucket in range(5, 16):
        writer.put(Buckets(bucket, bucket), rows(bucket, 0))
    writer.publish(snapshot(1, writer.subjects), LAYOUT)
    assert len(list(store.reader(1).tokens())) == 640
