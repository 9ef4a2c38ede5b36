"""A list of entries in one file, one line each, only ever appended to. The file is 0600."""

from __future__ import annotations

import os
from pathlib import Path

from puhui.adapters.durable import sync_folder


class FileJournal:
    """An ErasureJournal over one file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def append(self, entry: bytes) -> None:
        """Durable once it returns. A line that a crash left torn is closed first."""
        if b"\n" in entry:
            raise ValueError("an entry is one line")
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            torn = not _ends_whole(handle)
            os.write(handle, (b"\n" if torn else b"") + entry + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(self._file.parent)

    def entries(self) -> list[bytes]:
        """All whole lines, oldest first."""
        if not self._file.exists():
            return []
        return [line for line in self._file.read_bytes().split(b"\n")[:-1] if line]


def _ends_whole(handle: int) -> bool:
    size = os.fstat(handle).st_size
    return size == 0 or os.pread(handle, 1, size - 1) == b"\n"
