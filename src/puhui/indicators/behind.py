"""Which definitions a snapshot does not have: a figure of one of these is `snapshot-behind`, never a mixed answer."""

from __future__ import annotations

from collections.abc import Iterable

from puhui.model.figures import Snapshot
from puhui.packs.digests import definition_digest
from puhui.packs.packset import PackSet


def behind(snapshot: Snapshot, packs: PackSet, names: Iterable[str] | None = None) -> tuple[str, ...]:
    """The indicators (all of the set, or these) that the snapshot lacks or holds by another definition, in order.

    A snapshot that was built with this very set lacks none. Raises UnknownName for a name that the set has not.
    """
    asked = sorted(packs.indicators if names is None else names)
    chosen = [packs.indicator(name) for name in asked]
    if snapshot.pack_set == packs.digest:
        return ()
    held = {definition.name: definition.digest for definition in snapshot.definitions}
    return tuple(one.name for one in chosen if held.get(one.name) != definition_digest(one, packs))
