"""A subject's end in a process that is killed (SIGKILL) at a named moment: `-m` with home and moment."""

from __future__ import annotations

import os
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

from puhui.adapters.figures_lmdb import LmdbFigures
from puhui.adapters.letters_django import DjangoLetters
from puhui.adapters.monitors_django import DjangoMonitors
from puhui.adapters.vault_sqlite import SqliteVault
from puhui.bootstrap import open_zone
from puhui.desk import upkeep
from puhui.desk.snapshots import build_snapshot

from ..questions.town import FIRM, erase


def killed(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _move_and_die(self: DjangoLetters, moved: Any, *, kept: Any = DjangoLetters.move) -> None:
    kept(self, moved)
    killed()


BY_REGISTER = {
    "before anything ends": patch.object(DjangoLetters, "move", killed),
    "after one letter": patch.object(DjangoLetters, "move", _move_and_die),
    "before the monitors": patch.object(DjangoMonitors, "end_of_subject", killed),
    "ended and not shown": patch.object(LmdbFigures, "activate", killed),
}
BY_ERASURE = {
    "before the monitors of an erasure": patch.object(DjangoMonitors, "end_of_subject", killed),
    "ended and not erased": patch.object(upkeep, "erase", killed),
    "journalled and not buried": patch.object(SqliteVault, "bury", killed),
}

if __name__ == "__main__":
    zone, moment = open_zone(Path(sys.argv[1])), sys.argv[2]
    if moment in BY_REGISTER:
        with BY_REGISTER[moment]:
            build_snapshot(zone.desk, date(2026, 6, 30))
    else:
        with BY_ERASURE[moment]:
            erase(zone.desk, FIRM.value)
