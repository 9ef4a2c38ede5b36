"""Every engine and the referee give the same figures, exactly: the cases of `figures_cases`, and all shipped packs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from puhui.adapters import engine_spark
from puhui.adapters.engine_duckdb import DuckEngine
from puhui.indicators.compile import Plan, compile_indicators
from puhui.indicators.engine import Engine
from puhui.indicators.in_memory import engine_figures
from puhui.indicators.pack_tests import shown
from puhui.indicators.referee_figures import Held, figures_of
from puhui.model.time import month_end, months_back
from puhui.packs.forms import Words
from puhui.packs.forms_answers import IndicatorHead
from puhui.packs.packset import Indicator
from tests.spec.figures_cases import AS_OF, CASES, SOURCES, Case

Judge = Callable[[Plan, Mapping[str, Held], Path], Mapping[str, str]]


def token(name: str) -> str:
    kind = "P" if name.startswith("P") else "E"
    return f"000000t1{kind}{hashlib.sha256(name.encode()).hexdigest()[:20]}"


def plan_of(case: Case) -> Plan:
    head = IndicatorHead(
        format=1, id="X", title=Words(zh="例", en="case"), group="spec", subjects=["enterprise", "person"],
        type=case.type, window=case.window, empty=case.empty, sources_any=case.any, release=[],
        purposes=["lending"],
    )  # fmt: skip
    indicator = Indicator("x", "spec", head, case.sql, "x.sql", 1)
    return compile_indicators([indicator], SOURCES, case.parameters, {"x": "x"}, AS_OF, "spec")


def held_of(case: Case) -> dict[str, Held]:
    given = {"paid": case.paid, "listed": case.listed, "shown": case.shown}
    months = case.months if case.months is not None else 60
    periods = frozenset(f"{months_back(month_end(AS_OF), back):%Y-%m}" for back in range(months))
    return {
        name: Held(
            SOURCES[name],
            [_lake_row(row) for row in rows],
            periods,
            frozenset(kind.value for kind in SOURCES[name].complete),
        )
        for name, rows in given.items()
        if rows is not None
    }


def _lake_row(row: dict[str, Any]) -> dict[str, Any]:
    subject = token(row["subject"])
    service = {"bucket": int(subject[-2:], 16) % 16, "period": "", "parcel": "p", "line": 1, "conflict": 0}
    return {**service, **row, "subject": subject}


def by_referee(case: Case, plan: Plan, folder: Path) -> dict[str, str]:
    figures = figures_of(plan.indicators[0], held_of(case), AS_OF, [token(name) for name in case.gives])
    return {name: shown(figures[token(name)]) for name in case.gives}


def by_engine(engine: Engine, case: Case, plan: Plan, folder: Path) -> dict[str, str]:
    figure = engine_figures(plan, held_of(case), engine, folder)
    return {name: shown(figure(token(name), "x")) for name in case.gives}


@pytest.fixture(scope="session")
def duckdb_engine() -> Iterator[Engine]:
    engine = DuckEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def sail_engine() -> Iterator[Engine]:
    pytest.importorskip("pysail", reason="the extra `spark` is not installed")
    engine = engine_spark.sail()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def pyspark_engine() -> Iterator[Engine]:
    pyspark = pytest.importorskip("pyspark", reason="PySpark is not installed")
    if not (Path(pyspark.__file__).parent / "jars").is_dir():
        pytest.skip("the whole pyspark package (with its jars) is not installed, only its client")
    engine = engine_spark.pyspark()
    yield engine
    engine.close()


named = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@named
def test_referee(case: Case, tmp_path: Path) -> None:
    assert by_referee(case, plan_of(case), tmp_path) == case.gives


@named
def test_duckdb(case: Case, tmp_path: Path, duckdb_engine: Engine) -> None:
    assert by_engine(duckdb_engine, case, plan_of(case), tmp_path) == case.gives


@named
def test_sail(case: Case, tmp_path: Path, sail_engine: Engine) -> None:
    assert by_engine(sail_engine, case, plan_of(case), tmp_path) == case.gives


@pytest.mark.slow
@named
def test_pyspark(case: Case, tmp_path: Path, pyspark_engine: Engine) -> None:
    assert by_engine(pyspark_engine, case, plan_of(case), tmp_path) == case.gives
