"""The only place that chooses adapters: read it to know what runs.

Embedded default: DuckDB over a Delta lake, SQLite for tables and vault, key files, an LMDB file per snapshot, all
under HOME.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from puhui.adapters import django_setup
from puhui.adapters.blobs_sealed import SealedFiles
from puhui.adapters.engine_duckdb import DuckEngine
from puhui.adapters.figures_lmdb import LmdbFigures
from puhui.adapters.journal_file import FileJournal
from puhui.adapters.keys_file import FileKeys
from puhui.adapters.lake_delta import DeltaLake
from puhui.adapters.names_splink import SplinkNames
from puhui.adapters.opened_files import FileOnDisk, open_file
from puhui.adapters.register_django import DjangoRegister
from puhui.adapters.scratch_folder import ScratchFolders
from puhui.adapters.set_aside_xlsx import write_set_aside
from puhui.adapters.settings_toml import ZoneSettings, read_settings, refuse_settled, write_settings
from puhui.adapters.vault_sqlite import SqliteVault
from puhui.desk.officers import Officers, public_half
from puhui.desk.packs import check_one, checked_packs
from puhui.desk.rooms import DeskRooms
from puhui.desk.upkeep import finish_erasures
from puhui.indicators.engine import Engine
from puhui.indicators.pack_tests import TestOutcome, run_pack_tests
from puhui.intake.parcels import PULLED, last_watermark
from puhui.intake.parcels import parcel_of as parcel_in
from puhui.intake.propose import propose_mapping
from puhui.intake.repair import Repaired, needs_repair, repair
from puhui.intake.rooms import Rooms
from puhui.intake.set_aside import SetAside
from puhui.intake.take import preview, take
from puhui.intake.watch import watching
from puhui.lake.store import StoredParcel
from puhui.model.delivery import Parcel
from puhui.model.refusal import Said
from puhui.model.refusals import HomeRefused, UnknownName
from puhui.packs.load import load_packs, with_needs
from puhui.packs.new import new_pack
from puhui.packs.packset import PackSet
from puhui.subjects.vault import Vault

MAKING = ".making"  # stands in a home while the zone is being made
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
    officers: Officers
    repaired: Repaired | None


def shipped_packs() -> Path:
    """The folder of the packs that come with the program: inside the wheel, or beside the source."""
    inside = Path(__file__).parent / "shipped_packs"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "packs"


def now() -> datetime:
    return datetime.now(UTC)


def init_zone(
    home: Path,
    packs: Sequence[Path] = (),
    *,
    city: str = "360500",
    zone: str = "a1",
    buckets: int = 16,
    database: str = "",
) -> Zone:
    """Make a zone: settings, keys, tables, and a copy of the packs, which are checked before anything is written."""
    chosen = ZoneSettings(city=city, zone=zone, buckets=buckets, database=database)
    folders = list(packs) or [shipped_packs() / name for name in SHIPPED]
    packs_of_zone = checked_packs(folders)
    refuse_settled(home)
    chosen.check()
    _copy_packs(folders, home)
    write_settings(home, chosen)  # last: a folder is a zone once it has its settings
    (home / MAKING).unlink()
    django_setup.connect(_database(home, chosen))
    digests = {pack.name: pack.digest for pack in packs_of_zone.packs}
    DjangoRegister().activate_packs(packs_of_zone.digest, digests, "init", now())
    return open_zone(home)


def _copy_packs(folders: Sequence[Path], home: Path) -> None:
    """The zone's own copies, all or none. A folder of that name which is not ours stays as it is."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (home / "packs").exists() and not (home / MAKING).exists():
        raise HomeRefused(
            Said("该文件夹已有 packs，不是空文件夹", "the folder holds `packs` already: it is not an empty one"),
            todo=Said("换一个空文件夹", "take an empty folder"),
        )
    home.chmod(0o700)
    (home / MAKING).touch()
    draft = home / ".packs"
    shutil.rmtree(draft, ignore_errors=True)
    for folder in folders:
        shutil.copytree(folder, draft / folder.resolve().name, ignore=shutil.ignore_patterns(".*"))
    shutil.rmtree(home / "packs", ignore_errors=True)
    os.replace(draft, home / "packs")


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
        matcher=SplinkNames(),  # imports Splink only when a name has to be compared
        register=register,
        open_file=open_file,
        scratch=scratch.open,
        now=now,
        buckets=settings.buckets,
        suppliers=_keys_in(home / "suppliers"),
    )
    desk = DeskRooms(
        packs=packs,
        register=register,
        lake=business,
        service=DeltaLake(home / "lake" / "service" / "relations"),
        blobs=blobs,
        vault=vault,
        figures=LmdbFigures(home / "lake" / "service" / "figures", buckets=settings.buckets),
        open_engine=lambda name, workdir: open_engine(name, workdir, settings),
        scratch=scratch.open,
        now=now,
        buckets=settings.buckets,
    )
    finish_erasures(desk)
    repaired = repair(intake) if scratch.sweep() or needs_repair(intake) else None
    return Zone(home, settings, packs, intake, desk, register, _keys_in(home / "officers"), repaired)


