"""Write docs/reference from the code, or say which page is out of date. A page that is generated cannot rot.

`python -m docs.make` writes, `python -m docs.make --check` compares and prints the first lines that differ.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import typer

from puhui.bank.cli import app as bank
from puhui.bank.output import COME_AGAIN, UNANSWERED
from puhui.bootstrap import default_packs
from puhui.catalogue.page import render_catalogue
from puhui.indicators.allowlist import render_portable_reference
from puhui.indicators.page import render_indicators
from puhui.main import app
from puhui.model import refusals, refusals_question
from puhui.model.refusal import Refusal
from puhui.model.refusals_question import OUTWARD, QuestionRefused
from puhui.packs.schemas import schema_texts
from puhui.wire.codes import CODES, HIDDEN_SIZE

HERE = Path(__file__).parent / "reference"
HELP_WIDTH = 110
SHOWN = 12  # lines of a difference

_REFUSALS = """\
# Refusals 拒绝

Generated from `src/puhui/model/refusals.py` and `refusals_question.py`; do not edit. A refusal is a proper "no":
with `--json` the command prints one document on standard output (`refused`, `fault`, `message` and `todo` in both
languages, `article`, `where`) and ends with the exit code of its row. Exit code 0 is success, 1 an unexpected fault
of ours, 2 also a wrong command line.

Faults: `supplier` the agency that delivered, `pack` the author of a pack, `operator` whoever runs the
command, `caller` who asks for a figure, `zone` this installation itself.

## Of commands 命令

| code | whose fault | exit code | meaning | 含义 |
|---|---|---|---|---|
"""
_OF_QUESTIONS = """
## Of questions 提问

What an institution is told over HTTP: the same document as the body, with `id`, `retry_after` in seconds, and the
status of its row. What is **hidden** depends on the subject: all of these leave as `{outward}` with status {status},
{size} bytes and one class of time, and only the zone's log holds the true code. Every command that is refused so ends
with exit code {exit}; `puhui-bank` ends with {later} where the zone says when to come again, with {silent} where
nobody answered.

| code | HTTP status | hidden | whose fault | meaning | 含义 |
|---|---|---|---|---|---|
"""
_CLI = """\
# Commands 命令

Generated from the programs (`puhui COMMAND --help`, `puhui-bank COMMAND --help`); do not edit. Every command takes
`--json`: one document on standard output. `PUHUI_LANG=en` prints English, the default is Chinese. Exit codes:
[refusals](refusals.md). Identifiers are best read from standard input (`--uscc -`), so that no shell history
keeps them.
"""


def pages() -> dict[Path, str]:
    """Every generated page and its text."""
    packs = default_packs(())
    found = {
        HERE / "refusals.md": refusals_page(),
        HERE / "portable-sql.md": render_portable_reference(),
        HERE / "catalogue.md": render_catalogue(packs),
        HERE / "indicators.md": render_indicators(packs),
        HERE / "cli.md": cli_page(),
    }
    found.update({HERE / "schemas" / name: text for name, text in schema_texts().items()})
    return found


def refusals_page() -> str:
    """Every refusal code: of commands with their exit codes, of questions with HTTP status and whether it is hidden."""
    kinds = sorted(all_refusals(), key=lambda kind: kind.code)
    asked = [kind for kind in kinds if issubclass(kind, QuestionRefused)]
    head = _OF_QUESTIONS.format(
        outward=OUTWARD, status=CODES[OUTWARD].status, size=f"{HIDDEN_SIZE:,}", exit=QuestionRefused.exit_code,
        later=COME_AGAIN, silent=UNANSWERED,
    )  # fmt: skip
    of_commands = (
        f"| `{k.code}` | {k.fault.value} | {k.exit_code} | {k.meaning.en} | {k.meaning.zh} |\n"
        for k in kinds
        if k not in asked
    )
    return _REFUSALS + "".join(of_commands) + head + "".join(map(_of_question, asked))


def _of_question(kind: type[QuestionRefused]) -> str:
    hidden, status = ("yes", CODES[OUTWARD].status) if kind.hidden else ("", kind.status)
    return f"| `{kind.code}` | {status} | {hidden} | {kind.fault.value} | {kind.meaning.en} | {kind.meaning.zh} |\n"


def all_refusals() -> list[type[Refusal]]:
    """The classes of `model.refusals` and `model.refusals_question`."""
    named = {**vars(refusals), **vars(refusals_question)}
    found = [value for value in named.values() if isinstance(value, type) and issubclass(value, Refusal)]
    return [kind for kind in found if kind not in (Refusal, QuestionRefused)]


def cli_page() -> str:
    """The help text of every command, as the program prints it on a plain terminal."""
    return _CLI + "".join(f"\n## {name}\n\n```text\n{text}\n```\n" for name, text in _helps())


def command_names() -> list[str]:
    """Every command with its group, as it is typed: `puhui`, `puhui deliver`, `puhui snapshot build` …"""
    return [name for name, _ in _helps()]


def _helps() -> Iterator[tuple[str, str]]:
    for name, program in (("puhui", app), ("puhui-bank", bank)):
        command = typer.main.get_command(program)
        yield from _helps_of(command, typer.Context(command, info_name=name, max_content_width=HELP_WIDTH))


def _helps_of(command: Any, context: typer.Context) -> Iterator[tuple[str, str]]:
    command.rich_markup_mode = None  # plain text: the same on every terminal
    context.terminal_width = HELP_WIDTH
    text = command.get_help(context)
    yield context.command_path, "\n".join(line.rstrip() for line in text.splitlines()).strip()
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        child = command.get_command(context, name)
        yield from _helps_of(child, typer.Context(child, info_name=name, parent=context))


def stale_pages() -> Iterator[tuple[Path, list[str]]]:
    """Pages that differ from what the code says, or that the code no longer writes, with the first lines."""
    made = pages()
    for path, text in made.items():
        stands = path.read_text("utf-8") if path.exists() else ""
        if stands != text:
            lines = difflib.unified_diff(
                stands.splitlines(), text.splitlines(), "as it stands", "as made", n=0, lineterm=""
            )
            yield path, list(islice(lines, SHOWN))
    for path in sorted((HERE / "schemas").glob("*.json")):
        if path not in made:
            yield path, ["no longer written"]


def write_pages() -> None:
    """Write all pages."""
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """0 if all is well, 1 if a page is out of date."""
    if "--check" not in arguments:
        write_pages()
        return 0
    stale = list(stale_pages())
    for path, lines in stale:
        print(f"out of date: {os.path.relpath(path)} (run `make docs`)", *lines, sep="\n  ", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
