"""One round of monitors in a process that is killed (SIGKILL) at a named moment: `-m` with home and moment."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from puhui.adapters.monitors_django import DjangoMonitors
from puhui.ledger.sequencer import Sequencer

from ..questions.standing import Mailbox, bank


def killed(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def _append_and_die(self: Sequencer, intent: Any, *, kept: Any = Sequencer.append) -> None:
    await kept(self, intent)
    killed()


async def _take_and_die(self: Mailbox, address: str, headers: Any, body: bytes) -> bool:
    (Path(sys.argv[1]).parent / "sent").open("a").write("x")
    killed()
    return True


MOMENTS = {
    "before the entry": patch.object(Sequencer, "append", killed),
    "after the entry": patch.object(Sequencer, "append", _append_and_die),
    "before the row": patch.object(DjangoMonitors, "looked", killed),
    "sent and not marked": patch.object(Mailbox, "send", _take_and_die),
}

if __name__ == "__main__":
    with bank(Path(sys.argv[1])) as a, MOMENTS[sys.argv[2]]:
        a.round()
