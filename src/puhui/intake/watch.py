"""A watched folder: FOLDER/RESOURCE/FILE is taken once it is complete, and then moved to `taken` or
`refused`.

A file is complete when a manifest or an empty `FILE.done` stands beside it, or when two looks saw the same
size and time. The move is one rename. A stop between taking and moving does no harm: the parcel is taken
again, which changes nothing, and then moved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puhui.intake.manifest import SUFFIX as MANIFEST
from puhui.intake.parcels import parcel_of, shown_name
from puhui.intake.rooms import Rooms
from puhui.intake.take import take
from puhui.model.refusal import Refusal
from puhui.model.refusals import Busy
from puhui.packs.packset import PackSet

DONE = ".done"
TAKEN, REFUSED = "taken", "refused"
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", "~")


@dataclass(frozen=True, slots=True)
class Look:
    """What one look saw of a file."""

    size: int
    changed: int  # nanoseconds


def pending(folder: Path, seen: dict[Path, Look]) -> list[Path]:
    """The complete files of FOLDER/RESOURCE/, by name. `seen` holds the last look and is brought up to
    date."""
    now: dict[Path, Look] = {}
    complete = []
    for path in sorted(folder.glob("*/*")):
        if not _is_data(folder, path):
            continue
        state = path.stat()
        look = now[path] = Look(state.st_size, state.st_mtime_ns)
        if any(path.with_name(path.name + mark).exists() for mark in (MANIFEST, DONE)) or seen.get(path) == look:
            complete.append(path)
    seen.clear()
    seen.update(now)
    return complete


def _is_data(folder: Path, path: Path) -> bool:
    name = path.name
    hidden = name.startswith((".", "~")) or name.endswith((MANIFEST, DONE, *_UNFINISHED))
    return not hidden and path.parent.parent == folder and path.is_file() and not path.is_symlink()


def watching(
    folder: Path, packs: PackSet, rooms: Rooms, *, pause: Callable[[], None], once: bool
) -> Iterator[dict[str, Any]]:
    """Take complete files as they come; what became of each. `once`: two looks with one pause between, then
    the end."""
    seen: dict[Path, Look] = {}
    looks = 0
    while True:
        for path in pending(folder, seen):
            outcome = _taken(path, packs, rooms)
            if outcome is not None:
                yield outcome
        looks += 1
        if once and (looks == 2 or not seen):
            return
        pause()


def _taken(path: Path, packs: PackSet, rooms: Rooms) -> dict[str, Any] | None:
    """What became of a file; None: another process writes its table, and a later look takes it."""
    try:
        taken = take(parcel_of(packs, path.parent.name, path), rooms)
    except Busy:
        return None
    except Refusal as refusal:
        moved = move_away(path, REFUSED)
        reason = moved.with_name(moved.name + ".reason.json")
        reason.write_text(json.dumps(refusal.as_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
        return {"file": shown_name(path), "resource": path.parent.name, **refusal.as_dict()}
    move_away(path, TAKEN)
    return {"file": shown_name(path), **taken.result, "repeated": taken.repeated}


def move_away(path: Path, to: str) -> Path:
    """Move a file, and what stands beside it, to RESOURCE/`to`/; a name that is taken there gets a number."""
    target_folder = path.parent / to
    target_folder.mkdir(exist_ok=True)
    target, number = target_folder / path.name, 1
    while target.exists():
        number += 1
        target = target_folder / f"{path.stem}.{number}{path.suffix}"
    os.replace(path, target)
    for mark in (MANIFEST, DONE):
        beside = path.with_name(path.name + mark)
        if beside.exists():
            os.replace(beside, target.with_name(target.name + mark))
    return target
