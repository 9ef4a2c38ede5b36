"""What the next start does after a stop at any moment: finish what was committed, forget what was not."""

from __future__ import annotations

from dataclasses import dataclass

from puhui.intake.rooms import Rooms
from puhui.intake.set_aside import set_aside_name
from puhui.lake.editions import act_of, edition_of, result_of
from puhui.lake.redact import finish_purges
from puhui.lake.store import Committed, StoredParcel
from puhui.model.refusals import Busy


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many parcels were finished, how many forgotten, how many stray files removed."""

    finished: int = 0
    forgotten: int = 0
    swept: int = 0


def needs_repair(rooms: Rooms) -> bool:
    """Whether register and lake tell different stories; cheap. A process that is writing now looks so too."""
    listed = {edition.resource: edition.version for edition in rooms.register.editions()}
    return bool(rooms.register.unfinished()) or dict(rooms.lake.heads()) != listed


def repair(rooms: Rooms) -> Repaired:
    """Bring register, lake and landings into agreement. Repeatable; leaves alone what a live process is writing."""
    finished = forgotten = swept = 0
    waiting = {parcel.resource for parcel in rooms.register.unfinished()}
    for resource in sorted({*waiting, *rooms.lake.tables(), *rooms.blobs.resources()}):
        try:
            with rooms.lake.lease(resource):
                outcomes = settle_unfinished(resource, rooms)
                _list_acts(resource, rooms)
                finish_purges(rooms.lake, resource)
                swept += rooms.lake.sweep(resource) + _sweep_blobs(resource, rooms)
        except Busy:
            continue
        finished += sum(outcomes)
        forgotten += len(outcomes) - sum(outcomes)
    return Repaired(finished, forgotten, swept)


def settle_unfinished(resource: str, rooms: Rooms) -> list[bool]:
    """Finish (True) or forget (False) each parcel of a resource that was being taken. The caller holds the lease,
    so that nobody is taking one now."""
    unfinished = [parcel for parcel in rooms.register.unfinished() if parcel.resource == resource]
    return [_finish_or_forget(parcel, rooms) for parcel in unfinished]


def _finish_or_forget(parcel: StoredParcel, rooms: Rooms) -> bool:
    committed = find_commit(parcel, rooms)
    if committed is None:
        rooms.blobs.forget(parcel.resource, parcel.digest)
        rooms.blobs.forget(parcel.resource, set_aside_name(parcel.digest))
        rooms.register.drop(parcel.resource, parcel.digest)
        return False
    rooms.register.settle(parcel.resource, parcel.digest, result_of(committed), edition_of(committed))
    return True


def find_commit(parcel: StoredParcel, rooms: Rooms) -> Committed | None:
    """The commit of a parcel, found by its digest in the table's own log."""
    for committed in rooms.lake.versions(parcel.resource):
        if committed.note["digest"] == parcel.digest:
            return committed
    return None


def _list_acts(resource: str, rooms: Rooms) -> None:
    """List the editions that an officer's act committed and a stop kept out of the register."""
    listed = {edition.number for edition in rooms.register.editions(resource)}
    for committed in rooms.lake.versions(resource):
        if committed.note["number"] not in listed:
            rooms.register.list_edition(edition_of(committed), act_of(committed))


def _sweep_blobs(resource: str, rooms: Rooms) -> int:
    """Remove half-written blobs, those that no parcel owns, and those whose key is destroyed."""
    swept = rooms.blobs.sweep(resource)
    for name in rooms.blobs.names(resource):
        owner = rooms.register.find(resource, name.partition(".")[0])
        if owner is None or owner.sealed is None:
            rooms.blobs.forget(resource, name)
            swept += 1
    return swept
