"""The log's tiles as files under one folder, which a web server may serve as it stands.

Promises: a file appears whole under its name; after `settle` the files and the size that they reach survive the loss of
power. A thief of this folder gains hashes, and how many entries were published when.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from puhui.wire.durable import PRIVATE, replace_bytes, sync_file, sync_folder
from puhui.wire.tiles import Tile, read_bundle
from puhui.wire.tlog import HASH_SIZE

_SIZE = "size"
_MANY = 256  # files beyond which one sync of everything is cheaper than one for each


class TileFiles:
    """`Tiles` in a folder: `tile/0/x001/234`, `tile/entries/…`, and `size`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: list[Path] = []
        self._overtaken: list[Path] = []
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def size(self) -> int:
        try:
            return int((self._folder / _SIZE).read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return 0  # all of it can be made again from the database

    def read(self, tile: Tile) -> bytes | None:
        try:
            return (self._folder / tile.path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return self._beginning(tile)

    def write(self, tile: Tile, data: bytes) -> None:
        file = self._folder / tile.path
        draft = file.with_name(f".{file.name}.new")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
        except FileNotFoundError:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
        with open(handle, "wb") as out:
            out.write(data)
        os.replace(draft, file)
        self._written.append(file)
        if ".p/" not in tile.path:
            self._overtaken.append(file.with_name(f"{file.name}.p"))

    def settle(self, size: int) -> None:
        if len(self._written) > _MANY:
            os.sync()
        else:
            for file in self._written:
                sync_file(file)
            for folder in sorted({parent for file in self._written for parent in self._parents(file)}):
                sync_folder(folder)
        replace_bytes(self._folder / _SIZE, str(size).encode())
        for partial in self._overtaken:
            shutil.rmtree(partial, ignore_errors=True)
        self._written, self._overtaken = [], []

    def _parents(self, file: Path) -> list[Path]:
        """The folders from the file's up to ours."""
        depth = len(file.relative_to(self._folder).parts)
        return list(file.parents[:depth])

    def _beginning(self, tile: Tile) -> bytes | None:
        """A partial tile out of the full one, once that overtook it."""
        full = Tile(tile.level, tile.index)
        if tile.width == full.width:
            return None
        try:
            raw = (self._folder / full.path).read_bytes()
        except FileNotFoundError:
            return None
        if tile.level is None:
            return raw[: sum(2 + len(entry) for entry in read_bundle(full, raw)[: tile.width])]
        return raw[: tile.width * HASH_SIZE]
