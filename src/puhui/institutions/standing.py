"""Whose standing question it is: nobody signs when a monitor fires, so its institution is looked at once more.

Promise: the `Caller` is the institution of the key that signed the monitor, while it is admitted, has a key in force
and the scope is still its own. It goes by the key that signed, or by its newest once that one was turned over: an entry
names whose question it was, and that key signed nothing of it.
"""

from __future__ import annotations

from datetime import datetime

from puhui.institutions.recognise import MONITORS, Directory, KnownKey
from puhui.model.institution import Standing
from puhui.model.question import Caller
from puhui.model.refusal import Said
from puhui.model.refusals_question import ScopeRefused, UnknownKey


def standing_caller(key_id: str, directory: Directory, now: datetime) -> Caller:
    """The institution that set a monitor with this key. Raises UnknownKey, ScopeRefused."""
    known = standing_key(key_id, directory, now)
    institution = known.institution
    if MONITORS not in institution.scopes:
        raise ScopeRefused(
            Said("机构的准入范围已不含 monitors", "the institution is no longer admitted for `monitors`"),
            todo=Said("向专区申请扩大准入范围", "ask the zone for the scope"),
        )
    return Caller(institution.id, known.key.id, institution.scopes, known.pseudonym_key)


def standing_key(key_id: str, directory: Directory, now: datetime) -> KnownKey:
    """The key as it stands, or the institution's newest in force where it is not any more. Raises UnknownKey."""
    known = directory.key(key_id)
    if known is not None and known.institution.standing is Standing.ADMITTED:
        if known.in_force(now):
            return known
        others = [key for key in directory.keys_of(known.institution.id) if key.in_force(now)]
        if others:
            return max(others, key=lambda key: (key.not_before, key.key.id))
    raise UnknownKey(UnknownKey.meaning, todo=Said("登记一把现行密钥", "have a key in force registered"))


def has_ended(key_id: str, directory: Directory) -> bool:
    """Whether the institution of a key is out for good."""
    known = directory.key(key_id)
    return known is None or known.institution.standing is Standing.ENDED
