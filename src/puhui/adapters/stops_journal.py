"""The journal of stops: what was revoked, paused, ended or disputed, apart from the tables: no backup undoes it.

Promises: a stop is in the journal before its transaction is committed, whichever story wrote it, because the event that
no change goes without is what is watched; a stop that cannot be journalled is not made. A line that was changed is
noticed. It holds ids of letters, monitors, contracts, institutions and keys, and of an objection the token of whose it
is; no identifier, no name.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable
from typing import Any

from django.db.models.signals import post_save

from puhui.adapters import django_setup  # noqa: F401  imported first: settings before models
from puhui.adapters.journal_file import FileJournal
from puhui.desk.stops import KINDS, OBJECTIONS, Stop
from puhui.model.refusal import Said
from puhui.model.refusals import Broken
from puhui.records import models

Commit = Callable[[str], bytes]  # a keyed digest of a text
_UID = "puhui-stops"
_TOLD = ("letter", "state", "signer", "contract", "institution", "key", "since", "public", "old_until", "reason")
_TOLD_TOO = ("monitor", "why", "objection", "item")


def keep_stops(journal: FileJournal, commit: Commit) -> None:
    """From now on every stop of the connected database goes into this journal, and into no other."""

    def keep(sender: object, instance: Any, created: bool, **more: object) -> None:
        if created and instance.kind in KINDS:
            journal.append(_line(instance, commit))

    post_save.disconnect(sender=models.Event, dispatch_uid=_UID)
    post_save.connect(keep, sender=models.Event, weak=False, dispatch_uid=_UID)


def read_stops(lines: Iterable[bytes], commit: Commit) -> list[Stop]:
    """The stops of a journal, in order. Raises Broken where a line was changed, or is of another zone."""
    return [_stop(line, commit) for line in lines]


def _line(event: Any, commit: Commit) -> bytes:
    detail = {name: event.detail[name] for name in (*_TOLD, *_TOLD_TOO) if name in event.detail}
    if event.kind in OBJECTIONS:
        detail["subject"] = event.subject
    said = {"kind": event.kind, "at": event.at.isoformat(), "actor": event.actor, "detail": detail}
    said["commitment"] = commit(_committed(said)).hex()
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _stop(line: bytes, commit: Commit) -> Stop:
    try:
        said = json.loads(line)
        given = bytes.fromhex(said.pop("commitment"))
        stop = Stop(said["kind"], said["at"], said["actor"], said["detail"])
    except (ValueError, LookupError, AttributeError):
        raise _changed() from None
    if not hmac.compare_digest(given, commit(_committed(said))):
        raise _changed()
    return stop


def _committed(said: dict[str, Any]) -> str:
    return "stop|" + json.dumps(said, ensure_ascii=False, sort_keys=True)


def _changed() -> Broken:
    return Broken(
        Said("撤销日志被改动或与密钥不符", "the journal of stops was changed, or belongs to other keys"),
        todo=Said("用未改动的副本，或核对密钥备份", "take an unchanged copy, or compare the backup of the keys"),
    )
