"""The only place that chooses adapters: read it to know what runs.

Embedded default: DuckDB over a Delta lake, SQLite for tables and vault, key files, an LMDB file per snapshot, all
under HOME.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from puhui.adapters import django_setup
from puhui.adapters.blobs_sealed import SealedFiles
from puhui.adapters.contracts_django import DjangoContracts
from puhui.adapters.directory_django import DjangoDirectory
from puhui.adapters.engine_duckdb import DuckEngine
from puhui.adapters.figures_lmdb import LmdbFigures
from puhui.adapters.home_opened import STOPS, journal_of, keys_of
from puhui.adapters.lake_delta import DeltaLake
from puhui.adapters.letters_django import DjangoLetters, DjangoSigners
from puhui.adapters.monitors_django import DjangoMonitors
from puhui.adapters.names_splink import SplinkNames
from puhui.adapters.objections_django import DjangoObjections
from puhui.adapters.officers_files import OfficerFiles, make_key
from puhui.adapters.opened_files import FileOnDisk, open_file
from puhui.adapters.pack_sets import SETS, SHOWN, PackSets
from puhui.adapters.refusals_django import DjangoRefusals
from puhui.adapters.register_django import DjangoRegister
from puhui.adapters.scratch_folder import ScratchFolders
from puhui.adapters.set_aside_xlsx import write_set_aside
from puhui.adapters.settings_toml import ZoneSettings, read_settings, refuse_settled, write_settings
from puhui.adapters.stops_journal import keep_stops
from puhui.adapters.vault_sqlite import SqliteVault
from puhui.consent.evidence import RelyingParty
from puhui.desk.acts import ADD_OFFICER, propose_act
from puhui.desk.letter_rooms import LetterRooms, VaultRecordKeys, letter_rooms
from puhui.desk.officers import Officers, enrol_officer, takes_two
from puhui.desk.packs import checked_packs
from puhui.desk.roles import DEFAULT, Role
from puhui.desk.rooms import DeskRooms, Partners
from puhui.desk.upkeep import finish_erasures
from puhui.indicators.engine import Engine
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
from puhui.model.keys import KeyStore
from puhui.model.refusal import Said
from puhui.model.refusals import Broken, HomeRefused, UnknownName
from puhui.packs.load import load_packs, with_needs
from puhui.packs.packset import PackSet
from puhui.subjects.vault import Vault
from puhui.wire.keys import Ed25519Signing

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
    inside = Path(__file__).parents[1] / "shipped_packs"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "packs"


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
    keys: str = "files",
) -> Zone:
    """Make a zone: settings, keys, tables, and a copy of the packs, which are checked before anything is written."""
    chosen = ZoneSettings(city=city, zone=zone, buckets=buckets, database=database, keys=keys)
    folders = list(packs) or [shipped_packs() / name for name in SHIPPED]
    packs_of_zone = checked_packs(folders)
    refuse_settled(home)
    chosen.check()
    _begin_home(home)
    keys_of(home, chosen)  # refused before there is half a zone
    sets = PackSets(home)
    sets.show(sets.keep(folders))
    write_settings(home, chosen)  # last: a folder is a zone once it has its settings
    (home / MAKING).unlink()
    django_setup.connect(_database(home, chosen))
    _activate_first(packs_of_zone, DjangoRegister())
    return open_zone(home)


def _begin_home(home: Path) -> None:
    """A folder for the zone alone. One that holds packs which are not ours stays as it is."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = [name for name in (SHOWN, SETS) if (home / name).exists()]
    if held and not (home / MAKING).exists():
        raise HomeRefused(
            Said(
                f"该文件夹已有 {held[0]}，不是空文件夹", f"the folder holds `{held[0]}` already: it is not an empty one"
            ),
            todo=Said("换一个空文件夹", "take an empty folder"),
        )
    home.chmod(0o700)
    (home / MAKING).touch()
    shutil.rmtree(home / SETS, ignore_errors=True)


