"""Columns of Arrow tables out of numpy arrays: text picked from lists, exact amounts, dates with gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from puhui.city.settings import Days, Truth, Whole

NEVER = np.datetime64("NaT", "D")


@dataclass(frozen=True, slots=True)
class Rows:
    """True rows of one resource in one district.

    `subject` is the place of each row's subject in the district; `month` the place of its month among the city's months
    (-1: no month). `table` holds typed columns named like the fields of the resource.
    """

    item: str
    table: pa.Table
    subject: Whole
    month: Whole

    def __len__(self) -> int:
        return len(self.subject)

    def take(self, places: Whole) -> Rows:
        return Rows(self.item, self.table.take(pa.array(places)), self.subject[places], self.month[places])


def rows_of(item: str, subject: Whole, columns: Mapping[str, pa.Array], month: Whole | None = None) -> Rows:
    """Rows of `item`; without `month` the rows belong to no month."""
    of_month = np.full(len(subject), -1, dtype=np.int64) if month is None else month
    table = pa.Table.from_arrays([_plain(c) for c in columns.values()], names=list(columns))
    return Rows(item, table, subject.astype(np.int64), of_month.astype(np.int64))


def _plain(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks()
    return column


def every_pair(slow: Whole, quick: Whole) -> tuple[Whole, Whole]:
    """Each number of one with each of the other, the first changing slowly."""
    return np.repeat(slow, len(quick)), np.tile(quick, len(slow))


def pick(words: Sequence[str] | pa.Array, places: Whole, where: Truth | None = None) -> pa.Array:
    """The word at each place; null where `where` is false."""
    source = words if isinstance(words, pa.Array) else pa.array(words, pa.string())
    return pc.take(source, pa.array(places, mask=None if where is None else ~where))


def same(word: str, count: int) -> pa.Array:
    """One word `count` times."""
    return pc.take(pa.array([word], pa.string()), pa.array(np.zeros(count, dtype=np.int64)))


def nothing(count: int, kind: pa.DataType | None = None) -> pa.Array:
    """A column of nulls."""
    return pa.nulls(count, kind or pa.string())


def exact(units: Whole, scale: int, where: Truth | None = None) -> pa.Array:
    """Decimals of `scale` digits after the point out of whole units of the last digit."""
    words = np.empty((len(units), 2), dtype=np.int64)
    words[:, 0] = units
    words[:, 1] = np.where(units < 0, -1, 0)
    validity = None if where is None else pa.array(where).buffers()[1]
    return pa.Decimal128Array.from_buffers(
        pa.decimal128(18, scale), len(units), [validity, pa.py_buffer(np.ascontiguousarray(words))]
    )


def first_days(days: Days) -> Days:
    """The first day of each day's month."""
    return days.astype("datetime64[M]").astype("datetime64[D]")


def later(days: Days, by: Whole | int) -> Days:
    """Each day so many days later: a number for each, or one for all."""
    found: Days = days + np.asarray(by).astype("timedelta64[D]")
    return found


def until(days: Days, last: np.datetime64, where: Truth | None = None) -> Days:
    """The same days; none for what lies after `last` (it is not known yet), or where `where` is false."""
    known = days <= last if where is None else (days <= last) & where
    found: Days = np.where(known, days, NEVER)
    return found


def dates(days: Days, where: Truth | None = None) -> pa.Array:
    """Dates; NaT, or a false `where`, is null."""
    gap = np.isnat(days)
    return pa.array(days.astype("datetime64[D]"), pa.date32(), mask=gap if where is None else gap | ~where)


def whole(numbers: Whole, where: Truth | None = None) -> pa.Array:
    return pa.array(numbers.astype(np.int64), pa.int64(), mask=None if where is None else ~where)


def truths(flags: Truth) -> pa.Array:
    return pa.array(flags)


def joined(*parts: pa.Array | str) -> pa.Array:
    """Texts side by side."""
    return pc.binary_join_element_wise(*parts, "")


def numbered(before: str | pa.Array, numbers: Whole, after: str = "", width: int = 0) -> pa.Array:
    """`before`, each number (led by zeros to `width`), `after`."""
    text = pc.cast(pa.array(numbers.astype(np.int64)), pa.string())
    if width:
        text = pc.utf8_lpad(text, width, "0")
    return joined(before, text, after)


def data_of(texts: pa.StringArray) -> memoryview:
    """All texts one after another, as they lie in Arrow's memory; none of them is null."""
    _, offsets, data = texts.buffers()
    ends = memoryview(offsets).cast("i")
    return memoryview(data)[ends[texts.offset] : ends[texts.offset + len(texts)]]


def around_filled(before: pa.Array | str, cells: pa.Array, after: str) -> pa.Array:
    """Each filled cell, made safe for XML, between `before` and `after`; nothing where a cell is null."""
    safe = cells
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        safe = pc.replace_substring(safe, sign, entity)
    return pc.fill_null(joined(before, safe, after), "")


def place_of_month(days: Days, month_ends: Days) -> Whole:
    """The place of each day's month among the city's months; −1 before the first, and for no day."""
    first = month_ends[0].astype("datetime64[M]").astype(np.int64)
    months = days.astype("datetime64[M]")
    at = np.where(np.isnat(days), -1, months.astype(np.int64) - first)
    return np.maximum(at, -1)
