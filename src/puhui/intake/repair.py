"""What the next start does after a stop at any moment: finish what was committed, forget what was not."""

from __future__ import annotations

from dataclasses import dataclass

from puhui.intake.rooms import Rooms
from puhui.lake.store import StoredParcel
from puhui.intake.set_aside import set_aside_name
from puhui.lake.editions import edition_of
from puhui.lake.store import Committed
from puhui.model.refusals import Busy


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many parcels were finished, how many forgotten, how many stray files removed."""

    finished: int = 0
    forgotten: int = 0
    swept: int = 0


def repair(rooms: Rooms) -> Repaired:
    """Bring register, lake and landings into agreement. Repeatable; leaves alone what a live process is writing."""
    finished = forgotten = 0
    for parcel in rooms.register.unfinished():
        outcome = _finish_or_forget(parcel, rooms)
        finished += outcome is True
        forgotten += outcome is False
    return Repaired(finished, forgotten, _sweep(rooms))


def _finish_or_forget(parcel: StoredParcel, rooms: Rooms) -> bool | None:
    try:
        with rooms.lake.lease(parcel.resource):
            committed = find_commit(parcel, rooms)
            if committed is not None:
                edition = edition_of(committed)
                result = {**committed.note["result"], "edition": edition.number}
                rooms.register.settle(parcel.resource, parcel.digest, result, edition)
                return True
            rooms.blobs.forget(parcel.resource, parcel.digest)
            rooms.blobs.forget(parcel.resource, set_aside_name(parcel.digest))
            rooms.register.drop(parcel.resource, parcel.digest)
            return False
    except Busy:
        return None


def find_commit(parcel: StoredParcel, rooms: Rooms) -> Committed | None:
    """The commit of a parcel, found by its digest in the table's own log."""
    for committed in rooms.lake.versions(parcel.resource):
        if committed.note["digest"] == parcel.digest:
            return committed
    return None


def _sweep(rooms: Rooms) -> int:
    """Remove files that no version names and blobs that no parcel owns."""
    swept = 0
    for table in {*rooms.lake.tables(), *rooms.blobs.resources()}:
        try:
            with rooms.lake.lease(table):
                swept += rooms.lake.sweep(table) + _sweep_blobs(table, rooms)
        except Busy:
            continue
    return swept


def _sweep_blobs(resource: str, rooms: Rooms) -> int:
    swept = 0
    for name in rooms.blobs.names(resource):
        if rooms.register.find(resource, name.partition(".")[0]) is None:
            rooms.blobs.forget(resource, name)
            swept += 1
    return swept
