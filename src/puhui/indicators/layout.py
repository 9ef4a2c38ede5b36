"""How one subject's figures lie in a snapshot: bytes for what is known, nothing for what is absent.

A row is a MessagePack array: the bits of the sources that the subject has rows in, what is unusual (or
nil), then the values of the indicators that are known for a subject of this kind with these sources, those
of one type side by side. Decimals are unscaled integers, dates ordinals. Unusual are the values that are
undefined (places in the row), the indicators in conflict (positions in the layout), and whether integers
beyond 64 bits stand as their digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, localcontext
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, cast

import msgspec

from puhui.model.figures import Figure, Unknown, Value
from puhui.model.subject import TOKEN_KIND_AT


class Slot(msgspec.Struct, frozen=True):
    """One indicator of a snapshot: what it applies to and reads. `kinds` are letters of tokens."""

    name: str
    type: str  # int decimal bool code date
    scale: int
    kinds: str
    reads: list[int]  # positions in `sources`
    either: list[int] = []  # those of `reads` of which one that knows the subject is enough
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
    """What is known of subjects of one kind with rows in the same sources: positions of slots, in the order
    that values are stored in, and those that are not known.
    """

    known: tuple[int, ...]
    unknown: tuple[tuple[int, Unknown], ...]


def shape_of(layout: Layout, kind: str, present: int) -> Shape:
    """Bit i of `present`: the subject has a row in source i."""
    known, unknown = [], []
    for position, slot in enumerate(layout.slots):
        if kind not in slot.kinds:
            continue
        there = {source for source in slot.reads if _is_known(layout, source, kind, present)}
        if not _enough(slot, there):
            unknown.append((position, Unknown.ABSENT))
        elif slot.coverage is not None and slot.coverage[0] < slot.coverage[1]:
            unknown.append((position, Unknown.INCOMPLETE))
        else:
            known.append(position)
    known.sort(key=lambda position: (layout.slots[position].type, layout.slots[position].scale, position))
    return Shape(tuple(known), tuple(unknown))


def _enough(slot: Slot, there: Set[int]) -> bool:
    """Every source that the indicator reads is there; of those that stand for each other, one."""
    alternatives = set(slot.either)
    return set(slot.reads) - alternatives <= there and (not alternatives or bool(alternatives & there))


def _is_known(layout: Layout, source: int, kind: str, present: int) -> bool:
    return bool(present >> source & 1) or (layout.delivered[source] and kind in layout.complete[source])


class Known(Mapping[str, Value | None]):
    """The known figures of a subject by name, undefined as None. Rows of one shape share their names.

    All values are decoded; a decimal, date or truth is made of its stored integer when it is asked for, since a
    question asks for few of them.
    """

    __slots__ = ("_places", "_reading", "_stored")

    def __init__(self, places: Mapping[str, int], stored: list[Any], reading: Reading) -> None:
        self._places = places
        self._stored = stored
        self._reading = reading

    def __getitem__(self, name: str) -> Value | None:
        with localcontext(_EXACT):
            return self._reading.value(self._places[name], self._stored)

    def made(self) -> dict[str, Value | None]:
        """All of them made at once, which is quicker than one by one."""
        values = self._reading.values(self._stored)
        return {name: values[place] for name, place in self._places.items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Decoder:
    """Decodes rows of one snapshot. Shapes are worked out once per kind and set of sources."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._readings: dict[tuple[str, bytes], Reading] = {}
        self._msgpack = msgspec.msgpack.Decoder(list[Any])

    def values(self, token: str, packed: bytes | None) -> Known:
        """The known figures by name, undefined as None; unknown ones are not in it."""
        reading, conflicts, stored = self._row(token, packed)
        if not conflicts:
            return Known(reading.places, stored, reading)
        gone = {self.layout.slots[at].name for at in conflicts}
        return Known({name: at for name, at in reading.places.items() if name not in gone}, stored, reading)

    def figures(self, token: str, packed: bytes | None, names: Sequence[str] | None = None) -> tuple[Figure, ...]:
        """All figures of a subject, or those named, in the order of the snapshot. `packed` None: no row."""
        reading, conflicts, stored = self._row(token, packed)
        if names is not None:
            return reading.chosen(tuple(names)).figures(reading, stored, conflicts)
        made = reading.values(stored)
        found: list[tuple[int, Figure]] = []
        for (name, place), at in zip(reading.places.items(), reading.shape.known, strict=True):
            coverage = self.layout.slots[at].coverage
            if at in conflicts:
                found.append((at, Figure(name, False, None, Unknown.CONFLICT, coverage)))
            else:
                found.append((at, Figure(name, True, made[place], None, coverage)))
        for at, why in reading.shape.unknown:
            slot = self.layout.slots[at]
            found.append((at, Figure(slot.name, False, None, why, slot.coverage)))
        found.sort(key=itemgetter(0))
        return tuple(figure for _, figure in found)

    def _row(self, token: str, packed: bytes | None) -> tuple[Reading, Sequence[int], list[Any]]:
        """How the row reads, the positions in conflict, and the stored values in their order, undefined as None."""
        kind = token[TOKEN_KIND_AT]
        if packed is None:
            reading = self._reading(kind, b"")
            return reading, (), reading.empty
        present, unusual, *stored = self._msgpack.decode(packed)
        reading = self._reading(kind, present)
        if unusual is None:
            return reading, (), stored
        undefined, conflicts, wide = unusual
        values: list[Any] = reading.narrowed(stored) if wide else stored
        for place in undefined:
            values[place] = None
        return reading, conflicts, values

    def _reading(self, kind: str, present: bytes) -> Reading:
        key = (kind, present)
        if key not in self._readings:
            shape = shape_of(self.layout, kind, int.from_bytes(present, "little"))
            self._readings[key] = Reading(self.layout, shape)
        return self._readings[key]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some figures out of rows of one shape, in the order of the snapshot: worked out once for each choice of names.

    `steps`: name, place of its value in the row, position in the layout, months; or the figure itself, where nobody of
    the shape has a value.
    """

    steps: tuple[tuple[str, int, int, tuple[int, int] | None] | Figure, ...]

    def figures(self, reading: Reading, stored: Sequence[Any], conflicts: Sequence[int]) -> tuple[Figure, ...]:
        """The chosen figures of one row."""
        value = reading.value
        with localcontext(_EXACT):
            return tuple(
                step
                if isinstance(step, Figure)
                else Figure(step[0], False, None, Unknown.CONFLICT, step[3])
                if conflicts and step[2] in conflicts
                else Figure(step[0], True, value(step[1], stored), None, step[3])
                for step in self.steps
            )


class Reading:
    """How the stored values of one shape become values: which of them are of what type."""

    def __init__(self, layout: Layout, shape: Shape) -> None:
        self.shape = shape
        self._layout = layout
        self._chosen: dict[tuple[str, ...], Chosen] = {}
        slots = [layout.slots[at] for at in shape.known]
        self.empty = [slot.empty for slot in slots]  # of a subject without rows
        self.places = {slot.name: place for place, slot in enumerate(slots)}
        self._numbers = [place for place, slot in enumerate(slots) if slot.type in ("int", "decimal")]
        self._readers = [_reader(slot.type, slot.scale) for slot in slots]
        self._runs: list[tuple[Callable[[Any], Any], int, int]] = []
        low = 0
        for read, run in groupby(self._readers):
            high = low + len(list(run))
            if read is not None:
                self._runs.append((read, low, high))
            low = high

    def value(self, place: int, stored: Sequence[Any]) -> Value | None:
        """One value of a row, made of what is stored. The caller sets an exact context for decimals."""
        given, read = stored[place], self._readers[place]
        return cast("Value | None", given) if read is None or given is None else cast(Value, read(given))

    def chosen(self, names: tuple[str, ...]) -> Chosen:
        """How the figures of these names come out of a row."""
        found = self._chosen.get(names)
        if found is None:
            if len(self._chosen) >= _CHOICES:
                self._chosen.clear()
            found = self._chosen[names] = Chosen(
                tuple(step for _, step in sorted(self._steps(frozenset(names)), key=itemgetter(0)))
            )
        return found

    def _steps(self, wanted: Set[str]) -> Iterator[tuple[int, Any]]:
        slots = self._layout.slots
        for (name, place), at in zip(self.places.items(), self.shape.known, strict=True):
            if name in wanted:
                yield at, (name, place, at, slots[at].coverage)
        for at, why in self.shape.unknown:
            if slots[at].name in wanted:
                yield at, Figure(slots[at].name, False, None, why, slots[at].coverage)

    def values(self, stored: Sequence[Any]) -> list[Value | None]:
        """All values of a row, made of what is stored."""
        undefined = [place for place, given in enumerate(stored) if given is None]
        made = list(stored)
        for place in undefined:
            made[place] = 1  # stands in: every reader takes it
        with localcontext(_EXACT):  # products by a power of ten are exact
            for read, low, high in self._runs:
                made[low:high] = map(read, made[low:high])
        for place in undefined:
            made[place] = None
        return made

    def narrowed(self, stored: list[Any]) -> list[Any]:
        """Numbers that stand as their digits, as integers."""
        for place in self._numbers:
            if isinstance(stored[place], str):
                stored[place] = int(stored[place])
        return stored


@cache
def _times_unit(scale: int) -> Callable[[Any], Any]:
    """The quickest way from an integer to a decimal; one function per scale, so that equal neighbours are one run."""
    return Decimal(1).scaleb(-scale).__mul__


def _reader(kind: str, scale: int) -> Callable[[Any], Any] | None:
    match kind:
        case "decimal":
            return _times_unit(scale)
        case "date":
            return date.fromordinal
        case "bool":
            return bool
        case _:
            return None


_CHOICES = 256  # of names that are kept worked out, for one shape
_EXACT = Context(prec=60)  # more digits than any DECIMAL(38) has
