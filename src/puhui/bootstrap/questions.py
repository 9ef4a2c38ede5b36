"""Opens a zone for questions: who may ask, what is allowed, where figures are read, how the log is written."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from puhui.adapters.backup_copy import Facts, Source, write_backup
from puhui.adapters.backup_manifest import facts_of
from puhui.adapters.backup_restore import Given, draft_of, settle
from puhui.adapters.changes_django import DjangoChanges
from puhui.adapters.contracts_django import DjangoContracts
from puhui.adapters.directory_django import DjangoDirectory
from puhui.adapters.home_opened import STOPS, epochs_of, journal_of
from puhui.adapters.letters_django import DjangoLetters, DjangoSigners
from puhui.adapters.log_opened import Epoch as LogEpoch
from puhui.adapters.log_opened import Sm2Keys, ZoneLog, open_log, sm2_signer
from puhui.adapters.monitors_django import DjangoMonitors
from puhui.adapters.objections_django import DjangoObjections
from puhui.adapters.security_log import FOLDER as SECURITY
from puhui.adapters.security_log import StrangerFiles, states_logged
from puhui.adapters.settings_toml import Epoch, begin_epoch
from puhui.adapters.stops_journal import read_stops
from puhui.adapters.vault_sqlite import SqliteVault
from puhui.adapters.vault_threads import VaultThreads
from puhui.adapters.wal_sqlite import Backfilling
from puhui.adapters.webhooks_http import HttpWebhooks
from puhui.adapters.witness_http import anchors_at
from puhui.adapters.witnesses_files import WitnessFiles
from puhui.bootstrap import Zone, now, open_engine, open_letters, open_zone, relying_party, zone_key
from puhui.consent.bases import hidden_until
from puhui.desk.backups import (
    Seen,
    ask_witnesses,
    backed_up,
    check_back_up,
    check_restore,
    end_log,
    refuse_behind,
    refuse_unproved,
    restored,
)
from puhui.desk.editions import readable
from puhui.desk.endings import end_the_ended
from puhui.desk.keys import ANSWERS, CHECKPOINTS, CHECKPOINTS_SM2, KeyPeriod, periods, settle_sm2, signs_sm2
from puhui.desk.letter_rooms import LetterRooms, VaultRecordKeys, letter_rooms
from puhui.desk.offers import offers_of
from puhui.desk.stops import replay_stops
from puhui.desk.trust import Ground, LogGround, LogPeriod, Period, trust_of
from puhui.gateway.monitor_looks import LookRooms
from puhui.gateway.monitoring import Monitoring
from puhui.gateway.monitors import MonitorRooms
from puhui.gateway.noise_kept import KeptNoise
from puhui.gateway.prepared import Products
from puhui.gateway.replay import ReplayRooms
from puhui.gateway.rooms import Rooms
from puhui.gateway.terms import rules_of_packs, studies_of
from puhui.gateway.trace import TraceRooms
from puhui.lake.editions import edition_of
from puhui.ledger.publish import Publisher, Publishing
from puhui.ledger.security import SecurityReport, check_files
from puhui.ledger.sequencer import Sequencer
from puhui.ledger.store import EntryRow
from puhui.model.delivery import Edition, EditionFile
from puhui.model.figures import Snapshot
from puhui.model.refusals import NoSubject
from puhui.model.subject import Subject
from puhui.packs.load import load_packs
from puhui.subjects.erase import erased_tokens
from puhui.subjects.lookup import find
from puhui.subjects.vault import Vault
from puhui.wire.keys import Ed25519Signing
from puhui.wire.notes import NoteSigner
from puhui.wire.trust import Trust

LOG = "ledger"  # the folder of the tiles, in the home


@dataclass(frozen=True, slots=True)
class Questions:
    """A zone that answers: its rooms, its log, and what brings the log before the outside."""

    rooms: Rooms
    log: ZoneLog
    publisher: Publisher
    files: Path
    letters: LetterRooms
    monitors: MonitorRooms
    noise: KeptNoise


class ThreadRecordKeys:
    """`RecordKeys` for several threads."""

    def __init__(self, vaults: VaultThreads) -> None:
        self._vaults = vaults

    def record_key(self, token: str) -> bytes:
        return VaultRecordKeys(self._vaults.vault).record_key(token)


def vault_threads(zone: Zone) -> VaultThreads:
    """The zone's vault for several threads."""
    home, settings = zone.home, zone.settings

    def opened() -> Vault:
        return Vault(
            SqliteVault(home / "vault" / "vault.db", city=settings.city, zone=settings.zone),
            zone.desk.keys,
            journal_of(home, settings),
            city=settings.city,
            zone=settings.zone,
            buckets=settings.buckets,
        )

    return VaultThreads(opened)


def zone_log(zone: Zone, vaults: VaultThreads | None = None) -> ZoneLog:
    """The zone's log, for those who only read it or append to it now and then."""
    records, epochs = vaults or vault_threads(zone), epochs_of(zone.settings)
    sm2 = _sm2_keys(zone)
    return open_log(zone.home / LOG, zone.desk.partners.zone, zone.desk.keys, records, epochs=epochs, sm2=sm2)