def open_engine(name: str, workdir: Path, settings: ZoneSettings) -> Engine:
    """`duckdb` (the default), `spark` or `sail` (Spark's dialect in process), `pyspark` (Apache Spark, needs Java)."""
    match name:
        case "duckdb":
            return DuckEngine(workdir, memory=settings.memory, threads=settings.threads)
        case "spark" | "sail" | "pyspark":
            from puhui.adapters import engine_spark  # an extra: not everybody has it

            return engine_spark.pyspark() if name == "pyspark" else engine_spark.sail(threads=settings.threads)
        case _:
            raise UnknownName(
                Said(f"没有名为 {name} 的计算引擎", f"there is no engine named {name}"),
                todo=Said("可用：duckdb、spark（sail）、pyspark", "there are: duckdb, spark (sail), pyspark"),
            )


def _database(home: Path, settings: ZoneSettings) -> dict[str, object]:
    if not settings.database:
        return django_setup.sqlite(home / "records.db")
    return django_setup.postgresql_parts(settings.database)


def _keys_in(folder: Path) -> dict[str, bytes]:
    """Name → raw public key, of the `.pub` files of a folder."""
    return {file.stem: file.read_bytes() for file in sorted(folder.glob("*.pub"))} if folder.is_dir() else {}


def add_officer(zone: Zone, name: str, key_file: Path, *, by: str) -> None:
    """Register an officer: the public half in the home, the private half in `key_file` (0600) and nowhere else."""
    folder = zone.home / "officers"
    if not re.fullmatch(r"[\w-]{1,60}", name) or (folder / f"{name}.pub").exists():
        raise HomeRefused(
            Said("经办人姓名不合要求或已登记", "the officer's name is not a plain word, or is registered"),
            todo=Said("换一个姓名或工号", "take another name or staff number"),
        )
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(pem)
    except OSError:
        raise HomeRefused(
            Said("私钥文件已存在或无法写入", "the key file is there already, or cannot be written"),
            todo=Said("换一个文件名", "take another file name"),
        ) from None
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = folder / f".{name}"
    draft.write_bytes(public_half(private))
    os.replace(draft, folder / f"{name}.pub")  # whole or not at all: half a key would lock everybody out
    zone.register.event("officer-registered", by, now(), {"officer": name})


def parcel_of(
    zone: Zone,
    resource: str,
    path: Path,
    *,
    period: str = "",
    mapping: str | None = None,
    kind: str = "",
    corrects: str = "",
) -> Parcel:
    """The parcel of a file, by the zone's packs."""
    return parcel_in(zone.packs, resource, path, period=period, mapping=mapping, kind=kind, corrects=corrects)


def preview_parcel(zone: Zone, parcel: Parcel) -> dict[str, object]:
    """Only the checks of a parcel; nothing is stored."""
    return preview(parcel, zone.intake)


