"""An anchor behind a command: the client of a permissioned chain, a time-stamping service, a write-once medium.

The command is called without a shell as `COMMAND SIZE`, the note on its standard input, and ends with 0 once the note
is kept. It may be called again with the same note.

Promises: the command is bounded in time; what it prints is dropped; a program that others may write is not run.
"""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

COMMAND = "command:"  # what the setting begins with
SECONDS = 10.0  # that a call may take
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class CommandAnchor:
    """`Anchor` by a command."""

    def __init__(self, command: Path, *, seconds: float = SECONDS) -> None:
        self._command, self._seconds = command, seconds

    def anchor(self, size: int, note: str) -> None:
        if not self._command.is_file() or self._command.stat().st_mode & _OTHERS:
            raise OSError("the anchor is no program, or others may write it")
        try:
            done = subprocess.run(
                [str(self._command), str(size)],
                input=note.encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in ("HOME", "PATH", "LANG") if name in os.environ},
                timeout=self._seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise OSError("the anchor took too long") from late
        if done.returncode != 0:
            raise OSError(f"the anchor ended with {done.returncode}")