def _sm2_keys(zone: Zone) -> Sm2Keys:
    """The log's keys of SM2: what ever signed, and what signs in this process."""
    signs = zone.settings.sm2_checkpoints and signs_sm2(zone.desk)
    now = zone.desk.keys.current(CHECKPOINTS_SM2) if signs else None
    return Sm2Keys([one.key for one in periods(zone.desk, CHECKPOINTS_SM2)], now)


@contextmanager
def open_questions(zone: Zone) -> Iterator[Questions]:
    """The zone, ready to answer; its sequencer and publisher run until the end of the context."""
    # letters and keys are read on the event loop: one row each, by primary key, quicker than a change of threads
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    keys, vaults = zone.desk.keys, vault_threads(zone)
    settle_sm2(zone.desk, wanted=zone.settings.sm2_checkpoints)
    log = zone_log(zone, vaults)
    studies, records = studies_of(zone.packs), ThreadRecordKeys(vaults)
    refuse_behind(newest_cosigned(zone, log), log.store.tree().size)
    end_the_ended(zone.desk)  # what a stop kept a build from
    directory, book, objections = DjangoDirectory(keys), DjangoContracts(keys), DjangoObjections()
    with log.sequencer(now) as sequencer:
        witnesses, anchors = witness_files(zone).witnesses(), anchors_at(zone.settings.anchor)
        publisher = log.publisher(sequencer, now, witnesses=witnesses, anchors=anchors)
        noise = _noise(zone, log, sequencer)
        rooms = Rooms(
            directory=directory,
            book=book,
            offers=offers_of(zone.packs, now().date()),
            products=Products(zone.packs, studies, lambda snapshot: edition_digests(zone, snapshot)),
            index=vaults,
            letters=DjangoLetters(records),
            rules=rules_of_packs(zone.packs, studies),
            figures=zone.desk.figures.reader(),
            objections=objections,
            log=sequencer,
            again=log.archive,
            past=log.store,
            signing=zone_key(keys),
            origin=log.tools.origin,
            now=now,
            noise=noise,
            quorum=zone.settings.quorum,
        )
        letters = letters_asked_for(zone, vaults)
        private = zone.settings.private_webhooks
        monitors = MonitorRooms(rooms, DjangoChanges(), DjangoMonitors(), records, private=private)
        looks = LookRooms(monitors, zone.desk.figures, HttpWebhooks(private=private))
        _look_for_nobody(vaults)
        with ExitStack() as ends, Backfilling(), Publishing(publisher), Monitoring(looks), noise:
            for end in (directory.close, book.close, objections.close_thread):
                ends.callback(end)
            yield Questions(rooms, log, publisher, zone.home / LOG, letters, monitors, noise)


def _noise(zone: Zone, log: ZoneLog, sequencer: Sequencer) -> KeptNoise:
    """The security log of this process."""
    files, settings = StrangerFiles(zone.home / SECURITY), zone.settings
    cap, keep_days = settings.security_bytes, settings.security_days
    return KeptNoise(files, sequencer, now, origin=log.tools.origin, cap=cap, keep_days=keep_days)


def check_security(zone: Zone) -> SecurityReport:
    """The files of the security log, held against what the ledger says of them."""
    logged, files = states_logged(zone_log(zone).archive), StrangerFiles(zone.home / SECURITY)
    return check_files(logged, files, today=now().date(), keep_days=zone.settings.security_days)


def _look_for_nobody(vaults: VaultThreads) -> None:
    """The long way of a look-up once, so that not even the first question about a stranger tells by its time."""
    with suppress(NoSubject):
        find(vaults.vault, "uscc", "0" * 18, today=now().date())


def letters_asked_for(zone: Zone, vaults: VaultThreads) -> LetterRooms:
    """The rooms of letters for the requests of institutions, in several threads."""
    records = ThreadRecordKeys(vaults)
    rooms = letter_rooms(
        zone.desk,
        DjangoLetters(records),
        DjangoSigners(),
        records,
        zone.desk.keys,
        relying_party(zone.settings),
    )
    return replace(
        rooms,
        find=lambda about: find(vaults.vault, about.kind, about.value, today=now().date()),
        index=lambda text: bytes(vaults.vault.digests([text.encode()])[0]),
    )


def newest_cosigned(zone: Zone, log: ZoneLog) -> Seen:
    """What the zone's witnesses cosigned last of its log."""
    return ask_witnesses(witness_files(zone).witnesses(), log.store.checkpoint(log.store.tree().size))


