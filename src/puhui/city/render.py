"""Typed rows as the text that a clerk's system prints: one style of dates, months, amounts and yes or no."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from puhui.city.columns import Rows, nothing
from puhui.city.layouts import Layout, Style

_FIRST = np.datetime64("1940-01-01")
_LAST = np.datetime64("2080-01-01")


def rendered(rows: Rows, layout: Layout) -> pa.Table:
    """All columns of the layout in its order, as text; what the rows lack is null.

    Parquet keeps numbers and dates as they are.
    """
    names = set(rows.table.column_names)
    columns = []
    for name, kind in layout.types.items():
        if name not in names:
            columns.append(nothing(len(rows)))
            continue
        column = rows.table.column(name).combine_chunks()
        columns.append(column if layout.style.ending == "parquet" else as_text(column, kind, layout.style))
    return pa.Table.from_arrays(columns, names=list(layout.types))


def as_text(column: pa.Array, kind: str, style: Style) -> pa.Array:
    """One column as text; `kind` is the field's type in the pack."""
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_date32(column.type):
        return _days_as_text(column, style.month if kind == "ym" else style.day)
    if pa.types.is_boolean(column.type):
        yes, no = style.yes_no
        return pc.if_else(column, yes, no)
    return pc.cast(column, pa.string())


def _days_as_text(column: pa.Array, pattern: str) -> pa.Array:
    base = (_FIRST - np.datetime64("1970-01-01")).astype(int)
    places = pc.subtract(pc.cast(column, pa.int32()), int(base))
    return pc.take(_calendar(pattern), places)


@lru_cache(maxsize=16)
def _calendar(pattern: str) -> pa.Array:
    """Every day of the lives written in one pattern: dates are looked up, which is quicker than printing each."""
    days = pa.array(np.arange(_FIRST, _LAST), pa.date32())
    return pc.strftime(days, pattern)
