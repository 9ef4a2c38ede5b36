"""Every indicator of every shipped pack has at least four kinds of case among its YAML tests: a plain one, a subject
that is absent, the edges of its window, and a correction.

What a case shows is read from its rows and figures; its name says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from puhui.model.time import month_end, months_back
from puhui.packs import load_packs
from puhui.packs.forms_answers import Case
from puhui.packs.packset import PackSet
from puhui.packs.sql_tables import tables_of

SHELF = Path(__file__).parents[2] / "packs"
SIDES = {"before the window", "its first month", "its last month", "after the window"}


@cache
def packs() -> PackSet:
    return load_packs([folder for folder in sorted(SHELF.iterdir()) if (folder / "pack.yaml").exists()])


@cache
def cases() -> dict[str, list[tuple[date, Case]]]:
    """The cases of each indicator with their days."""
    found: dict[str, list[tuple[date, Case]]] = defaultdict(list)
    for test in packs().tests.values():
        for case in test.cases:
            found[case.indicator].append((case.as_of or test.as_of, case))
    return found


def names() -> list[str]:
    return sorted(packs().indicators)


def windowed() -> list[str]:
    return [name for name in names() if packs().indicators[name].head.window.endswith("M")]


def is_empty(name: str, figure: Any) -> bool:
    """A known figure that no row made: the head's `empty`, or undefined."""
    empty = packs().indicators[name].head.empty
    return str(figure) == "undefined" if empty is None else figure == empty


def is_unknown(figure: Any) -> bool:
    return str(figure).startswith("unknown(")


@pytest.mark.parametrize("name", names())
def test_a_plain_case(name: str) -> None:
    """Rows make a value that is not the empty one, and nothing is corrected on the way."""
    plain = (case for _, case in cases()[name] if any(case.rows.values()) and not case.then)
    assert any(
        not is_unknown(figure) and str(figure) != "undefined" and not is_empty(name, figure)
        for case in plain
        for figure in case.figures.values()
    )


@pytest.mark.parametrize("name", names())
def test_the_empty_case(name: str) -> None:
    """A subject in no source is unknown; one that a complete source does not list has the empty value."""
    told = [figure for _, case in cases()[name] for figure in case.figures.values()]
    assert any(str(figure) == "unknown(absent)" for figure in told)
    assert any(is_empty(name, figure) for figure in told)


@pytest.mark.parametrize("name", names())
def test_a_correction(name: str) -> None:
    """A case in which rows replace others, and a figure is known in the end."""
    corrected = [case for _, case in cases()[name] if any(rows for step in case.then for rows in step.values())]
    assert any(not is_unknown(figure) for case in corrected for figure in case.figures.values())


@pytest.mark.parametrize("name", windowed())
def test_the_edges_of_the_window(name: str) -> None:
    """Rows within a month of both edges, on either side of each."""
    assert SIDES - {side for as_of, case in cases()[name] for side in sides_of(name, as_of, case)} == set()


def sides_of(name: str, as_of: date, case: Case) -> Iterator[str]:
    length = int(packs().indicators[name].head.window[:-1])
    start = months_back(as_of, length)
    for day in days_of(name, case):
        if months_back(start, 1) < day <= start:
            yield "before the window"
        if months_back(start, -1) >= day > start:
            yield "its first month"
        if months_back(as_of, 1) < day <= as_of:
            yield "its last month"
        if as_of < day <= months_back(as_of, -1):
            yield "after the window"


def days_of(name: str, case: Case) -> Iterator[date]:
    """The days that the rows state in columns that the SQL names."""
    indicator, tables = packs().indicators[name], tables_of(packs())
    for table, rows in case.rows.items():
        types = {column: kind for column, kind in tables[table].columns.items() if column in indicator.sql}
        for row in rows:
            for column, kind in types.items():
                if row.get(column) is not None and kind in ("date", "ym"):
                    yield day_of(row[column])


def day_of(value: Any) -> date:
    """A date as it stands; of a month its last day."""
    if isinstance(value, date):
        return value
    text = str(value)
    return date.fromisoformat(text) if len(text) == 10 else month_end(date.fromisoformat(f"{text[:7]}-01"))
