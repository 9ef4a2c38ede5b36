"""Packs the figures of many subjects into rows of a snapshot: one array per subject, absent figures left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from puhui.indicators.layout import Layout, shape_of
from puhui.model.subject import TOKEN_KIND_AT

CHUNK = 20_000  # rows that are Python objects at one time
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Filled:
    """The values of one indicator for all subjects of a batch: `empty` in place of no row, null where undefined."""

    data: NDArray[Any]
    null: NDArray[np.bool_]
    conflict: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Subjects in the order of the store, the sources that each has rows in, and the values by position of slot."""

    tokens: Sequence[str]
    buckets: Sequence[int]
    present: NDArray[np.bool_]  # subjects by sources
    columns: Mapping[int, Filled]


@dataclass(frozen=True, slots=True)
class _Packer:
    """How the rows of one shape are packed. `places`: slot → place among the stored values, -1 where none."""

    pick: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    places: NDArray[np.int64]


class _Packers:
    """The packers of the shapes met so far, numbered."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._numbers: dict[tuple[str, bytes], int] = {}
        self.all: list[_Packer] = []

    def number(self, kind: str, mask: bytes) -> int:
        key = (kind, mask)
        if key not in self._numbers:
            self._numbers[key] = len(self.all)
            self.all.append(_packer(self._layout, kind, mask))
        return self._numbers[key]


def packed(batch: Batch, layout: Layout) -> Iterator[tuple[int, str, bytes]]:
    """The rows of a batch in its order: bucket, token, packed row."""
    encoder, packers = msgspec.msgpack.Encoder(), _Packers(layout)
    masks = [row.tobytes().rstrip(b"\0") for row in np.packbits(batch.present, axis=1, bitorder="little")]
    for start in range(0, len(batch.tokens), CHUNK):
        rows = slice(start, min(start + CHUNK, len(batch.tokens)))
        numbers = [
            packers.number(token[TOKEN_KIND_AT], mask)
            for token, mask in zip(batch.tokens[rows], masks[rows], strict=True)
        ]
        unusual = _unusual(batch, rows, packers, numbers)
        for place, values in enumerate(_values(batch, layout, rows)):
            at = start + place
            body = (masks[at], unusual.get(place), *packers.all[numbers[place]].pick(values))
            yield batch.buckets[at], batch.tokens[at], encoder.encode(body)


def _packer(layout: Layout, kind: str, mask: bytes) -> _Packer:
    known = shape_of(layout, kind, int.from_bytes(mask, "little")).known
    places = np.full(len(layout.slots), -1, dtype=np.int64)
    places[list(known)] = range(len(known))
    match len(known):
        case 0:
            return _Packer(lambda values: (), places)
        case 1:
            return _Packer(lambda values: (values[known[0]],), places)
        case _:
            return _Packer(itemgetter(*known), places)


def _values(batch: Batch, layout: Layout, rows: slice) -> Iterator[tuple[Any, ...]]:
    """All values of the subjects of a slice, one tuple each, nothing where an indicator was not computed."""
    count = rows.stop - rows.start
    nothing = [None] * count
    lists = [
        _listed(batch.columns[position], rows) if position in batch.columns else nothing
        for position in range(len(layout.slots))
    ]
    return zip(*lists, strict=True) if lists else iter([()] * count)


def _listed(filled: Filled, rows: slice) -> list[Any]:
    """The values of a slice; where undefined any value that decodes, for `_unusual` tells of it."""
    data, null = filled.data[rows], filled.null[rows]
    listed: list[Any] = np.where(null, 1, data).tolist() if null.any() else data.tolist()
    return [_narrow(value) for value in listed] if data.dtype == object else listed


def _narrow(value: Any) -> Any:
    """MessagePack holds 64 bits; longer integers go as their digits."""
    return str(value) if isinstance(value, int) and value not in _INT64 else value


Unusual = tuple[list[int], list[int], bool]


def _unusual(batch: Batch, rows: slice, packers: _Packers, numbers: Sequence[int]) -> dict[int, Unusual]:
    """By place in the slice: places undefined, positions in conflict, whether a number passes 64 bits."""
    found: dict[int, Unusual] = {}
    for place, value in zip(*_undefined(batch, rows, packers, numbers), strict=True):
        found.setdefault(place, ([], [], False))[0].append(value)
    for position, filled in sorted(batch.columns.items()):
        if filled.conflict is not None:
            for place in np.flatnonzero(filled.conflict[rows]).tolist():
                found.setdefault(place, ([], [], False))[1].append(position)
    for place in _wide(batch, rows):
        undefined, conflicts, _ = found.get(place, ([], [], False))
        found[place] = (undefined, conflicts, True)
    return found


def _undefined(batch: Batch, rows: slice, packers: _Packers, numbers: Sequence[int]) -> tuple[list[int], list[int]]:
    """Where known values are undefined: rows of the slice, and places among their stored values."""
    if not batch.columns or not packers.all:
        return [], []
    positions = sorted(batch.columns)
    nulls = np.column_stack([batch.columns[position].null[rows] for position in positions])
    places = np.stack([packer.places for packer in packers.all])[:, positions][np.asarray(numbers)]
    at, column = np.nonzero(nulls & (places >= 0))
    return at.tolist(), places[at, column].tolist()


def _wide(batch: Batch, rows: slice) -> set[int]:
    columns = [filled.data[rows] for filled in batch.columns.values() if filled.data.dtype == object]
    return {
        place
        for data in columns
        for place, value in enumerate(data.tolist())
        if isinstance(value, int) and value not in _INT64
    }
