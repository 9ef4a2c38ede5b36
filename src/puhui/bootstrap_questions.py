"""Opens a zone for questions: who may ask, what is allowed, where figures are read, how the log is written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from puhui.adapters.contracts_django import DjangoContracts
from puhui.adapters.directory_django import DjangoDirectory
from puhui.adapters.journal_file import FileJournal
from puhui.adapters.keys_file import FileKeys
from puhui.adapters.letters_django import DjangoLetters
from puhui.adapters.log_opened import ZoneLog, open_log
from puhui.adapters.vault_sqlite import SqliteVault
from puhui.adapters.vault_threads import VaultThreads
from puhui.adapters.witnesses_files import WitnessFiles
from puhui.bootstrap import Zone, now, open_engine, relying_party, zone_key
from puhui.desk.editions import readable
from puhui.desk.letter_rooms import VaultRecordKeys
from puhui.desk.offers import offers_of
from puhui.desk.trust import Ground, LogPeriod, Period, trust_of
from puhui.gateway.prepared import Products
from puhui.gateway.replay import ReplayRooms
from puhui.gateway.rooms import Rooms
from puhui.gateway.terms import rules_of_packs, studies_of
from puhui.gateway.trace import TraceRooms
from puhui.lake.editions import edition_of
from puhui.ledger.publish import Publisher, Publishing
from puhui.ledger.store import EntryRow
from puhui.model.delivery import Edition, EditionFile
from puhui.model.figures import Snapshot
from puhui.packs.load import load_packs
from puhui.subjects.vault import Vault
from puhui.wire.trust import Trust

LOG = "ledger"  # the folder of the tiles, in the home


@dataclass(frozen=True, slots=True)
class Questions:
    """A zone that answers: its rooms, its log, and what brings the log before the outside."""

    rooms: Rooms
    log: ZoneLog
    publisher: Publisher
    files: Path


class NoObjections:
    """Nobody disputes anything."""

    def of(self, token: str) -> Set[str]:
        return frozenset()


def vault_threads(zone: Zone) -> VaultThreads:
    """The zone's vault for several threads."""
    home, settings = zone.home, zone.settings

    def opened() -> Vault:
        return Vault(
            SqliteVault(home / "vault" / "vault.db", city=settings.city, zone=settings.zone),
            FileKeys(home / "keys"),
            FileJournal(home / "vault" / "erasures.journal"),
            city=settings.city,
            zone=settings.zone,
            buckets=settings.buckets,
        )

    return VaultThreads(opened)


def zone_log(zone: Zone, vaults: VaultThreads | None = None) -> ZoneLog:
    """The zone's log, for those who only read it or append to it now and then."""
    return open_log(
        zone.home / LOG, zone.desk.partners.zone, FileKeys(zone.home / "keys"), vaults or vault_threads(zone)
    )


@contextmanager
def open_questions(zone: Zone) -> Iterator[Questions]:
    """The zone, ready to answer; its sequencer and publisher run until the end of the context."""
    # letters and keys are read on the event loop: one row each, by primary key, quicker than a change of threads
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    keys, vaults = FileKeys(zone.home / "keys"), vault_threads(zone)
    log = zone_log(zone, vaults)
    studies = studies_of(zone.packs)
    with log.sequencer(now) as sequencer:
        publisher = log.publisher(sequencer, now, witnesses=witness_files(zone).witnesses())
        rooms = Rooms(
            directory=DjangoDirectory(keys),
            book=DjangoContracts(),
            offers=offers_of(zone.packs, now().date()),
            products=Products(zone.packs, studies, lambda snapshot: edition_digests(zone, snapshot)),
            index=vaults,
            letters=DjangoLetters(VaultRecordKeys(vaults.vault)),
            rules=rules_of_packs(zone.packs, studies),
            figures=zone.desk.figures.reader(),
            objections=NoObjections(),
            log=sequencer,
            again=log.archive,
            past=log.store,
            signing=zone_key(keys),
            origin=log.tools.origin,
            now=now,
        )
        with Publishing(publisher):
            yield Questions(rooms, log, publisher, zone.home / LOG)


def witness_files(zone: Zone) -> WitnessFiles:
    """The witnesses that the zone asks."""
    return WitnessFiles(zone.home / "witnesses")


def trust_file(zone: Zone) -> Trust:
    """The zone's trust file as it stands."""
    keys, log, party = FileKeys(zone.home / "keys"), zone_log(zone), relying_party(zone.settings)
    ground = Ground(
        origin=log.tools.origin,
        answer_keys=[Period(zone_key(keys).verifying())],
        log_keys=[LogPeriod(key) for key in log.keys],
        rp_id=party.rp_id,
        origins=party.origins,
        witnesses=[key for key, _ in witness_files(zone).listed()],
        quorum=zone.settings.quorum,
    )
    return trust_of(zone.desk, ground)


def replay_rooms(zone: Zone) -> ReplayRooms:
    """What a replay of an answer needs."""
    log = zone_log(zone)
    letters = DjangoLetters(VaultRecordKeys(zone.desk.vault))

    def edition(source: str, number: int) -> tuple[Edition, Sequence[EditionFile]]:
        if source in zone.packs.relations:
            of = next(edition_of(one) for one in zone.desk.service.versions(source) if one.note["number"] == number)
            return of, zone.desk.service.files(source, of.version)
        found = next(one for one in zone.register.editions(source) if one.number == number)
        return readable(found), zone.desk.lake.files(source, found.version)

    def stated(letter_id: str) -> Mapping[str, str]:
        letter = letters.letter(letter_id)
        return letters.stated(letter) if letter else {}

    @contextmanager
    def scratch() -> Iterator[Path]:
        with zone.desk.scratch() as opened:
            yield opened.folder

    return ReplayRooms(
        past=log.store,
        receipt=log.archive.receipt,
        packs=lambda digest: load_packs(zone.desk.sets.folders(digest)),
        edition=edition,
        stated=stated,
        open_engine=lambda folder: open_engine("duckdb", folder, zone.settings),
        scratch=scratch,
        buckets=zone.settings.buckets,
    )


def trace_rooms(zone: Zone) -> TraceRooms:
    """What a subject's trace needs."""
    log = zone_log(zone)

    def record(entry: EntryRow) -> bytes:
        opened = log.archive.open(entry)
        return opened[1] if opened else b"{}"

    return TraceRooms(log.store, record, log.archive.proof_text)


def edition_digests(zone: Zone, snapshot: Snapshot) -> Mapping[tuple[str, int], str]:
    """(source, number) → digest: of a resource's edition that of its parcel, of a relation's of what it was made of."""
    found = {(edition.resource, edition.number): edition.digest for edition in zone.register.editions()}
    for name, number in snapshot.editions:
        if (name, number) not in found:
            made_of = next(
                str(one.note["digest"]) for one in zone.desk.service.versions(name) if one.note["number"] == number
            )
            found[name, number] = hashlib.sha256(made_of.encode()).hexdigest()
    return found
