"""How one subject's figures lie in a snapshot: bytes for what is known, nothing for what is absent.

A row is a MessagePack array: the bits of the sources that the subject has rows in, the positions in
conflict (or nil), then the values of the indicators that are known for a subject of this kind with these
sources, in order. Decimals are unscaled integers, truths 0 or 1, dates days since 1970-01-01, undefined nil.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, localcontext
from operator import itemgetter
from typing import Any

import msgspec

from puhui.indicators.columns import EPOCH
from puhui.model.figures import Figure, Unknown, Value
from puhui.model.subject import TOKEN_KIND_AT


class Slot(msgspec.Struct, frozen=True):
    """One indicator of a snapshot: what it applies to and reads. `kinds` are letters of tokens."""

    name: str
    type: str  # int decimal bool code date
    scale: int
    kinds: str
    reads: list[int]  # positions in `sources`
    reads_any: bool = False  # known as soon as one of them knows the subject
    empty: int | str | None = None  # the value of a known subject without rows, as stored
    coverage: tuple[int, int] | None = None  # months held, months asked; fewer held: incomplete for everyone


class Layout(msgspec.Struct, frozen=True):
    """The order of sources and indicators of a snapshot, and for which kinds a source is complete."""

    sources: list[str]
    complete: list[str]  # letters of kinds, per source
    delivered: list[bool]  # the source has an edition
    slots: list[Slot]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of subjects of one kind with rows in the same sources: positions of slots."""

    known: tuple[int, ...]
    unknown: tuple[tuple[int, Unknown], ...]


def shape_of(layout: Layout, kind: str, present: int) -> Shape:
    """Bit i of `present`: the subject has a row in source i."""
    known, unknown = [], []
    for position, slot in enumerate(layout.slots):
        if kind not in slot.kinds:
            continue
        enough = any if slot.reads_any else all
        if not enough(_is_known(layout, source, kind, present) for source in slot.reads):
            unknown.append((position, Unknown.ABSENT))
        elif slot.coverage is not None and slot.coverage[0] < slot.coverage[1]:
            unknown.append((position, Unknown.INCOMPLETE))
        else:
            known.append(position)
    return Shape(tuple(known), tuple(unknown))


def _is_known(layout: Layout, source: int, kind: str, present: int) -> bool:
    return bool(present >> source & 1) or (layout.delivered[source] and kind in layout.complete[source])


class Decoder:
    """Decodes rows of one snapshot. Shapes are worked out once per kind and set of sources."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._readings: dict[tuple[str, bytes], Reading] = {}
        self._msgpack = msgspec.msgpack.Decoder(list[Any])

    def values(self, token: str, packed: bytes | None) -> dict[str, Value | None]:
        """The known figures by name, undefined as None; unknown ones are not in it."""
        reading, conflicts, stored = self._row(token, packed)
        found = dict(zip(reading.names, reading.typed(stored), strict=True))
        for at in conflicts:
            found.pop(self.layout.slots[at].name, None)
        return found

    def figures(
        self, token: str, packed: bytes | None, names: Sequence[str] | None = None
    ) -> tuple[Figure, ...]:
        """All figures of a subject, or those named, in the order of the snapshot. `packed` None: it has no
        row.
        """
        reading, conflicts, stored = self._row(token, packed)
        wanted = None if names is None else frozenset(names)
        found: list[tuple[int, Figure]] = []
        for at, name, value in zip(reading.shape.known, reading.names, reading.typed(stored), strict=True):
            if wanted is None or name in wanted:
                coverage = self.layout.slots[at].coverage
                known = at not in conflicts
                reason = None if known else Unknown.CONFLICT
                found.append((at, Figure(name, known, value if known else None, reason, coverage)))
        for at, why in reading.shape.unknown:
            slot = self.layout.slots[at]
            if wanted is None or slot.name in wanted:
                found.append((at, Figure(slot.name, False, None, why, slot.coverage)))
        found.sort(key=itemgetter(0))
        return tuple(figure for _, figure in found)

    def _row(self, token: str, packed: bytes | None) -> tuple[Reading, Sequence[int], list[Any]]:
        kind = token[TOKEN_KIND_AT]
        if packed is None:
            reading = self._reading(kind, b"")
            return reading, (), [self.layout.slots[at].empty for at in reading.shape.known]
        row = self._msgpack.decode(packed)
        return self._reading(kind, row[0]), row[1] or (), row[2:]

    def _reading(self, kind: str, present: bytes) -> Reading:
        key = (kind, present)
        if key not in self._readings:
            shape = shape_of(self.layout, kind, int.from_bytes(present, "little"))
            self._readings[key] = Reading(self.layout, shape)
        return self._readings[key]


class Reading:
    """How the stored values of one shape become values: which are decimals of which scale, dates, truths."""

    def __init__(self, layout: Layout, shape: Shape) -> None:
        self.shape = shape
        slots = [layout.slots[at] for at in shape.known]
        self.names = tuple(slot.name for slot in slots)
        self._decimals: dict[Decimal, list[int]] = {}
        for at, slot in enumerate(slots):
            if slot.type == "decimal":
                self._decimals.setdefault(Decimal(1).scaleb(-slot.scale), []).append(at)
        self._places = {kind: [at for at, slot in enumerate(slots) if slot.type == kind] for kind in _READERS}

    def typed(self, stored: list[Any]) -> list[Any]:
        """The stored values of a row as values, in place."""
        with localcontext(_CONTEXT):  # the products below are exact
            for unit, places in self._decimals.items():
                for at in places:
                    if stored[at] is not None:
                        stored[at] = Decimal(stored[at]) * unit
        for kind, reader in _READERS.items():
            for at in self._places[kind]:
                if stored[at] is not None:
                    stored[at] = reader(stored[at])
        return stored


def _day(days: int) -> date:
    return date.fromordinal(_EPOCH_ORDINAL + days)


_EPOCH_ORDINAL = EPOCH.toordinal()
_CONTEXT = Context(prec=60)  # more digits than any DECIMAL(38) has
# integers beyond 64 bits are stored as their digits
_READERS: dict[str, Callable[[Any], Value]] = {"int": int, "bool": bool, "date": _day}
