"""What the commands print: JSON for programs, tables for people, refusals with whose fault and what to do."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from puhui.model.refusal import Fault, Refusal, Said
from puhui.model.refusals import PackRefused

out = Console()
err = Console(stderr=True)
FAULTS = {
    Fault.SUPPLIER: Said("数源部门", "the supplier"),
    Fault.PACK: Said("数据包作者", "the pack's author"),
    Fault.OPERATOR: Said("操作者", "the operator"),
    Fault.CALLER: Said("查询方", "the caller"),
    Fault.ZONE: Said("本系统", "the zone"),
}


def language() -> str:
    """`zh` (the default) or `en`: by PUHUI_LANG."""
    return "en" if os.environ.get("PUHUI_LANG", "zh").lower().startswith("en") else "zh"


def say(zh: str, en: str) -> str:
    """The text in the language of this run."""
    return en if language() == "en" else zh


def print_json(value: Any) -> None:
    """One JSON document on standard output; dates in ISO form, decimals as text so that no digit is lost."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal | Path):
        return str(value)
    raise TypeError(type(value).__name__)


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table for people; numbers to the right."""
    table = Table(title=title, title_justify="left")
    for index, head in enumerate(heads):
        numeric = bool(rows) and all(isinstance(row[index], int | float | Decimal) for row in rows)
        table.add_column(head, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    out.print(table)


def print_answer(answer: Mapping[str, Any]) -> None:
    """A document for people, a line for each of its keys."""
    for key, value in answer.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        out.print(f"{key}: {text}", markup=False, highlight=False)


def print_proposal(proposal: int, as_json: bool) -> None:
    """The number of a proposal, and that another officer has to approve it."""
    if as_json:
        print_json({"proposal": proposal, "state": "open"})
    else:
        out.print(
            say(
                f"已提议，编号 {proposal}；请另一位经办人运行 puhui approve HOME {proposal}",
                f"Proposed as {proposal}; another officer runs `puhui approve HOME {proposal}`",
            )
        )


@contextmanager
def refusals(as_json: bool) -> Iterator[None]:
    """Turn a Refusal into its message and exit code; anything else is a fault of ours and keeps its traceback."""
    try:
        yield
    except Refusal as refusal:
        _refuse(refusal, as_json)


def _refuse(refusal: Refusal, as_json: bool) -> NoReturn:
    if as_json:
        print_json(refusal.as_dict())
    else:
        lang = language()
        err.print(f"[bold red]{refusal.code}[/] {refusal.said.in_language(lang)}", highlight=False)
        err.print(say("责任方：", "Whose fault: ") + FAULTS[refusal.fault].in_language(lang), highlight=False)
        err.print(say("怎么办：", "What to do: ") + refusal.todo.in_language(lang), highlight=False)
        if refusal.article:
            err.print(say("依据：", "Article: ") + refusal.article, highlight=False)
        for mistake in refusal.mistakes if isinstance(refusal, PackRefused) else ():
            where = f"{mistake.file}:{mistake.line}"
            err.print(f"  {where}: {mistake.code}: {mistake.said.in_language(lang)}", markup=False, highlight=False)
    raise typer.Exit(refusal.exit_code)


@contextmanager
def progress(title: str, as_json: bool) -> Iterator[Callable[[str], None]]:
    """A spinner for people, silence for programs; call the yielded function with the step that was reached."""
    if as_json or not err.is_terminal:
        yield lambda step: None
        return
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=err) as bar:
        task = bar.add_task(title, total=None)
        yield lambda step: bar.update(task, description=f"{title} · {step}")


@contextmanager
def counted_progress(title: str, as_json: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar for work whose size is known."""
    if as_json or not err.is_terminal:
        yield lambda done, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=err) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
