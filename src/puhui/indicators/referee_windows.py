"""The referee's windows: a value per row out of the rows around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import Any

from sqlglot import exp

from puhui.indicators.referee_aggregates import aggregate
from puhui.indicators.referee_values import NotPortable, Value, ordered

Evaluate = Callable[[exp.Expr, Any], Value]


def windowed(window: exp.Window, rows: Sequence[Any], value: Evaluate) -> list[Value]:
    """The window's value for each row, in the order of `rows`."""
    out: list[Value] = [None] * len(rows)
    for members in _partitions(window, rows, value):
        order = _ordered(window, members, rows, value)
        ranks = _peers(window, order, rows, value)
        for place, at in enumerate(order):
            out[at] = _one(window, place, [rows[i] for i in order], ranks, value)
    return out


def _partitions(window: exp.Window, rows: Sequence[Any], value: Evaluate) -> list[list[int]]:
    keys = window.args.get("partition_by") or []
    found: dict[tuple[Value, ...], list[int]] = {}
    for at, row in enumerate(rows):
        found.setdefault(tuple(value(key, row) for key in keys), []).append(at)
    return list(found.values())


def _order_keys(window: exp.Window) -> list[exp.Ordered]:
    order = window.args.get("order")
    return list(order.expressions) if order is not None else []


def _ordered(window: exp.Window, members: list[int], rows: Sequence[Any], value: Evaluate) -> list[int]:
    keys = _order_keys(window)

    def compare(left: int, right: int) -> int:
        return _compare(keys, rows[left], rows[right], value)

    return sorted(members, key=cmp_to_key(compare))


def _compare(keys: Sequence[exp.Ordered], left: Any, right: Any, value: Evaluate) -> int:
    for key in keys:
        a, b = value(key.this, left), value(key.this, right)
        if a is None and b is None:
            continue
        if a is None or b is None:
            first = bool(key.args.get("nulls_first"))
            return (-1 if first else 1) * (1 if a is None else -1)
        order = ordered(a, b) * (-1 if key.args.get("desc") else 1)
        if order:
            return order
    return 0


def _peers(window: exp.Window, order: list[int], rows: Sequence[Any], value: Evaluate) -> list[int]:
    """For each place the number of the group of equals that it is in."""
    keys, ranks = _order_keys(window), [0] * len(order)
    for place in range(1, len(order)):
        same = _compare(keys, rows[order[place - 1]], rows[order[place]], value) == 0
        ranks[place] = ranks[place - 1] + (0 if same else 1)
    return ranks


def _one(window: exp.Window, place: int, rows: list[Any], ranks: list[int], value: Evaluate) -> Value:
    function = window.this
    match function:
        case exp.RowNumber():
            return place + 1
        case exp.Rank():
            return ranks.index(ranks[place]) + 1
        case exp.DenseRank():
            return ranks[place] + 1
        case exp.Lag():
            return _beside(function, place, rows, value, -1)
        case exp.Lead():
            return _beside(function, place, rows, value, 1)
    frame = rows[slice(*_frame(window, place, ranks))]
    match function:
        case exp.FirstValue():
            return value(function.this, frame[0]) if frame else None
        case exp.LastValue():
            return value(function.this, frame[-1]) if frame else None
        case exp.AggFunc() | exp.Filter():
            return aggregate(function, frame, value)
    raise NotPortable(f"{function.key} is not a window of the portable subset")


def _beside(function: exp.Expr, place: int, rows: list[Any], value: Evaluate, sign: int) -> Value:
    offset = function.args.get("offset")
    at = place + sign * (int(offset.name) if offset is not None else 1)
    if 0 <= at < len(rows):
        return value(function.this, rows[at])
    default = function.args.get("default")
    return value(default, rows[place]) if default is not None else None


def _frame(window: exp.Window, place: int, ranks: list[int]) -> tuple[int, int]:
    """First place and the place after the last of the frame."""
    spec = window.args.get("spec")
    if spec is None:
        if not _order_keys(window):
            return 0, len(ranks)
        return 0, len(ranks) - ranks[::-1].index(ranks[place])  # up to the last peer
    if spec.args.get("kind", "").upper() != "ROWS":
        raise NotPortable("frames are by ROWS")
    start = _bound(spec.args.get("start"), spec.args.get("start_side"), place, 0)
    end = _bound(spec.args.get("end") or "CURRENT ROW", spec.args.get("end_side"), place, len(ranks) - 1)
    return max(start, 0), max(end + 1, 0)


def _bound(bound: Any, side: str | None, place: int, unbounded: int) -> int:
    if bound == "UNBOUNDED":
        return unbounded
    if bound == "CURRENT ROW":
        return place
    count = int(bound.name)
    return place - count if side == "PRECEDING" else place + count
