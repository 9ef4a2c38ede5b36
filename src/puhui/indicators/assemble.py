"""Lays the columns of all queries beside the subjects they are about: universe, presence, values, conflicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from puhui.indicators.columns import Values, values_of
from puhui.indicators.compile import Compiled, Plan, scan_name
from puhui.indicators.fuse import CONFLICT
from puhui.indicators.layout import Layout
from puhui.indicators.rows import Batch, Filled
from puhui.model.refusal import Said
from puhui.model.refusals import WrongFigures

Places = NDArray[np.int64]  # row of a query → place in the universe


def assemble(plan: Plan, layout: Layout, results: Mapping[str, pa.Table], buckets: int) -> Batch:
    """One batch of all subjects that have a row in any source, in the order of bucket and token."""
    universe, numbers = _universe(plan, results, buckets)
    places = {name: _places(name, table, universe) for name, table in results.items()}
    present = np.zeros((len(universe), len(layout.sources)), dtype=bool)
    for at, source in enumerate(layout.sources):
        there = places.get(scan_name(source))
        if there is not None:
            present[there[there >= 0], at] = True
    columns = {}
    for position, one in enumerate(plan.indicators):
        if one.query in results:
            values = values_of(one, results[one.query])
            laid = _laid(values, places[one.query], len(universe), layout.slots[position].empty)
            columns[position] = Filled(*laid, _conflict(one, results, places, len(universe)))
    return Batch(universe.to_pylist(), numbers, present, columns)


def _universe(plan: Plan, results: Mapping[str, pa.Table], buckets: int) -> tuple[pa.Array, list[int]]:
    """All subjects of the scans, each once, by bucket and token. Rows about no subject have no figures."""
    scans = [results[scan_name(name)].column("subject") for name in plan.sources if scan_name(name) in results]
    chunks = [chunk.cast(pa.string()) for column in scans for chunk in column.chunks]
    tokens = pc.unique(pa.chunked_array(chunks, type=pa.string())).drop_null()
    tokens = tokens.filter(pc.not_equal(tokens, pa.scalar("")))
    ends = pc.utf8_slice_codeunits(tokens, -2).to_pylist()
    numbers = np.array([int(end, 16) % buckets for end in ends], dtype=np.int64)
    table = pa.table({"bucket": numbers, "token": tokens})
    order = pc.sort_indices(table, sort_keys=[("bucket", "ascending"), ("token", "ascending")])
    table = table.take(order)
    return table.column("token").combine_chunks(), table.column("bucket").to_pylist()


def _places(name: str, table: pa.Table, universe: pa.Array) -> Places:
    subjects = table.column("subject").combine_chunks().cast(pa.string())
    found = pc.index_in(subjects, value_set=universe)
    places = np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
    seen = np.bincount(places[places >= 0], minlength=1)
    if len(seen) and seen.max(initial=0) > 1:
        raise WrongFigures(
            Said(f"指标 {name} 对同一主体给出多行", f"indicator {name} gives a subject more than one row"),
            todo=Said("按 subject 分组", "group by subject"),
            where=name,
        )
    return places


def _laid(values: Values, places: Places, rows: int, empty: object) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Values in the order of the universe; where there is no row, `empty`, or undefined where that is null."""
    wide = values.data.dtype == object or isinstance(empty, str)
    data = np.full(rows, 0 if empty is None else empty, dtype=object if wide else np.int64)
    null = np.full(rows, empty is None, dtype=bool)
    keep = places >= 0
    if values.rows is not None:
        keep = keep & values.rows
    data[places[keep]] = values.data[keep]
    null[places[keep]] = values.null[keep]
    return data, null


def _conflict(
    one: Compiled, results: Mapping[str, pa.Table], places: Mapping[str, Places], rows: int
) -> NDArray[np.bool_] | None:
    """Subjects with a row in conflict over a field that the indicator reads; None where there is none."""
    found: NDArray[np.bool_] | None = None
    for source, touched in one.reads.items():
        name = scan_name(source)
        if name not in results or CONFLICT not in results[name].column_names or not touched:
            continue
        bits = results[name].column(CONFLICT).combine_chunks().fill_null(0).to_numpy(zero_copy_only=False)
        hit = (bits.astype(np.int64) & np.int64(touched)) != 0
        if hit.any():
            found = np.zeros(rows, dtype=bool) if found is None else found
            there = places[name]
            found[there[hit & (there >= 0)]] = True
    return found