def open_zone(home: Path) -> Zone:
    """Open a zone and repair what a stop left. Raises HomeRefused, PackRefused, Broken."""
    settings = read_settings(home)
    django_setup.connect(_database(home, settings))
    register = DjangoRegister()
    sets = PackSets(home)
    packs = _packs_in_use(sets, register)
    keys = keys_of(home, settings)
    officers = OfficerFiles(home / "officers")
    scratch = ScratchFolders(home / "work", memory=settings.memory, threads=settings.threads)
    business, blobs = DeltaLake(home / "lake" / "business"), SealedFiles(home / "lake" / "base", keys)
    journal = journal_of(home, settings)
    held = bool(register.editions() or business.tables() or journal.entries())
    vault = Vault(
        _vault_store(home / "vault" / "vault.db", settings, held=held),
        keys,
        journal,
        city=settings.city,
        zone=settings.zone,
        buckets=settings.buckets,
    )
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
        sets=sets,
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
        officers=officers,
        refusals=DjangoRefusals(),
        partners=_partners(settings, keys),
        keys=keys,
        objections=DjangoObjections(),
        letters=DjangoLetters(VaultRecordKeys(vault)),
        signers=DjangoSigners(),
        monitors=DjangoMonitors(),
    )
    keep_stops(journal_of(home, settings, STOPS), vault.commitment)
    finish_erasures(desk)
    repaired = repair(intake) if scratch.sweep() or needs_repair(intake) else None
    return Zone(home, settings, packs, intake, desk, register, officers.keys(), repaired)


def _partners(settings: ZoneSettings, keys: KeyStore) -> Partners:
    directory = DjangoDirectory(keys)
    return Partners(
        admissions=directory,
        directory=directory,
        contracts=DjangoContracts(keys),
        signer=lambda: zone_key(keys),
        zone=f"puhui/{settings.city}/{settings.zone}",
        private_hosts=settings.private_webhooks,
    )


def open_letters(home: Path) -> tuple[LetterRooms, Officers]:
    """The rooms of letters of a zone, and its officers' keys."""
    zone = open_zone(home)
    records, party = VaultRecordKeys(zone.desk.vault), relying_party(zone.settings)
    rooms = letter_rooms(zone.desk, zone.desk.letters, zone.desk.signers, records, zone.desk.keys, party)
    return rooms, zone.officers


def relying_party(settings: ZoneSettings) -> RelyingParty:
    """Who the zone is to passkeys: the host of its site, and its one origin."""
    return RelyingParty(urlsplit(settings.site).hostname or "", (settings.site,))


def zone_key(keys: KeyStore) -> Ed25519Signing:
    """The key that the zone signs answers and contracts with: `zone/<version>`."""
    key = keys.current("zone")
    return Ed25519Signing.of_seed(key.id, key.secret)


def _vault_store(file: Path, settings: ZoneSettings, *, held: bool) -> SqliteVault:
    """The vault's store. `held`: the zone knows subjects, so one that is gone or empty is lost, and no new one."""
    if held and not (file.is_file() and file.stat().st_size):
        raise _vault_lost()
    store = SqliteVault(file, city=settings.city, zone=settings.zone)
    if held and not store.meta():
        store.close()
        raise _vault_lost()
    return store


def _vault_lost() -> Broken:
    return Broken(
        Said("身份库不见了：库中的主体无人能识", "the vault is gone: nobody can tell who the subjects of the lake are"),
        todo=Said(
            "从备份恢复 HOME/vault（vault.db 与删除日志）；不会另建空库",
            "restore HOME/vault (vault.db and the journal of erasures) from a backup; no empty one is made instead",
        ),
    )


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


def add_officer(zone: Zone, name: str, key_file: Path, *, role: Role = DEFAULT, by: str) -> dict[str, Any]:
    """Register an officer: the public half in the home, the private half in `key_file` (0600) and nowhere else.

    The first officers of a role are registered at once, a later one is proposed: `proposal` is its number.
    """
    OfficerFiles(zone.home / "officers").check_new(name)
    public = make_key(key_file)
    if not takes_two(zone.desk, role):
        return enrol_officer(zone.desk, name, public, role, by=by)
    given = {"name": name, "role": role.value, "public": public.hex()}
    number = propose_act(zone.desk, ADD_OFFICER, given, by=by, reason=f"a further officer: {name}")
    return {"officer": name, "role": role.value, "proposal": number, "state": "open"}


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


def _packs_in_use(sets: PackSets, register: DjangoRegister) -> PackSet:
    """The zone's own packs. Columns and SQL were checked when this very set was activated; no other one is used."""
    active = register.active_packs()
    if active is None:  # the zone is new, or its making was stopped here
        packs = checked_packs(sets.folders(sets.shown()))
        _activate_first(packs, register)
        return packs
    packs = load_packs(sets.folders(active[0]))
    if packs.digest != active[0]:
        raise Broken(
            Said("使用中的数据包被改动过", "the packs in use were changed"),
            todo=Said(
                "放回原样；要改用新的数据包，用 puhui pack activate",
                "put them back as they were; to use changed packs, run `puhui pack activate`",
            ),
        )
    sets.show(active[0])
    return packs


def _activate_first(packs: PackSet, register: DjangoRegister) -> None:
    register.activate_packs(packs.digest, {pack.name: pack.digest for pack in packs.packs}, "init", now())
