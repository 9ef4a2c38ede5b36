"""Groups of options that tell who acts, and about whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from puhui.bootstrap import Zone
from puhui.cli.options import KeyFile, MaybeBy, Why
from puhui.desk.acts import propose_act
from puhui.desk.officers import acting_officer

Token = Annotated[str, typer.Option("--token", help="主体令牌 · token")]
Uscc = Annotated[str, typer.Option("--uscc", help="信用代码；- 从标准输入读 · credit code; - reads stdin")]
Ric = Annotated[str, typer.Option("--ric", help="公民身份号码；- 从标准输入读 · citizen number; - reads stdin")]


@dataclass(frozen=True)
class Acting:
    """Which officer acts, by the name, the key or both, and why."""

    by: MaybeBy = ""
    key_file: KeyFile = None
    reason: Why = ""

    def officer(self, zone: Zone) -> str:
        """The officer's name. Raises NotAllowed where key and name are no officer's."""
        return acting_officer(self.by, self.key_file, zone.desk)

    def proposes(self, zone: Zone, act: str, given: dict[str, Any], reason: str = "") -> int:
        """The number of the proposal. `reason`: where the officer gave none."""
        return propose_act(zone.desk, act, given, by=self.officer(zone), reason=self.reason or reason)


@dataclass(frozen=True)
class About:
    """A subject, by token or identifier."""

    token: Token = ""
    uscc: Uscc = ""
    ric: Ric = ""

    def given(self) -> dict[str, str]:
        """What was given; `-` is read from standard input."""
        said = {"uscc": _read(self.uscc), "ric": _read(self.ric), "token": self.token}
        return {kind: value for kind, value in said.items() if value}


def _read(value: str) -> str:
    return typer.get_text_stream("stdin").readline().strip() if value == "-" else value