def default_packs(folders: Sequence[Path]) -> PackSet:
    """The given packs with those they need, or the shipped ones."""
    chosen = list(folders) or [shipped_packs() / name for name in SHIPPED]
    return load_packs(with_needs(chosen, [shipped_packs()]))


def check_pack(folder: Path) -> PackSet:
    """Check a pack with those it needs, taken from beside it or from the shipped ones."""
    return check_one(folder, [folder.resolve().parent, shipped_packs()])


def test_pack(folder: Path) -> list[TestOutcome]:
    """Run a pack's own tests on the referee and on DuckDB."""
    packs = check_pack(folder)
    with tempfile.TemporaryDirectory(prefix="puhui-") as scratch:
        return run_pack_tests(packs, DuckEngine(Path(scratch)), only=[folder.resolve().name])


def new_pack_at(folder: Path) -> None:
    """A new pack that passes the check, in a folder that does not exist yet."""
    new_pack(folder.resolve().parent, folder.name)


def propose_layout(zone: Zone, file: Path, resource: str) -> dict[str, Any]:
    """A mapping for a file's layout, column by column with a confidence, for a person to confirm."""
    with zone.intake.scratch() as scratch:
        opened = open_file(file, scratch.folder)
        sample = scratch.tables.rows(f"SELECT * FROM {opened.source_sql()} LIMIT 200")
        candidates = [zone.packs.resource(resource)] if resource else list(zone.packs.resources.values())
        return propose_mapping(zone.packs, candidates, opened.records, sample).as_dict()


def pull_parcel(
    zone: Zone, resource: str, conninfo: str, table: str, order_by: Sequence[str], watermark: str
) -> dict[str, Any]:
    """Pull a supplier's PostgreSQL table and take it; with a watermark column only rows beyond the last pull."""
    from puhui.adapters.postgres_table import Pull, pull_table  # an extra: not everybody has the driver

    known = zone.packs.resource(resource)
    after = last_watermark(zone.register.events(PULLED), known.name, table) if watermark else ""
    with zone.intake.scratch() as scratch:
        pulled = pull_table(conninfo, Pull(table, order_by, watermark=watermark, after=after), scratch.folder)
        rooms = replace(zone.intake, open_file=lambda path, folder: FileOnDisk(pulled.records, folder))
        kind = "increment" if watermark else ""
        taken = take(parcel_in(zone.packs, resource, pulled.records.source, kind=kind), rooms)
    detail = {"resource": known.name, "table": table, "watermark": pulled.watermark or after}
    zone.register.event(PULLED, "intake", now(), detail)
    return {**taken.result, "repeated": taken.repeated, "watermark": detail["watermark"]}


def watch_folder(zone: Zone, folder: Path, *, once: bool, seconds: float) -> Iterator[dict[str, Any]]:
    """Take every complete file of FOLDER/RESOURCE/, one after the other; what became of each."""
    return watching(folder, zone.packs, zone.intake, pause=lambda: time.sleep(seconds), once=once)


def write_set_aside_book(
    zone: Zone, parcel: StoredParcel, aside: SetAside, target: Path, *, warned: bool = False
) -> int:
    """Write the rows set aside as an Excel file; how many there were."""
    rows = tuple(row for row in aside.rows if row.severity == ("warn" if warned else "set_aside"))
    chosen = SetAside(aside.header, rows)
    return write_set_aside(target, zone.packs.resource(parcel.resource), parcel, chosen)


def _packs(home: Path, register: DjangoRegister) -> PackSet:
    """The zone's own packs. Columns and SQL were checked when this very set was activated; a changed one is again."""
    folders = sorted(folder for folder in (home / "packs").iterdir() if folder.is_dir())
    active = register.active_packs()
    packs = load_packs(folders)
    if active is None:  # a stop while the zone was made
        checked_packs(folders)
        register.activate_packs(packs.digest, {pack.name: pack.digest for pack in packs.packs}, "init", now())
    elif active[0] != packs.digest:
        checked_packs(folders)
    return packs
