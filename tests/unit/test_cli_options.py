"""Groups of options stand on the command line as options of their own, in their place; required ones stay required."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from puhui.cli.options import AsJson, Home, Reason, spread

Word = Annotated[str, typer.Option("--word")]
Words = Annotated[list[str] | None, typer.Option("--more")]


@dataclass(frozen=True)
class Said:
    reason: Reason
    word: Word = "none"
    more: Words = None


app = typer.Typer()


@app.command()
@spread
def told(
    home: Home, *, first: Annotated[int, typer.Option("--first")] = 1, said: Said, as_json: AsJson = False
) -> None:
    """Says what it was told."""
    typer.echo(f"{home.name} {first} {said} {as_json}")


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    return done.output if done.exit_code == 0 else f"exit {done.exit_code}"


def test_a_group_is_made_of_its_options() -> None:
    assert run("home", "--reason", "why") == "home 1 Said(reason='why', word='none', more=None) False\n"
    given = run("home", "--more", "a", "--word", "b", "--reason", "why", "--more", "c", "--json", "--first", "2")
    assert given == "home 2 Said(reason='why', word='b', more=['a', 'c']) True\n"


def test_what_a_group_requires_is_required() -> None:
    assert run("home") == "exit 2"
    assert run("--reason", "why") == "exit 2"


def test_the_options_stand_in_their_order_and_the_text_is_the_commands() -> None:
    shown = run("--help")
    places = [
        shown.index(one) for one in ("Says what it was told", "--first", "--reason", "--word", "--more", "--json")
    ]
    assert places == sorted(places)


def test_a_mistake_inside_a_command_is_not_hidden() -> None:
    @spread
    def fails(home: Home, said: Said) -> None:
        raise LookupError(said.word)

    with pytest.raises(LookupError, match="none"):
        fails(home=Path(), reason="why", word="none", more=None)
