"""A build in many ranges of buckets is the build in one; a stopped build goes on where it stood."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from puhui.adapters.engine_duckdb import DuckEngine
from puhui.adapters.figures_lmdb import LmdbFigures
from puhui.indicators import build as building
from puhui.indicators.build import build
from puhui.indicators.compile import Plan, compile_indicators
from puhui.indicators.engine import Buckets, Table
from puhui.indicators.in_memory import arrow_of
from puhui.indicators.sources import Column, Source
from puhui.model.delivery import DeliveryKind, Edition, EditionFile
from puhui.model.figures import Figures, Snapshot
from puhui.model.refusals import EngineRefused, WrongFigures
from puhui.model.subject import Subject, bucket_of
from puhui.packs.forms import Words
from puhui.packs.forms_answers import IndicatorHead
from puhui.packs.packset import Indicator

NOW = datetime(2026, 7, 1, tzinfo=UTC)
TAX = Source("tax", (Column("paid", "DECIMAL(16,2)", 0), Column("day", "DATE", 1)), True, frozenset(), ())
TOKENS = [f"360500a1E{number:018x}{number % 256:02x}" for number in range(100)]
SQL = {
    "total": "SELECT subject, sum(paid) AS value FROM tax GROUP BY subject",
    "latest": "SELECT subject, paid AS value FROM (SELECT subject, paid, row_number() OVER"
    " (PARTITION BY subject ORDER BY day DESC) AS r FROM tax) AS t WHERE r = 1",
}
Found = tuple[Edition, tuple[EditionFile, ...]]


def plan(sql: Mapping[str, str] = SQL, window: str = "at") -> Plan:
    head = IndicatorHead(
        format=1, id="X", title=Words(zh="例", en="case"), group="g", subjects=["enterprise"],
        type="decimal(18,2)", window=window, release=[], purposes=["lending"],
    )  # fmt: skip
    chosen = [Indicator(name, "p", head, text, f"{name}.sql", 1) for name, text in sql.items()]
    return compile_indicators(chosen, {"tax": TAX}, {}, {one.name: one.sql for one in chosen}, date(2026, 6, 30), "set")


def edition(folder: Path, periods: tuple[str, ...] = ()) -> Found:
    rows = [
        {
            "subject": token,
            "bucket": bucket_of(token, 16),
            "paid": at + number,
            "day": date(2026, 1, 1 + at),
            "conflict": 0,
        }
        for number, token in enumerate(TOKENS)
        for at in range(3)
    ]
    table = arrow_of(rows, TAX)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, low, high in (("low", 0, 7), ("high", 8, 15)):  # each file holds more than one bucket
        bucket = table.column("bucket").to_pylist()
        part = table.filter(pa.array([low <= one <= high for one in bucket]))
        pq.write_table(part, folder / f"{name}.parquet")
        files.append(EditionFile(str(folder / f"{name}.parquet"), part.num_rows, low, high))
    made = Edition("tax", 4, 3, 3, "d", DeliveryKind.SNAPSHOT, NOW, len(rows), periods)
    return made, tuple(files)


def built(folder: Path, engine: DuckEngine, found: Found, made: Plan | None = None, number: int = 1) -> Snapshot:
    store = LmdbFigures(folder / "figures")
    return build(made or plan(), {"tax": found}, engine, store, number=number, known_at=NOW, built_at=NOW)


def all_figures(folder: Path) -> list[Figures]:
    reader = LmdbFigures(folder / "figures").reader(1)
    return [reader.get(Subject(token)) for token in TOKENS]


class Counting(DuckEngine):
    """An engine that says which buckets it ran, and may stop before some."""

    def __init__(self, stop_at: int | None = None) -> None:
        super().__init__()
        self.ran: list[Buckets] = []
        self._stop_at = stop_at

    def run(self, queries: Mapping[str, str], tables: Mapping[str, Table], buckets: Buckets) -> dict[str, pa.Table]:
        if buckets.low == self._stop_at:
            raise OSError("the machine stops")
        self.ran.append(buckets)
        return super().run(queries, tables, buckets)


@pytest.fixture
def bucket_by_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "ROWS_AT_ONCE", 1)


def test_small_lakes_run_in_one_go(tmp_path: Path) -> None:
    engine = Counting()
    snapshot = built(tmp_path, engine, edition(tmp_path))
    assert engine.ran == [Buckets(0, 15)]
    assert snapshot.subjects == len(TOKENS)
    assert snapshot.editions == (("tax", 4),)
    assert [one.name for one in snapshot.definitions] == ["total", "latest"]
    assert snapshot.definitions[0].editions == (("tax", 4),)


def test_bucket_by_bucket_gives_the_same_figures(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    built(tmp_path / "one", Counting(), edition(tmp_path))
    request.getfixturevalue("bucket_by_bucket")
    engine = Counting()
    built(tmp_path / "many", engine, edition(tmp_path))
    assert engine.ran == [Buckets(at, at) for at in range(16)]
    assert all_figures(tmp_path / "many") == all_figures(tmp_path / "one")
    assert [figure.value for figure in all_figures(tmp_path / "many")[3].figures] == [12, 5]


@pytest.mark.usefixtures("bucket_by_bucket")
def test_a_stopped_build_goes_on_where_it_stood(tmp_path: Path) -> None:
    found = edition(tmp_path)
    with pytest.raises(OSError, match="stops"):
        built(tmp_path, Counting(stop_at=9), found)
    assert LmdbFigures(tmp_path / "figures").numbers() == ()
    engine = Counting()
    assert built(tmp_path, engine, found).subjects == len(TOKENS)
    assert [buckets.low for buckets in engine.ran] == list(range(9, 16))
    assert len(all_figures(tmp_path)) == len(TOKENS)


@pytest.mark.usefixtures("bucket_by_bucket")
def test_what_a_stopped_build_of_other_editions_left_is_not_used(tmp_path: Path) -> None:
    found = edition(tmp_path)
    with pytest.raises(OSError, match="stops"):
        built(tmp_path, Counting(stop_at=9), found)
    engine = Counting()
    built(tmp_path, engine, found, plan({"total": SQL["total"]}))
    assert len(engine.ran) == 16


def test_progress_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "ROWS_AT_ONCE", 1)
    told: list[tuple[int, int]] = []
    store = LmdbFigures(tmp_path / "figures")
    found = edition(tmp_path)
    build(
        plan(), {"tax": found}, DuckEngine(), store, number=1, known_at=NOW, built_at=NOW,
        progress=lambda done, whole: told.append((done, whole)),
    )  # fmt: skip
    assert told == [(at, 16) for at in range(1, 17)]


def test_missing_months_are_in_the_definition(tmp_path: Path) -> None:
    snapshot = built(tmp_path, DuckEngine(), edition(tmp_path, ("2026-06", "2026-05")), plan(window="3M"))
    assert snapshot.definitions[0].coverage == (2, 3)


def test_two_rows_for_a_subject_are_refused(tmp_path: Path) -> None:
    twice = {"twice": "SELECT subject, paid AS value FROM tax"}
    with pytest.raises(WrongFigures):
        built(tmp_path, DuckEngine(), edition(tmp_path), plan(twice))


def test_another_type_than_declared_is_refused(tmp_path: Path) -> None:
    day = {"day": "SELECT subject, max(day) AS value FROM tax GROUP BY subject"}
    with pytest.raises(WrongFigures) as refused:
        built(tmp_path, DuckEngine(), edition(tmp_path), plan(day))
    assert refused.value.where == "day"


def test_what_the_engine_refuses_names_the_query_and_no_values(tmp_path: Path) -> None:
    wide = {"wide": "SELECT subject, paid AS value FROM (SELECT subject, CAST(paid AS DATE) AS paid FROM tax) AS t"}
    with pytest.raises(EngineRefused) as refused:
        built(tmp_path, DuckEngine(), edition(tmp_path), plan(wide))
    assert refused.value.where == "wide"
