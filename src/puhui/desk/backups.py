"""Stories of backup and restore: who may, what is written down, and when a restored log may go on.

A log that was restored has most likely lost entries whose receipts are in other people's hands, and perhaps under a
witness's cosignature. To go on under its old name would be a second history of the same log. So it ends where the
backup ends, and another log, with a name and a key of its own, goes on from those entries. Only an officer who says
that nothing was answered after the backup, and whom no witness contradicts, lets the old one go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from puhui.desk.keys import CHECKPOINTS, rotate_key
from puhui.desk.officers import check_reason
from puhui.desk.refused import by_officer
from puhui.desk.roles import check_may_propose
from puhui.desk.rooms import DeskRooms
from puhui.ledger.publish import Witness, WitnessFault, newest_seen
from puhui.ledger.store import StoredCheckpoint
from puhui.model.refusal import Said
from puhui.model.refusals_question import LogBroken

BACK_UP, RESTORE = "back-up-zone", "restore-zone"
BACKED_UP, RESTORED = "backup-made", "restore"
UNREACHED, FORKED = "unreached", "forked"
Seen = Mapping[str, int | str]  # witness → the size that it cosigned last, or UNREACHED, or FORKED


@by_officer(BACK_UP)
def check_back_up(rooms: DeskRooms, *, by: str) -> None:
    """NotAllowed where the officer may not make backups."""
    check_may_propose(rooms.officers, BACK_UP, by=by)


def backed_up(rooms: DeskRooms, told: Mapping[str, object], *, by: str) -> None:
    """The event of a backup that is whole."""
    rooms.register.event(BACKED_UP, by, rooms.now(), told)


@by_officer(RESTORE)
def check_restore(rooms: DeskRooms, *, by: str, reason: str) -> None:
    """NotAllowed where the officer, as the backup knows them, may not restore."""
    check_reason(by, reason)
    check_may_propose(rooms.officers, RESTORE, by=by)


def ask_witnesses(witnesses: Sequence[Witness], newest: StoredCheckpoint | None) -> Seen:
    """What each witness cosigned last. A log without any checkpoint has nothing to ask with."""
    return {one.verifier.name: _seen(one, newest) for one in witnesses}


def _seen(witness: Witness, newest: StoredCheckpoint | None) -> int | str:
    if newest is None:
        return UNREACHED
    try:
        return newest_seen(witness, newest)
    except WitnessFault as fault:
        return FORKED if fault.forked else UNREACHED


def refuse_behind(seen: Seen, size: int) -> None:
    """LogBroken where a witness cosigned more than we have, or another history."""
    ahead = [(name, told) for name, told in seen.items() if told == FORKED or (isinstance(told, int) and told > size)]
    if not ahead:
        return
    name, told = ahead[0]
    raise LogBroken(
        Said(
            f"日志有 {size} 条，见证方 {name} 已联署 {told}：日志被倒退，不能继续",
            f"the log has {size} entries, the witness {name} cosigned {told}: it was set back and cannot go on",
        ),
        todo=Said(
            "用 puhui restore（不加 --complete）恢复备份：日志换名换钥，从备份处继续；备份之后的条目已丢失",
            "bring the backup back by `puhui restore` without --complete: another log with a key of its own goes on"
            " from it; the entries after the backup are lost",
        ),
    )


def refuse_unproved(seen: Seen, size: int) -> None:
    """LogBroken where `--complete` was said and a witness contradicts it, or says nothing."""
    refuse_behind(seen, size)
    silent = [name for name, told in seen.items() if told == UNREACHED]
    if silent:
        raise LogBroken(
            Said(f"见证方 {silent[0]} 没有应答", f"the witness {silent[0]} does not answer"),
            todo=Said(
                "待其应答后重试，或不加 --complete 恢复", "try again when it does, or restore without --complete"
            ),
        )


def end_log(rooms: DeskRooms, *, by: str, reason: str) -> int:
    """The version of the log's key with which another log begins; the one before counts no longer."""
    renewed = rotate_key(rooms, CHECKPOINTS, by=by, reason=reason, overlap=timedelta(), renewal=RESTORE)
    return int(str(renewed["key"]).rpartition("/")[2])


def restored(rooms: DeskRooms, told: Mapping[str, Any], *, by: str) -> None:
    """The event of a restore, the first entry of the log that goes on."""
    rooms.register.event(RESTORED, by, rooms.now(), told)
