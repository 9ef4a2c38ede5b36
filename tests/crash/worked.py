"""The day's work that is killed, and what must hold of a home after any kill."""

from __future__ import annotations

import hashlib
import multiprocessing
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from puhui.bootstrap import Zone, open_zone, parcel_of
from puhui.desk.acts import approve_act, propose_act
from puhui.desk.snapshots import build_snapshot
from puhui.desk.upkeep import compact_lake, finish_erasures
from puhui.intake.repair import Repaired, repair
from puhui.intake.set_aside import read_set_aside
from puhui.intake.take import take
from puhui.model.refusals import NoSubject, NotAllowed
from puhui.model.subject import Subject
from puhui.subjects.lookup import find

from ..journeys.town import FIRMS, INSURED, PAYMENTS, Town, firm, ric, uscc
from .child import Act, work

if (ROOT := str(Path(__file__).parents[2])) not in sys.path:
    sys.path.insert(0, ROOT)  # the child finds this module by its name
AS_OF = date(2026, 6, 30)
FIRM_COUNT = 60

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["puhui.bootstrap", "splink"])


def deliver(zone: Zone, resource: str, path: Path, options: dict[str, str]) -> dict[str, Any]:
    return take(parcel_of(zone, resource, path, **options), zone.intake).result


def snapshot(zone: Zone) -> None:
    build_snapshot(zone.desk, AS_OF)


def day(folder: Path) -> list[Act]:
    """Deliveries of all kinds, with rows set aside, repeats and contradictions, and snapshots between them."""
    town = Town(folder / "home")
    firms = [firm(n, capital=str(n)) for n in range(FIRM_COUNT)]
    dirt = [firm(FIRM_COUNT, state="睡着"), firm(1, capital="1"), firm(2, capital="999")]
    june = [(uscc(n), "vat", f"2026-06-{n % 28 + 1:02}", n) for n in range(FIRM_COUNT)]
    files = [
        ("firms", town.file("firms.csv", FIRMS, [*firms, *dirt]), {}),
        (
            "payments",
            town.file("may.csv", PAYMENTS, [(*row[:2], "2026-05-09", 7) for row in june]),
            {"period": "2026-05"},
        ),
        ("payments", town.file("june.csv", PAYMENTS, [*june, ("?", "vat", "x", 1)]), {"period": "2026-06"}),
        ("payments", town.file("mended.csv", PAYMENTS, [(*june[3][:3], 333)]), {"kind": "correction"}),
        (
            "insured",
            town.file("insured.csv", INSURED, [(ric(n), "张三", "2026-06", uscc(n % 9), n) for n in range(99)]),
            {"period": "2026-06"},
        ),
        ("firms", town.file("later.csv", FIRMS, [firm(2, capital="222"), firm(77)]), {}),
    ]
    acts: list[Act] = [(deliver, file) for file in files]
    return [*acts[:3], (snapshot, ()), *acts[3:5], (snapshot, ()), acts[5], (snapshot, ())]


def approved(zone: Zone, act: str, arguments: dict[str, Any]) -> None:
    """Propose and approve, or go on with what a kill interrupted."""
    waiting = [a.number for a in zone.desk.register.open_acts() if a.act == act]
    try:
        number = waiting[0] if waiting else propose_act(zone.desk, act, arguments, by="anna", reason="a test of it")
    except (NoSubject, NotAllowed):
        return  # it was done already
    approve_act(zone.desk, number, by="bela")


def compact(zone: Zone) -> None:
    compact_lake(zone.desk, by="anna")


def officers_day(folder: Path) -> list[Act]:
    """What officers do to editions and subjects, after a day's deliveries."""
    bad = Town(folder / "home").file("bad.csv", FIRMS, [firm(n, capital="1") for n in range(9)])
    return [
        (deliver, ("firms", bad, {})),
        (approved, ("roll-back-edition", {"resource": "firms", "edition": 3})),
        (approved, ("erase-subject", {"uscc": uscc(5)})),
        (compact, ()),
        (snapshot, ()),
    ]


