"""How one subject's figures lie in a snapshot: bytes for what is known, nothing for what is absent.

A row is a MessagePack array: the bits of the sources that the subject has rows in, the positions in conflict (or
nil), then the values of the indicators that are known for a subject of this kind with these sources, in order.
Decimals are unscaled integers, truths 0 or 1, dates days since 1970-01-01, undefined nil.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Context, Decimal
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


_CONTEXT = Context(prec=60)  # more digits than any DECIMAL(38) has


class Decoder:
    """Decodes rows of one snapshot. Shapes are worked out once per kind and set of sources."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._shapes: dict[tuple[str, bytes], Shape] = {}
        self._readers = tuple(_reader(slot) for slot in layout.slots)
        self._positions = {slot.name: position for position, slot in enumerate(layout.slots)}
        self._msgpack = msgspec.msgpack.Decoder(list[Any])

    def values(self, token: str, packed: bytes | None) -> dict[str, Value | None]:
        """The known figures by name, undefined as None; unknown ones are not in it."""
        shape, conflicts, stored = self._row(token, packed)
        slots, readers = self.layout.slots, self._readers
        found: dict[str, Value | None] = {}
        for position, value in zip(shape.known, stored, strict=True):
            if position not in conflicts:
                reader = readers[position]
                found[slots[position].name] = value if reader is None or value is None else reader(value)
        return found

    def figures(self, token: str, packed: bytes | None, names: Sequence[str] | None = None) -> tuple[Figure, ...]:
        """All figures of a subject, or those named, in the order of the snapshot. `packed` None: it has no row."""
        shape, conflicts, stored = self._row(token, packed)
        found: dict[int, Figure] = {at: self._unknown(at, why) for at, why in shape.unknown}
        for at, value in zip(shape.known, stored, strict=True):
            found[at] = self._unknown(at, Unknown.CONFLICT) if at in conflicts else self._known(at, value)
        return self._named([found[at] for at in sorted(found)], names)

    def _row(self, token: str, packed: bytes | None) -> tuple[Shape, Sequence[int], Sequence[Any]]:
        kind = token[TOKEN_KIND_AT]
        if packed is None:
            shape = self._shape(kind, b"")
            return shape, (), [self.layout.slots[at].empty for at in shape.known]
        row = self._msgpack.decode(packed)
        return self._shape(kind, row[0]), row[1] or (), row[2:]

    def _shape(self, kind: str, present: bytes) -> Shape:
        key = (kind, present)
        if key not in self._shapes:
            self._shapes[key] = shape_of(self.layout, kind, int.from_bytes(present, "little"))
        return self._shapes[key]

    def _known(self, at: int, value: Any) -> Figure:
        slot, reader = self.layout.slots[at], self._readers[at]
        made = value if reader is None or value is None else reader(value)
        return Figure(slot.name, True, made, None, slot.coverage)

    def _unknown(self, at: int, why: Unknown) -> Figure:
        slot = self.layout.slots[at]
        return Figure(slot.name, False, None, why, slot.coverage)

    @staticmethod
    def _named(figures: Sequence[Figure], names: Sequence[str] | None) -> tuple[Figure, ...]:
        if names is None:
            return tuple(figures)
        wanted = frozenset(names)
        return tuple(figure for figure in figures if figure.indicator in wanted)


def _reader(slot: Slot) -> Any:
    match slot.type:
        case "int":
            return _integer
        case "decimal":
            return lambda value: _CONTEXT.scaleb(Decimal(value), -slot.scale)
        case "bool":
            return bool
        case "date":
            return lambda value: EPOCH + timedelta(days=value)
        case _:
            return None


def _integer(value: int | str) -> int:
    return int(value)  # integers beyond 64 bits are stored as their digits

