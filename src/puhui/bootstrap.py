"""The only place that chooses adapters: read it to know what runs.

Embedded default: DuckDB over a Delta lake, SQLite for tables and vault, key files, an LMDB file per snapshot, all under HOME.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from puhui.adapters import django_setup
from puhui.adapters.blobs_sealed import SealedFiles
from puhui.adapters.engine_duckdb import DuckEngine
from puhui.adapters.figures_lmdb import LmdbFigures
from puhui.adapters.journal_file import FileJournal
from puhui.adapters.keys_file import FileKeys
from puhui.adapters.lake_delta import DeltaLake
from puhui.adapters.opened_files import open_file
from puhui.adapters.register_django import DjangoRegister
from puhui.adapters.scratch_folder import ScratchFolders
from puhui.adapters.settings_toml import ZoneSettings, read_settings, write_settings
from puhui.adapters.vault_sqlite import SqliteVault
from puhui.desk.packs import checked_packs
from puhui.desk.rooms import DeskRooms
from puhui.indicators.engine import Engine
from puhui.intake.repair import Repaired, repair
from puhui.intake.rooms import Rooms
from puhui.model.refusal import Said
from puhui.model.refusals import UnknownName
from puhui.packs.load import load_packs
from puhui.packs.packset import PackSet
from puhui.subjects.resolve import NameMatcher
from puhui.subjects.vault import Vault

SHIPPED = ("base", "tax-loan", "housing-fund-loan", "farmer-loan", "sme-credit", "invoice")


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone of one city, opened: what the commands and the pages work on."""

    home: Path
    settings: ZoneSettings
    packs: PackSet
    intake: Rooms
    desk: DeskRooms
    register: DjangoRegister
    repaired: Repaired | None


def shipped_packs() -> Path:
    """The folder of the packs that come with the program: inside the wheel, or beside the source."""
    inside = Path(__file__).parent / "shipped_packs"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "packs"


def now() -> datetime:
    return datetime.now(UTC)


def init_zone(home: Path, packs: Sequence[Path] = (), settings: ZoneSettings | None = None) -> Zone:
    """Make a zone: settings, keys, tables, and a copy of the packs, which are checked before anything is written."""
    chosen = settings or ZoneSettings(city="360500", zone="a1")
    folders = list(packs) or [shipped_packs() / name for name in SHIPPED]
    checked_packs(folders)
    write_settings(home, chosen)
    for folder in folders:
        shutil.copytree(folder, home / "packs" / folder.resolve().name, ignore=shutil.ignore_patterns(".*"))
    zone = open_zone(home)
    digests = {pack.name: pack.digest for pack in zone.packs.packs}
    zone.register.activate_packs(zone.packs.digest, digests, "init", now())
    return zone


def open_zone(home: Path) -> Zone:
    """Open a zone and repair what a stop left. Raises HomeRefused, PackRefused, Broken."""
    settings = read_settings(home)
    django_setup.connect(_database(home, settings))
    register = DjangoRegister()
    packs = _packs(home, register)
    keys = FileKeys(home / "keys")
    scratch = ScratchFolders(home / "work", memory=settings.memory, threads=settings.threads)
    vault = Vault(
        SqliteVault(home / "vault" / "vault.db", city=settings.city, zone=settings.zone),
        keys,
        FileJournal(home / "vault" / "erasures.journal"),
        city=settings.city,
        zone=settings.zone,
        buckets=settings.buckets,
    )
    business, blobs = DeltaLake(home / "lake" / "business"), SealedFiles(home / "lake" / "base", keys)
    intake = Rooms(
        packs=packs,
        blobs=blobs,
        lake=business,
        vault=vault,
        matcher=_LazyMatcher(),
        register=register,
        open_file=open_file,
        scratch=scratch.open,
        now=now,
        buckets=settings.buckets,
        suppliers=_suppliers(home),
    )
    desk = DeskRooms(
        packs=packs,
        register=register,
        lake=business,
        service=DeltaLake(home / "lake" / "service" / "relations"),
        blobs=blobs,
        vault=vault,
        figures=LmdbFigures(home / "lake" / "service" / "figures"),
        open_engine=lambda name: open_engine(name, home / "work", settings),
        scratch=scratch.open,
        now=now,
        buckets=settings.buckets,
    )
    stale = scratch.sweep()
    repaired = repair(intake) if stale or register.unfinished() else None
    if stale:
        blobs.sweep()
    return Zone(home, settings, packs, intake, desk, register, repaired)


def open_engine(name: str, workdir: Path, settings: ZoneSettings) -> Engine:
    """`duckdb` (the default), `spark` or `sail` (Spark's dialect in process), `pyspark` (Apache Spark, needs Java)."""
    match name:
        case "duckdb":
            return DuckEngine(workdir, memory=settings.memory, threads=settings.threads)
        case "spark" | "sail" | "pyspark":
            from puhui.adapters.engine_spark import open_spark  # an extra: not everybody has it

            return open_spark("sail" if name == "spark" else name)
        case _:
            raise UnknownName(
                Said(f"没有名为 {name} 的计算引擎", f"there is no engine named {name}"),
                todo=Said("可用：duckdb、spark（sail）、pyspark", "there are: duckdb, spark (sail), pyspark"),
            )


class _LazyMatcher:
    """Splink takes a second to import: only a delivery with names pays for it."""

    _matcher: NameMatcher | None = None

    def score(self, asked, known):  # type: ignore[no-untyped-def]
        if self._matcher is None:
            from puhui.adapters.names_splink import SplinkNames

            self._matcher = SplinkNames()
        return self._matcher.score(asked, known)


def _database(home: Path, settings: ZoneSettings) -> dict[str, object]:
    if not settings.database:
        return django_setup.sqlite(home / "records.db")
    return django_setup.postgresql(settings.database)


def _suppliers(home: Path) -> dict[str, bytes]:
    folder = home / "suppliers"
    return {file.stem: file.read_bytes() for file in sorted(folder.glob("*.pub"))} if folder.is_dir() else {}


def _packs(home: Path, register: DjangoRegister) -> PackSet:
    """The zone's own packs. Columns and SQL were checked when this very set was activated; a changed one is again."""
    folders = sorted(folder for folder in (home / "packs").iterdir() if folder.is_dir())
    active = register.active_packs()
    packs = load_packs(folders)
    return packs if active and active[0] == packs.digest else checked_packs(folders)
