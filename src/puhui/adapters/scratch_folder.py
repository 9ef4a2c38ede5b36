"""Scratch folders of deliveries and builds: private, gone at the end; what a kill leaves is swept by the next start."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from puhui.adapters.tables_duckdb import DuckTables


@dataclass(frozen=True, slots=True)
class ScratchFolder:
    folder: Path
    tables: DuckTables


class ScratchFolders:
    """Folders under `root`; each holds a locked file while its process lives."""

    def __init__(self, root: Path, *, memory: str = "3GB", threads: int = 2) -> None:
        self._root, self._memory, self._threads = root, memory, threads

    @contextmanager
    def open(self) -> Iterator[ScratchFolder]:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = self._root / f"{os.getpid()}-{secrets.token_hex(4)}"
        with self._gate(fcntl.LOCK_SH):
            folder.mkdir(mode=0o700)
            handle = os.open(folder / ".alive", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
        tables = DuckTables(folder, memory=self._memory, threads=self._threads)
        try:
            yield ScratchFolder(folder, tables)
        finally:
            tables.close()
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)

    def sweep(self) -> int:
        """Remove the folders of dead processes; how many there were. 0: the last stop was a clean one."""
        if not self._root.is_dir():
            return 0
        with self._gate(fcntl.LOCK_EX):  # nobody is between making a folder and locking it
            dead = [folder for folder in self._root.glob("*-*") if _is_dead(folder)]
        for folder in dead:
            shutil.rmtree(folder, ignore_errors=True)
        return len(dead)

    @contextmanager
    def _gate(self, how: int) -> Iterator[None]:
        handle = os.open(self._root / ".gate", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)


def _is_dead(folder: Path) -> bool:
    try:
        handle = os.open(folder / ".alive", os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