def back_up(
    zone: Zone, target: Path, keys_target: Path | None, *, by: str, with_figures: bool = True
) -> dict[str, Any]:
    """Copy the zone while it serves: everything but the keys into `target`, the keys into `keys_target`."""
    check_back_up(zone.desk, by=by)
    log, desk = zone_log(zone), zone.desk
    tables = [(desk.lake, name) for name in sorted({*zone.packs.resources, *desk.lake.tables()})]
    tables += [(desk.service, name) for name in sorted({*zone.packs.relations, *desk.service.tables()})]
    leases = [partial(store.lease, name) for store, name in tables]
    desk.vault.commitment("backup")  # the key of the journals is there before it is needed: the backup has it
    tree = log.store.tree()
    facts = Facts(log.tools.origin, now().isoformat(), zone.settings.database, tree.size, tree.root.hex())
    with desk.scratch() as scratch:
        source = Source(zone.home, zone.settings.database, leases, scratch.folder, with_figures)
        told = write_backup(source, target, keys_target, facts, desk.keys)
    backed_up(desk, told, by=by)
    return told


def restore_zone(
    source: Path,
    home: Path,
    officer: Callable[[Zone], str],
    *,
    keys: Path | None,
    journals: Path | None,
    reason: str,
    complete: bool = False,
    database: str = "",
) -> dict[str, Any]:
    """Bring a zone back from a backup: erasures and stops replayed, witnesses asked, the log ended or let go on.

    `officer`: who acts, by the officers of the backup. `journals`: a folder of newer journals. `database`: an empty
    PostgreSQL one, where it is not the old address. `complete`: nothing was answered after the backup.
    """
    draft, manifest = draft_of(Given(source, keys, journals, database), home)
    zone = open_zone(draft)  # which carries out the erasures of the journal
    by = officer(zone)
    check_restore(zone.desk, by=by, reason=reason)
    letters, _ = open_letters(draft)
    journal = journal_of(draft, zone.settings, STOPS)
    stops = read_stops(journal.entries(), zone.desk.vault.commitment)
    replayed = replay_stops(stops, zone.desk, letters)
    log = zone_log(zone)
    seen, size = newest_cosigned(zone, log), log.store.tree().size
    if complete:
        refuse_unproved(seen, size)
    else:
        begin_epoch(draft, Epoch(size, end_log(zone.desk, by=by, reason=reason)))
    zone = open_zone(draft)
    told = {
        **facts_of(manifest), "size": size, "log": zone_log(zone).tools.origin, "witnesses": dict(seen),
        "stops_replayed": replayed, "erased": len(erased_tokens(zone.desk.vault)),
    }  # fmt: skip
    restored(zone.desk, {**told, "reason": reason}, by=by)
    log = zone_log(zone)
    with log.sequencer(now) as sequencer:
        sequencer.pad()  # takes the events: the first entries of the log that goes on
        log.publisher(sequencer, now).publish()
    settle(draft, home)
    return told


def witness_files(zone: Zone) -> WitnessFiles:
    """The witnesses that the zone asks."""
    return WitnessFiles(zone.home / "witnesses")


def trust_file(zone: Zone) -> Trust:
    """The zone's trust file as it stands."""
    party = relying_party(zone.settings)
    ground = Ground(
        logs=[_log_ground(epoch, following, zone) for epoch, following in _with_following(epochs_of(zone.settings))],
        answer_keys=[Period(_signing(one).verifying(), one.start, one.end) for one in periods(zone.desk, ANSWERS)],
        rp_id=party.rp_id,
        origins=party.origins,
        witnesses=[key for key, _ in witness_files(zone).listed()],
        quorum=zone.settings.quorum,
    )
    return trust_of(zone.desk, ground)


def _with_following(epochs: Sequence[LogEpoch]) -> list[tuple[LogEpoch, LogEpoch | None]]:
    """The logs, the present one first, each with the one that followed it."""
    return list(zip(epochs, [*epochs[1:], None], strict=True))[::-1]


def _log_ground(epoch: LogEpoch, following: LogEpoch | None, zone: Zone) -> LogGround:
    """A log with the versions of the log's key that were its own."""
    own = range(epoch.first_key, following.first_key if following else sys.maxsize)
    keys = [one for one in periods(zone.desk, CHECKPOINTS) if int(one.key.id.rpartition("/")[2]) in own]
    signers = [(NoteSigner(epoch.origin, _signing(one)), one) for one in keys]
    signers += [(sm2_signer(epoch.origin, one.key), one) for one in periods(zone.desk, CHECKPOINTS_SM2)]
    return LogGround(epoch.origin, [LogPeriod(signer.verifier, one.start, one.end) for signer, one in signers])


def _signing(one: KeyPeriod) -> Ed25519Signing:
    return Ed25519Signing.of_seed(one.key.id, one.key.secret)


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

    def hidden(subject: Subject) -> set[str]:
        of_subject = DjangoLetters(VaultRecordKeys(zone.desk.vault)).of_subject(subject.token)
        ends = ((letter.id, hidden_until(letter)) for letter in of_subject)
        return {name for name, end in ends if end is not None and end > now()}

    return TraceRooms(past=log.store, hidden=hidden, record=record, proof=log.archive.proof_text)


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
