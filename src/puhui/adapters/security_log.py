"""The security log's files, HOME/security/strangers-YYYY-MM-DD.jsonl (0600 in a folder of 0700), and its entries."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from puhui.adapters import django_setup  # noqa: F401  settings before models
from puhui.ledger.reading import Archive
from puhui.ledger.security import KIND, FileState, day_of, state_in, state_of
from puhui.ledger.store import EntryRow
from puhui.records.models import LogEntry
from puhui.wire.durable import PRIVATE, sync_file, sync_folder

FOLDER = "security"  # in the home
_COLUMNS = EntryRow.__struct_fields__
_NAMED = ", ".join(f'"{name}"' for name in _COLUMNS)
# the kind stands in the text: SQLite takes an index of some rows only where it sees that these are among them
SECURITY_ROWS = f"SELECT {_NAMED} FROM records_logentry WHERE kind = '{KIND}' ORDER BY \"index\""


class StrangerFiles:
    """`Files` of the gateway and `SecurityFiles` of a check, over one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> Sequence[str]:
        if not self._folder.is_dir():
            return ()
        return sorted(entry.name for entry in self._folder.iterdir() if day_of(entry.name))

    def append(self, name: str, lines: Sequence[bytes], *, cap: int | None) -> int:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, PRIVATE)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            ends = accumulate(map(len, lines), initial=size + torn)
            fitting = len(lines) if cap is None else sum(end <= cap for end in list(ends)[1:])
            if fitting:
                _write_all(handle, (b"\n" if torn else b"") + b"".join(lines[:fitting]))
            return fitting
        finally:
            os.close(handle)

    def settled(self, name: str) -> FileState:
        sync_file(self._folder / name)
        sync_folder(self._folder)
        return state_of(name, (self._folder / name).read_bytes())

    def remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None


def _write_all(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def states_logged(archive: Archive) -> Iterator[FileState]:
    """What the ledger says of the files, in its order. LogBroken, Broken."""
    for row in LogEntry.objects.raw(SECURITY_ROWS).iterator():
        entry = {name: getattr(row, name) for name in _COLUMNS}
        opened = archive.open(EntryRow(**{**entry, "entry": bytes(row.entry), "sealed": bytes(row.sealed)}))
        if opened is not None:
            yield state_in(opened[1])
