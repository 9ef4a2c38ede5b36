"""A list of entries in one file, one line each, only ever appended to. The file is 0600.

Promises: an entry is durable once `append` returns, in the second copy too where there is one: a folder outside the
home, at best on another machine. So a restored backup finds the newer journal. A copy that cannot be written fails the
append.
"""

from __future__ import annotations

import os
from pathlib import Path

from puhui.model.refusal import Said
from puhui.model.refusals import Broken
from puhui.wire.durable import sync_folder


class FileJournal:
    """An ErasureJournal over one file. `copies`: a folder that gets a second copy; None: there is none."""

    def __init__(self, file: Path, copies: Path | None = None) -> None:
        self._file = file
        self._copy = copies / file.name if copies else None
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def append(self, entry: bytes) -> None:
        """Durable once it returns. A line that a crash left torn is closed first."""
        if b"\n" in entry:
            raise ValueError("an entry is one line")
        if self._copy:
            _bring(self._file, self._copy)  # out of reach: refused before anything is written
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            torn = not _ends_whole(handle)
            os.write(handle, (b"\n" if torn else b"") + entry + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(self._file.parent)
        if self._copy:
            _bring(self._file, self._copy)

    def entries(self) -> list[bytes]:
        """All whole lines, oldest first."""
        return lines_of(self._file)


def lines_of(file: Path) -> list[bytes]:
    """The whole lines of a journal's file, oldest first; none where there is no file."""
    if not file.exists():
        return []
    return [line for line in file.read_bytes().split(b"\n")[:-1] if line]


def _bring(file: Path, copy: Path) -> None:
    """The copy gets what it lacks at its end: one that was out of reach for a while is whole again. Raises Broken."""
    try:
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
            if file.exists():
                with file.open("rb") as source:
                    source.seek(os.fstat(out.fileno()).st_size)
                    out.write(source.read())
            out.flush()
            os.fsync(out.fileno())
        sync_folder(copy.parent)
    except OSError as fault:
        raise Broken(
            Said(
                f"日志的第二份副本无法写入（{fault.strerror}）",
                f"the second copy of a journal cannot be written ({fault.strerror})",
            ),
            todo=Said("检查 zone.toml 中 journals 所指的位置", "look at the place that `journals` in zone.toml names"),
        ) from None


def _ends_whole(handle: int) -> bool:
    size = os.fstat(handle).st_size
    return size == 0 or os.pread(handle, 1, size - 1) == b"\n"
