"""What makes a file outlive a stop: its bytes first, then its name, each on the disk before the next.

Promises: when a function returns, what it did survives the loss of power; a stop before leaves the old file whole or
none, at worst beside a draft that nobody reads. No draft stays when an error is raised. (`write_new` promises less.)
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE = 0o600  # the zone's account alone
OPEN = 0o666  # whoever the umask lets


def sync_file(file: Path) -> None:
    """The bytes of a file are on the disk. Raises FileNotFoundError."""
    _sync(file)


def sync_folder(folder: Path) -> None:
    """The names in a folder are on the disk: what was made, renamed or removed there stays so."""
    _sync(folder)


def write_new(file: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """A file that is not there yet holds `data`, which is on the disk; its name is not before `sync_folder`.

    Raises FileExistsError. A stop, or an error, may leave it cut off.
    """
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def replace_bytes(file: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """The file holds `data`, whole, in place of what it held. `mode` is narrowed by the umask.

    One writer of a file at a time: the draft `.NAME.new` that a stop left is taken over by the next.
    """
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    with _written(draft, data, mode):
        publish(draft, file)


def create_bytes(file: Path, data: bytes, *, mode: int = PRIVATE) -> bool:
    """The file appears whole with `data`; False, and nothing done, where it stood there already. For many at once."""
    draft = file.with_name(f".draft-{secrets.token_hex(8)}")
    with _written(draft, data, mode):
        try:
            os.link(draft, file)
        except FileExistsError:
            return False
    sync_folder(file.parent)
    return True


def publish(draft: Path, target: Path) -> None:
    """A draft whose bytes are on the disk takes its name, in place of what bore it. Both in one folder."""
    os.replace(draft, target)
    sync_folder(target.parent)


@contextmanager
def _written(draft: Path, data: bytes, mode: int) -> Iterator[None]:
    """The bytes are on the disk under the draft's name; that name is gone at the end."""
    try:
        write_new(draft, data, mode=mode)
        yield
    finally:
        draft.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
