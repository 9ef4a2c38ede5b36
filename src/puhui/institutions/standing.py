"""Whose standing question it is: nobody signs when a monitor fires, so its institution is looked at once more.

Promise: the `Caller` is the institution of the key that signed the monitor, while it is admitted, that key is in force
and the scope is still its own. A rotated key ends what it set up: the institution sets its monitors again.
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
    return Caller(institution.id, key_id, institution.scopes, known.pseudonym_key)


def standing_key(key_id: str, directory: Directory, now: datetime) -> KnownKey:
    """The key as it stands. Raises UnknownKey."""
    known = directory.key(key_id)
    if known is None or not known.in_force(now) or known.institution.standing is not Standing.ADMITTED:
        raise UnknownKey(UnknownKey.meaning, todo=Said("用现行密钥重新设立监测", "set the monitor with a key in force"))
    return known
