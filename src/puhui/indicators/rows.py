"""Packs the figures of many subjects into rows of a snapshot: one array per subject, absent figures left
out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    """The values of one indicator for all subjects of a batch: `empty` in place of no row, null where
    undefined.
    """

    data: NDArray[Any]
    null: NDArray[np.bool_]
    conflict: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Subjects in the order of the store, the sources that each has rows in, and the values by position of
    slot.
    """

    tokens: Sequence[str]
    buckets: Sequence[int]
    present: NDArray[np.bool_]  # subjects by sources
    columns: Mapping[int, Filled]


def packed(batch: Batch, layout: Layout) -> Iterator[tuple[int, str, bytes]]:
    """The rows of a batch in its order: bucket, token, packed row."""
    encoder = msgspec.msgpack.Encoder()
    masks = [row.tobytes().rstrip(b"\0") for row in np.packbits(batch.present, axis=1, bitorder="little")]
    pickers: dict[tuple[str, bytes], Any] = {}
    unusual = _unusual(batch)
    for start in range(0, len(batch.tokens), CHUNK):
        values = _values(batch, layout, slice(start, start + CHUNK))
        for at, row in enumerate(values, start):
            token, mask = batch.tokens[at], masks[at]
            key = (token[TOKEN_KIND_AT], mask)
            pick = pickers.get(key)
            if pick is None:
                pick = pickers[key] = _picker(layout, *key)
            body = (mask, unusual.get(at), *pick(row))
            yield batch.buckets[at], token, encoder.encode(body)


def _picker(layout: Layout, kind: str, mask: bytes) -> Any:
    """Takes the values of a shape out of a row of all values."""
    known = shape_of(layout, kind, int.from_bytes(mask, "little")).known
    match len(known):
        case 0:
            return lambda row: ()
        case 1:
            return lambda row: (row[known[0]],)
        case _:
            return itemgetter(*known)


def _values(batch: Batch, layout: Layout, rows: slice) -> Iterator[tuple[Any, ...]]:
    """All values of the subjects of a slice, one tuple each, nothing where an indicator was not computed."""
    count = len(range(*rows.indices(len(batch.tokens))))
    nothing = [None] * count
    lists = [
        _listed(batch.columns[position], rows) if position in batch.columns else nothing
        for position in range(len(layout.slots))
    ]
    return zip(*lists, strict=True) if lists else iter([()] * count)


def _listed(filled: Filled, rows: slice) -> list[Any]:
    data, null = filled.data[rows], filled.null[rows]
    listed: list[Any] = data.tolist()
    if data.dtype == object:
        listed = [_narrow(value) for value in listed]
    if null.any():
        for at in np.flatnonzero(null).tolist():
            listed[at] = None
    return listed


def _narrow(value: Any) -> Any:
    """MessagePack holds 64 bits; longer integers go as their digits."""
    return str(value) if isinstance(value, int) and value not in _INT64 else value


def _unusual(batch: Batch) -> dict[int, tuple[list[int], bool]]:
    """By place in the batch: the positions in conflict, and whether a number is longer than 64 bits."""
    found: dict[int, tuple[list[int], bool]] = {}
    for position, filled in sorted(batch.columns.items()):
        if filled.conflict is not None:
            for at in np.flatnonzero(filled.conflict).tolist():
                found.setdefault(at, ([], False))[0].append(position)
    for at in _wide(batch):
        found[at] = (found[at][0] if at in found else [], True)
    return found


def _wide(batch: Batch) -> set[int]:
    columns = [filled for filled in batch.columns.values() if filled.data.dtype == object]
    return {
        at
        for filled in columns
        for at, value in enumerate(filled.data.tolist())
        if isinstance(value, int) and value not in _INT64
    }
