"""The log as static files (C2SP tlog-tiles): exactly the paths that a tile can have, and no other way to the disk."""

from __future__ import annotations

from pathlib import Path

from puhui.api.http import Reply
from puhui.wire.tiles import parse_path

_TILE = (
    ("content-type", "application/octet-stream"),
    ("cache-control", "public, max-age=31536000, immutable"),
    ("x-content-type-options", "nosniff"),
)


def read_tile(folder: Path, path: str) -> Reply | None:
    """The tile of a path such as `tile/0/x001/067.p/8` under the log's folder; None where there is none.

    The file's name is made from the parsed tile, never from the path as it came. Partial tiles of an older size are cut
    out of what is there, as tlog-tiles allows them to be gone: they are not served.
    """
    tile = parse_path(path)
    if tile is None:
        return None
    file = folder / tile.path
    try:
        inside = file.resolve(strict=True).is_relative_to(folder.resolve())  # a link leads nowhere else
        return Reply(200, _TILE, file.read_bytes()) if inside else None
    except (FileNotFoundError, NotADirectoryError):
        return None
