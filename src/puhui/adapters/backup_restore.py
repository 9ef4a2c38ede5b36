"""A home out of a backup: every digest checked, then copied into a draft beside the home that is to be.

Promises: nothing is taken of a backup that is not whole or not the zone's own; the newer of two journals is used, and
two that contradict each other are refused; the home appears only when whoever called has finished with the draft.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import connections

from puhui.adapters.backup_manifest import (
    Manifest,
    check_files,
    check_signed,
    fresh_folder,
    publish_folder,
    read_manifest,
    take_files,
)
from puhui.adapters.backup_postgres import DUMP, restore_postgresql
from puhui.adapters.home_opened import ERASURES, KEYS, STOPS, VAULT, keys_of
from puhui.adapters.journal_file import lines_of
from puhui.adapters.settings_toml import move_database, read_settings
from puhui.model.refusal import Said
from puhui.model.refusals import Broken, HomeRefused
from puhui.wire.durable import replace_bytes


@dataclass(frozen=True, slots=True)
class Given:
    """What a restore takes. `keys`: a backup of keys; None where another keeps them. `journals`: a folder with the
    newest journals; None: those of the backup. `database`: where the tables go, if not where they were.
    """

    backup: Path
    keys: Path | None
    journals: Path | None
    database: str = ""


def draft_of(given: Given, home: Path) -> tuple[Path, Manifest]:
    """The draft of the home, filled. Raises HomeRefused where the home is not empty, Broken, KeysRefused."""
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise HomeRefused(
            Said(f"{home.name} 不是空文件夹", f"{home.name} is not an empty folder"),
            todo=Said("恢复到一个空文件夹", "restore into an empty folder"),
        )
    manifest, raw = read_manifest(given.backup)
    check_files(given.backup, manifest.files)
    draft = fresh_folder(home)
    take_files(given.backup, [one for one in manifest.files if one.path != DUMP], draft)
    if given.keys:
        listed, _ = read_manifest(given.keys)
        check_files(given.keys, listed.files)
        take_files(given.keys, listed.files, draft / KEYS)
        (draft / KEYS).chmod(0o700)
    for name in (ERASURES, STOPS):
        _newer_journal(draft / VAULT / name, given.journals)
    _tables(given, draft, manifest)
    check_signed(given.backup, raw, keys_of(draft, read_settings(draft)))
    return draft, manifest


def _tables(given: Given, draft: Path, manifest: Manifest) -> None:
    if manifest.database != "postgresql":
        return
    if given.database:
        move_database(draft, given.database)
    restore_postgresql(read_settings(draft).database, given.backup / DUMP)


def _newer_journal(file: Path, journals: Path | None) -> None:
    """The one that goes on where the other ends."""
    given = lines_of(journals / file.name) if journals else []
    held = lines_of(file)
    if not _goes_on(given, held) and not _goes_on(held, given):
        raise Broken(
            Said(f"两份 {file.name} 互相矛盾", f"the two copies of {file.name} contradict each other"),
            todo=Said("给出本专区的日志副本", "give the copy of this zone's own journal"),
        )
    if len(given) > len(held):
        file.parent.mkdir(mode=0o700, exist_ok=True)
        replace_bytes(file, b"".join(line + b"\n" for line in given))


def _goes_on(longer: Sequence[bytes], shorter: Sequence[bytes]) -> bool:
    return list(longer[: len(shorter)]) == list(shorter)


def settle(draft: Path, home: Path) -> None:
    """The draft becomes the home. What of the database is open is closed, so that nothing is left to be written."""
    connections["default"].close()
    if home.exists():
        home.rmdir()
    publish_folder(draft, home)
