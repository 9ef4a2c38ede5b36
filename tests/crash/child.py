"""A process that works on a zone until it is killed.

It may tell each step that touches a disk over a connection, before and after, and wait for an answer. Whoever wants
it to die there kills it instead of answering.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from puhui.adapters import lake_delta, pack_sets
from puhui.adapters.blobs_sealed import SealedFiles
from puhui.adapters.figures_lmdb import LmdbFigures, LmdbWriter
from puhui.adapters.journal_file import FileJournal
from puhui.adapters.lake_delta import DeltaLake
from puhui.adapters.pack_sets import PackSets
from puhui.adapters.register_django import DjangoRegister
from puhui.adapters.tables_duckdb import DuckTables
from puhui.adapters.vault_sqlite import SqliteVault
from puhui.bootstrap import open_zone

Act = tuple[Callable[..., object], tuple[Any, ...]]  # called with the zone and the arguments

WATCHED = [
    (SealedFiles, ("seal", "seal_with", "forget")),
    (DjangoRegister, ("begin", "settle", "list_edition", "list_snapshot", "set_edition_state", "close_act", "event")),
    (DjangoRegister, ("propose", "activate_packs")),
    (PackSets, ("keep", "show")),
    (pack_sets, ("_copy", "_settle", "publish")),
    (DuckTables, ("write_parquet",)),
    (DeltaLake, ("commit", "restore", "purge")),
    (lake_delta, ("_add_action", "_sync_log")),
    (LmdbWriter, ("put", "publish")),
    (LmdbFigures, ("begin", "activate", "prune")),
    (SqliteVault, ("add", "index", "bury")),
    (FileJournal, ("append",)),
]


def told(function: Callable[..., Any], name: str, wire: Connection) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        _tell(wire, f"before {name}")
        result = function(*arguments, **options)
        _tell(wire, f"after {name}")
        return result

    return wrapped


def _tell(wire: Connection, step: str) -> None:
    wire.send(step)
    wire.recv()


def watch(wire: Connection) -> None:
    for owner, names in WATCHED:
        for name in names:
            setattr(owner, name, told(getattr(owner, name), f"{owner.__name__.rpartition('.')[2]}.{name}", wire))


def work(home: Path, story: Sequence[Act], steps: Connection | None) -> None:
    """Do the acts of the story one after the other; an empty step is the end."""
    if steps is not None:
        watch(steps)
    zone = open_zone(home)
    for act, arguments in story:
        act(zone, *arguments)
    if steps is not None:
        steps.send("")
