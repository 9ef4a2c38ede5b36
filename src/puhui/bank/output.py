"""What `puhui-bank` prints: JSON for programs, tables for people, refusals with whose fault and what to do.

Exit codes: 0 done; 2 wrong command line, key or file; 9 refused; 10 not verified; 11 nobody answered: run it again; 12
refused for now: the zone says when to come again.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from puhui.bank.exchange import Refused, Unanswered
from puhui.model.refusal import Fault, Refusal, Said
from puhui.wire.messages import RefusalForm

REFUSED, UNANSWERED, COME_AGAIN = 9, 11, 12
out = Console()
err = Console(stderr=True)
_FAULTS = {
    "caller": Said("查询方", "the caller"),
    "operator": Said("操作者", "the operator"),
    "zone": Said("专区", "the zone"),
    "pack": Said("数据包作者", "the pack's author"),
    "supplier": Said("数源部门", "the supplier"),
}


def language() -> str:
    """`zh` (the default) or `en`: by PUHUI_LANG."""
    return "en" if os.environ.get("PUHUI_LANG", "zh").lower().startswith("en") else "zh"


def say(zh: str, en: str) -> str:
    """The text in the language of this run."""
    return en if language() == "en" else zh


def tell(text: str) -> None:
    """One line on standard output, as it is."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def print_rows(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table for people."""
    table = Table(*heads, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(_cell(cell) for cell in row))
    out.print(table, markup=False)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}={one}" for key, one in value.items())
    return "" if value is None else str(value)


@contextmanager
def refusals(as_json: bool) -> Iterator[None]:
    """Turn every proper "no" into its message and exit code; anything else keeps its traceback."""
    try:
        yield
    except Refused as refused:
        _refused(refused.form, as_json, signed=refused.signed)
    except Unanswered as silence:
        _unanswered(silence, as_json)
    except Refusal as refusal:
        print_json(refusal.as_dict()) if as_json else _print(
            refusal.code, refusal.fault, refusal.said, refusal.todo, refusal.article
        )
        raise typer.Exit(refusal.exit_code) from None


def _refused(form: RefusalForm, as_json: bool, *, signed: bool) -> NoReturn:
    if as_json:
        print_json(_document(form) | {"signed": signed})
    else:
        message, todo = Said(form.message.zh, form.message.en), Said(form.todo.zh, form.todo.en)
        _print(form.refused, form.fault, message, todo, form.article)
        if form.retry_after is not None:
            err.print(say(f"{form.retry_after} 秒后可再问", f"Ask again in {form.retry_after} s"), highlight=False)
    raise typer.Exit(REFUSED if form.retry_after is None else COME_AGAIN)


def _unanswered(silence: Unanswered, as_json: bool) -> NoReturn:
    said = Said("专区没有答复", "the zone gave no answer")
    todo = Said(
        "稍后用同一条命令再问：同一提问只作答、计费一次", "run the same command again: it is answered and billed once"
    )
    if as_json:
        told = {"refused": "unanswered", "fault": "zone", "message": {"zh": said.zh, "en": said.en}}
        print_json(
            told
            | {"todo": {"zh": todo.zh, "en": todo.en}, "idempotency_key": silence.idempotency_key}
            | {"last": _document(silence.last) if silence.last else None}
        )
    else:
        code = silence.last.refused if silence.last else "unanswered"
        _print(code, Fault.ZONE, said, todo, "")
    raise typer.Exit(UNANSWERED)


def _document(form: RefusalForm) -> dict[str, Any]:
    return {
        "refused": form.refused,
        "fault": form.fault,
        "message": {"zh": form.message.zh, "en": form.message.en},
        "todo": {"zh": form.todo.zh, "en": form.todo.en},
        "article": form.article,
        "where": form.where,
        "retry_after": form.retry_after,
    }


def _print(code: str, fault: str, said: Said, todo: Said, article: str) -> None:
    lang = language()
    err.print(f"{code} {said.in_language(lang)}", style="bold", markup=False, highlight=False)
    err.print(say("责任方：", "Whose fault: ") + _FAULTS[fault].in_language(lang), markup=False, highlight=False)
    err.print(say("怎么办：", "What to do: ") + todo.in_language(lang), markup=False, highlight=False)
    if article:
        err.print(say("依据：", "Article: ") + article, markup=False, highlight=False)
