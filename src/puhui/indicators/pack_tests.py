"""Runs the tests of packs, rows in and figures out, on the referee and on an engine, many cases at a time.

Promise: a case passes only where both give every figure that it states. Cases of one day share one run of
the engine: each case's subjects have tokens of their own.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from puhui.indicators.compile import Compiled, Plan, compile_plan
from puhui.indicators.engine import Engine
from puhui.indicators.in_memory import FigureOf, engine_figures
from puhui.indicators.pack_rows import BadCase, Tokens, rows_of
from puhui.indicators.referee_figures import Held, as_declared, figures_of
from puhui.indicators.referee_values import NotPortable
from puhui.indicators.sources import Source, sources_of
from puhui.model.figures import Figure
from puhui.model.refusal import Refusal
from puhui.model.refusals import EngineRefused
from puhui.model.subject import SubjectKind
from puhui.model.time import month_end, months_back
from puhui.packs.forms_answers import Case, PackTest
from puhui.packs.packset import PackSet

_ALL_MONTHS = 600  # a case that says nothing of periods has every month of fifty years


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """One case: where it stands, and what differs from what it states (empty: it passed)."""

    __test__ = False  # not a class of tests

    pack: str
    file: str
    case: str
    indicator: str
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


@dataclass(slots=True)
class _Run:
    """One case on its way."""

    test: PackTest
    case: Case
    pack: str
    as_of: date
    tokens: Tokens
    plan: Plan | None = None
    held: dict[str, Held] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def one(self) -> Compiled:
        assert self.plan is not None
        return self.plan.indicators[0]

    def outcome(self) -> TestOutcome:
        file = f"tests/{self.test.name}.yaml"
        return TestOutcome(self.pack, file, self.case.name, self.case.indicator, tuple(self.failures))


def run_pack_tests(packs: PackSet, engine: Engine, *, only: Iterable[str] | None = None) -> list[TestOutcome]:
    """All test cases of the set, or of the packs named in `only`, in the order of their files."""
    chosen = None if only is None else frozenset(only)
    bench = _Bench(packs, sources_of(packs.resources, packs.relations))
    runs = [
        _begun(test, case, number, bench)
        for name, test in packs.tests.items()
        if chosen is None or packs.pack_of["tests", name] in chosen
        for number, case in enumerate(test.cases)
    ]
    for run in runs:
        if run.plan is not None:
            _judge(run, "referee", _by_referee(run))
    with tempfile.TemporaryDirectory(prefix="puhui-pack-test-") as folder:
        for number, group in enumerate(_groups(runs)):
            _by_engine(group, packs, engine, Path(folder) / str(number))
    return [run.outcome() for run in runs]


@dataclass(slots=True)
class _Bench:
    """What all cases share: the set, its tables, and the plan of each indicator on each day."""

    packs: PackSet
    sources: Mapping[str, Source]
    plans: dict[tuple[str, date], Plan] = field(default_factory=dict)

    def plan(self, indicator: str, as_of: date) -> Plan:
        if (indicator, as_of) not in self.plans:
            self.plans[indicator, as_of] = compile_plan(self.packs, as_of, [indicator])
        return self.plans[indicator, as_of]


def _begun(test: PackTest, case: Case, number: int, bench: _Bench) -> _Run:
    packs, as_of = bench.packs, case.as_of or test.as_of
    indicator = packs.indicators.get(case.indicator)
    kind = SubjectKind(indicator.head.subjects[0]) if indicator is not None else SubjectKind.ENTERPRISE
    run = _Run(test, case, packs.pack_of["tests", test.name], as_of, Tokens(f"{test.name} {number}", kind))
    if indicator is None:
        run.failures.append(f"there is no indicator {case.indicator}")
        return run
    try:
        plan = bench.plan(case.indicator, as_of)
        _fill(run, plan, bench)
        run.plan = plan
    except Refusal as refusal:
        run.failures.append(str(refusal))
    except BadCase as error:
        run.failures.append(str(error))
    return run


def _fill(run: _Run, plan: Plan, bench: _Bench) -> None:
    reads = plan.indicators[0].reads
    rows = rows_of(run.case, bench.packs, bench.sources, run.tokens, reads)
    for name in reads:
        source = plan.sources[name]
        run.held[name] = Held(source, rows.get(name, []), _periods(run, source), _complete(run, source))


def _periods(run: _Run, source: Source) -> frozenset[str]:
    stated = run.case.periods.get(source.name, run.case.periods.get(source.derived_from or "", "all"))
    if isinstance(stated, list):
        return frozenset(str(period) for period in stated)
    return _every_month(month_end(run.as_of))


@lru_cache(maxsize=64)
def _every_month(last: date) -> frozenset[str]:
    return frozenset(f"{months_back(last, back):%Y-%m}" for back in range(_ALL_MONTHS))


def _complete(run: _Run, source: Source) -> frozenset[str]:
    if run.case.complete is None:
        return frozenset(kind.value for kind in source.complete)
    stated = source.name in run.case.complete or source.derived_from in run.case.complete
    return frozenset(kind.value for kind in SubjectKind) if stated else frozenset()


def _by_referee(run: _Run) -> Mapping[str, Figure] | str:
    subjects = [run.tokens.token(name) for name in run.case.figures]
    try:
        return figures_of(run.one, run.held, run.as_of, subjects)
    except NotPortable as error:
        return str(error)
    except Refusal as refusal:
        return str(refusal)


def _judge(run: _Run, judge: str, found: Mapping[str, Figure] | str) -> None:
    """Note every figure that differs from what the case states."""
    if isinstance(found, str):
        run.failures.append(f"{judge}: {found}")
        return
    for name, stated in run.case.figures.items():
        figure = found[run.tokens.token(name)]
        told = shown(figure)
        wanted = _wanted(stated, run.one, told)
        if told != wanted:
            run.failures.append(f"{judge}: {name} is {told}, the case states {wanted}")


def shown(figure: Figure) -> str:
    """A figure as tests state it: a value, `undefined`, `unknown(absent)`, `unknown(incomplete 11/12)`."""
    if figure.known:
        return "undefined" if figure.value is None else str(figure.value)
    months = f" {figure.coverage[0]}/{figure.coverage[1]}" if figure.coverage and figure.reason == "incomplete" else ""
    return f"unknown({figure.reason}{months})"


def _wanted(stated: Any, one: Compiled, told: str) -> str:
    if stated is None:
        return "undefined"
    if isinstance(stated, str) and (stated == "undefined" or re.fullmatch(r"unknown\(.*\)", stated)):
        # `unknown(incomplete)` leaves the months open
        return told if stated == "unknown(incomplete)" and told.startswith("unknown(incomplete") else stated
    try:
        value = as_declared(stated, one.type)
    except (ValueError, TypeError):
        return str(stated)
    exact = one.type.name != "int" or not hasattr(stated, "as_tuple") or stated == value
    return str(value) if exact else str(stated)


def _groups(runs: Sequence[_Run]) -> list[list[_Run]]:
    """Cases that one plan and one set of editions can hold: same day, same periods, same completeness."""
    found: dict[tuple[Any, ...], list[_Run]] = {}
    for run in runs:
        if run.plan is not None:
            found.setdefault((run.as_of, _ground(run)), []).append(run)
    return list(found.values())


def _ground(run: _Run) -> tuple[Any, ...]:
    if not run.case.periods and run.case.complete is None:
        return ()
    return tuple((name, held.periods, held.complete) for name, held in sorted(run.held.items()))


def _by_engine(group: Sequence[_Run], packs: PackSet, engine: Engine, folder: Path) -> None:
    """All cases of a group in one run; a query that the engine refuses fails its own cases only."""
    left = list(group)
    while left:
        plan = compile_plan(packs, left[0].as_of, sorted({run.case.indicator for run in left}))
        try:
            figures = _engine_figures(plan, left, engine, folder)
        except EngineRefused as refusal:
            refused = [run for run in left if refusal.where in (run.case.indicator, run.one.query)]
            for run in refused or left:
                run.failures.append(f"{engine.name}: {refusal}")
            left = [run for run in left if run not in refused] if refused else []
            continue
        for run in left:
            _judge(run, engine.name, {token: figures(token, run.one.name) for token in run.tokens.of.values()})
        return


def _engine_figures(plan: Plan, group: Sequence[_Run], engine: Engine, folder: Path) -> FigureOf:
    held = {name: _together(name, [run.held[name] for run in group if name in run.held]) for name in plan.sources}
    return engine_figures(plan, held, engine, folder)


def _together(name: str, of: Sequence[Held]) -> Held:
    """The rows of all cases of a group, which agree in periods and completeness."""
    rows = [row for one in of for row in one.rows]
    return Held(of[0].source, rows, of[0].periods, of[0].complete)
