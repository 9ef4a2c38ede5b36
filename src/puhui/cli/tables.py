"""The command of officers' statistics: a table over groups of subjects, withheld cells as their reason."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.bootstrap import open_zone
from puhui.cli.options import AsJson, Home, Key, MaybeBy, Reason
from puhui.cli.output import out, print_json, print_table, refusals, say
from puhui.desk.grouping import UNKNOWN
from puhui.desk.officers import acting_officer
from puhui.desk.statistics import GroupTable, make_table
from puhui.desk.statistics_past import Wanted, cell_rows, rules_shown
from puhui.disclosure.group_tables import TOTAL, Cell
from puhui.disclosure.groups import Measure
from puhui.disclosure.groups import Reason as Why
from puhui.model.refusal import Said

WITHHELD = {
    Why.FEW: Said("隐去：过少", "withheld: few"),
    Why.DOMINATED: Said("隐去：少数独大", "withheld: dominated"),
    Why.PERCENT: Said("隐去：可估算", "withheld: p-percent"),
    Why.CHANGED: Said("隐去：变动者少", "withheld: few changed"),
    Why.COMPLEMENT: Said("隐去：防相减", "withheld: complement"),
}
LABELS = {"yes": Said("是", "yes"), "no": Said("否", "no"), UNKNOWN: Said("不详", "unknown")}
MEASURES = {
    Measure.COUNT: Said("个数", "count"),
    Measure.SUM: Said("合计", "sum"),
    Measure.MEAN: Said("均值", "mean"),
}
_FORMULA = ("=", "+", "-", "@")  # what a spreadsheet would take for one


def register(app: typer.Typer) -> None:
    app.command()(table)


def table(
    home: Home,
    reason: Reason,
    indicator: Annotated[str, typer.Option("--indicator", help="统计的指标 · the indicator")],
    rows: Annotated[str, typer.Option("--rows", help="按此指标分行 · the indicator of the rows")],
    columns: Annotated[str, typer.Option("--columns", help="按此指标分列 · the indicator of the columns")] = "",
    what: Annotated[Measure, typer.Option("--what", help="个数、合计或均值 · count, sum or mean")] = Measure.COUNT,
    by: MaybeBy = "",
    key: Key = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="另存为 CSV · also as a CSV file")] = None,
    as_json: AsJson = False,
) -> None:
    """出具分组统计表（留痕），不显示任何个体 · Make a table over groups of subjects (recorded); it shows nobody."""
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key, zone.desk)
        made = make_table(zone.desk, Wanted(indicator, rows, what, columns), by=officer, reason=reason)
    if csv_file is not None:
        _write_csv(csv_file, made)
    print_json(_as_json(made)) if as_json else _print(made)


def _as_json(made: GroupTable) -> dict[str, Any]:
    names = ("row", "column", "value", "withheld")
    return {
        "snapshot": made.snapshot,
        "as_of": made.as_of,
        **made.wanted.as_dict(),
        "unit": made.unit,
        "cells": [dict(zip(names, row, strict=True)) for row in cell_rows(made.cells)],
        "rules": rules_shown(made.rules),
    }


def _print(made: GroupTable) -> None:
    wanted, rules = made.wanted, made.rules
    measure = MEASURES[wanted.measure]
    title = say(
        f"{wanted.indicator} {measure.zh} · 快照 {made.snapshot} · {made.as_of} · {made.unit}",
        f"{wanted.indicator}: {measure.en} · snapshot {made.snapshot} · {made.as_of} · {made.unit}",
    )
    heads, lines = _laid_out(made)
    print_table(title, heads, lines)
    out.print(
        say(
            f"规则：每格至少 {rules.least} 个主体；{rules.largest} 个最大者至多占 {rules.share}；p% = {rules.percent}",
            f"Rules: at least {rules.least} subjects a cell; the {rules.largest} largest make at most {rules.share}; "
            f"p % = {rules.percent}",
        ),
        highlight=False,
    )


def _laid_out(made: GroupTable) -> tuple[list[str], list[list[str]]]:
    """Heads and lines; totals last."""
    rows, columns = (_in_order({place[axis] for place in made.cells}) for axis in (0, 1))
    measure = MEASURES[made.wanted.measure].in_language(say("zh", "en"))
    heads = [made.wanted.rows, *(_label(one, say("合计", "total") if len(columns) > 1 else measure) for one in columns)]
    lines = [
        [_label(row, say("合计", "total")), *(_text(made.cells[row, column]) for column in columns)] for row in rows
    ]
    return heads, lines


def _in_order(labels: set[Any]) -> list[Any]:
    """As texts ascend; what is unknown and the total last."""
    return sorted(labels, key=lambda one: (one == TOTAL, one == UNKNOWN, str(one)))


def _label(label: Any, total: str) -> str:
    if label == TOTAL:
        return total
    known = LABELS.get(label)
    return known.in_language(say("zh", "en")) if known else str(label)


def _text(cell: Cell) -> str:
    if cell.withheld:
        return WITHHELD[cell.withheld].in_language(say("zh", "en"))
    return say("无", "none") if cell.value is None else str(cell.value)


def _write_csv(path: Path, made: GroupTable) -> None:
    """As it is printed, with a mark at the beginning by which spreadsheets know UTF-8."""
    heads, lines = _laid_out(made)
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([[_plain(cell) for cell in line] for line in (heads, *lines)])


def _plain(text: str) -> str:
    """A label that a spreadsheet would calculate gets an apostrophe; a number stays one."""
    return f"'{text}" if text.startswith(_FORMULA) and not text[1:].replace(".", "").isdigit() else text