def start(home: Path, story: Sequence[Act], steps: Any = None) -> BaseProcess:
    """A process that works on the home; it is there in some ten milliseconds."""
    worker = _forks.Process(target=work, args=(home, list(story), steps))
    worker.start()
    if steps is not None:
        steps.close()  # the child's end: if it dies, we hear it
    return worker


def pipe() -> Any:
    return _forks.Pipe()


def figures(zone: Zone) -> dict[str, Any]:
    """Every subject's figures in the current snapshot, by identifier."""
    with closing(zone.desk.figures.reader()) as reader:
        asked = [("uscc", uscc(n)) for n in [*range(FIRM_COUNT), 77]] + [("ric", ric(n)) for n in range(99)]
        return {value: _figures_of(zone, reader, kind, value) for kind, value in asked}


def _figures_of(zone: Zone, reader: Any, kind: str, value: str) -> Any:
    try:
        subject = find(zone.desk.vault, kind, value, today=AS_OF)
    except NoSubject:
        return None
    return reader.get(subject).figures


def results(zone: Zone) -> dict[str, Any]:
    """What each parcel's delivery said, apart from how many of its subjects were new."""
    return {p.digest: {k: v for k, v in p.result.items() if k != "new_subjects"} for p in zone.register.parcels()}


def reopened(home: Path) -> Zone:
    """The home after a kill, with everything in it checked that must hold at any moment."""
    zone = open_zone(home)
    assert repair(zone.intake) == Repaired(), "one repair is enough"
    assert finish_erasures(zone.desk) == 0
    assert [p.name for p in (home / "work").glob("*") if p.name != ".gate"] == []
    assert zone.register.unfinished() == []
    assert list((home / "lake").glob("**/.draft-*")) == []
    for resource in zone.packs.resources:
        _check_editions(zone, resource)
        _check_landings(zone, resource)
    _check_snapshot(zone)
    with closing(sqlite3.connect(home / "vault" / "vault.db")) as vault:
        assert vault.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return zone


def _check_editions(zone: Zone, resource: str) -> None:
    """Lake and register agree, and the last edition has the rows that it says."""
    listed = zone.register.editions(resource)
    committed = zone.intake.lake.versions(resource)
    assert [(e.number, e.version) for e in listed] == [(c.note["number"], c.version) for c in committed]
    taken = {parcel.digest[:16] for parcel in zone.register.parcels(resource)}
    if listed:
        files = zone.intake.lake.files(resource, listed[-1].version)
        rows = [row for f in files for row in pq.ParquetFile(f.path).read(["parcel", "line"]).to_pylist()]
        assert len(rows) == listed[-1].rows
        assert {row["parcel"] for row in rows} <= taken
    named = {Path(path).name for path in zone.intake.lake.history(resource)}
    on_disk = {p.name for p in (zone.home / "lake" / "business" / resource).glob("*.parquet")}
    assert on_disk == named
    assert not list((zone.home / "lake" / "business" / ".staging").glob(f"{resource}/**/*.parquet"))


def _check_landings(zone: Zone, resource: str) -> None:
    """Every taken parcel is there with its text and its rows set aside, and nothing else is."""
    expected = set()
    for parcel in zone.register.parcels(resource):
        result = parcel.result
        assert result["accepted"] + result["set_aside"] + result["duplicates"] == result["lines"]
        assert parcel.sealed is not None
        with zone.intake.blobs.open(parcel.sealed, resource, parcel.digest) as landed:
            assert hashlib.sha256(landed.read()).hexdigest() == parcel.digest
        aside = [row for row in read_set_aside(parcel, zone.intake.blobs).rows if row.severity == "set_aside"]
        assert len(aside) == result["set_aside"]
        expected |= {parcel.digest, *([f"{parcel.digest}.set-aside"] if aside else [])}
    assert set(zone.intake.blobs.names(resource)) == expected


def _check_snapshot(zone: Zone) -> None:
    """The current snapshot is whole: every subject in it can be read."""
    if (current := zone.desk.figures.current()) is None:
        return
    assert current in [row["snapshot"] for row in zone.register.snapshots()]
    with closing(zone.desk.figures.reader()) as reader:
        tokens = list(reader.tokens())
        assert len(tokens) == reader.snapshot.subjects
        assert all(reader.get(Subject(token)).figures for token in tokens)
