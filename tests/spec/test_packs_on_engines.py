"""All indicators of all shipped packs over random rows: DuckDB, Sail and PySpark give what the referee gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

import pytest

from puhui.adapters import engine_spark
from puhui.adapters.engine_duckdb import DuckEngine
from puhui.indicators.compile import Plan, compile_plan
from puhui.indicators.engine import Engine
from puhui.indicators.in_memory import engine_figures
from puhui.indicators.pack_tests import shown
from puhui.indicators.referee_figures import Held, figures_of
from puhui.packs.load import load_packs
from puhui.packs.packset import PackSet
from tests.spec.random_rows import held_rows, subjects_of

PACKS = Path(__file__).parents[2] / "packs"
# the day asked, and how many months the editions hold: at 20 some windows are incomplete
DRAWS = ((date(2026, 6, 30), 60), (date(2026, 2, 28), 20), (date(2025, 3, 15), 60))
Answers = dict[tuple[str, str], str]


@lru_cache(maxsize=1)
def packs() -> PackSet:
    folders = sorted(folder for folder in PACKS.iterdir() if (folder / "pack.yaml").is_file())
    return load_packs(folders)


@lru_cache(maxsize=len(DRAWS))
def drawn(seed: int) -> tuple[Plan, Mapping[str, Held], Answers]:
    """A plan, rows for it, and what the referee says."""
    as_of, months = DRAWS[seed]
    plan = compile_plan(packs(), as_of)
    held = held_rows(plan, packs(), seed, months=months)
    answers: Answers = {}
    for one in plan.indicators:
        for token, figure in figures_of(one, held, as_of, subjects_of(held.values())).items():
            answers[one.name, token] = shown(figure)
    return plan, held, answers


def differences(engine: Engine, seed: int, folder: Path) -> list[str]:
    plan, held, answers = drawn(seed)
    figure = engine_figures(plan, held, engine, folder)
    told = {key: shown(figure(key[1], key[0])) for key in answers}
    return [
        f"{name}: {told[name, token]} and not {said}"
        for (name, token), said in answers.items()
        if told[name, token] != said
    ]


@pytest.fixture(scope="module")
def sail_engine() -> Iterator[Engine]:
    pytest.importorskip("pysail", reason="the extra `spark` is not installed")
    engine = engine_spark.sail()
    yield engine
    engine.close()


@pytest.mark.parametrize("seed", range(len(DRAWS)))
def test_duckdb(seed: int, tmp_path: Path) -> None:
    engine = DuckEngine()
    assert differences(engine, seed, tmp_path) == []
    engine.close()


@pytest.mark.parametrize("seed", range(len(DRAWS)))
def test_sail(seed: int, tmp_path: Path, sail_engine: Engine) -> None:
    assert differences(sail_engine, seed, tmp_path) == []


@pytest.mark.slow
def test_pyspark(tmp_path: Path) -> None:
    pyspark = pytest.importorskip("pyspark", reason="PySpark is not installed")
    if not (Path(pyspark.__file__).parent / "jars").is_dir():
        pytest.skip("the whole pyspark package (with its jars) is not installed, only its client")
    engine = engine_spark.pyspark()
    assert differences(engine, 0, tmp_path) == []
    engine.close()


def test_the_rows_reach_the_indicators() -> None:
    """Most indicators have a value, and not only their empty one, for some subject of the first draw."""
    plan, _, answers = drawn(0)
    reached = {
        one.name
        for one in plan.indicators
        for (name, _), said in answers.items()
        if name == one.name and not said.startswith("unknown") and said not in ("undefined", str(one.empty))
    }
    assert len(reached) >= 0.8 * len(plan.indicators), sorted({one.name for one in plan.indicators} - reached)
