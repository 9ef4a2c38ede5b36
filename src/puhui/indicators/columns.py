"""From an engine's columns to exact values: Arrow in, integers (scaled), dates, truths or text per row out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from puhui.indicators import vectors as vec
from puhui.indicators.compile import Compiled, ValueType
from puhui.indicators.last_step import Step, Truth, is_condition
from puhui.indicators.vectors import Mask, Vector
from puhui.model.refusal import Said
from puhui.model.refusals import WrongFigures

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Values:
    """One value per row: int64 or object; `null` where it is undefined (or no row was there, see `rows`)."""

    data: NDArray[Any]
    null: Mask
    rows: Mask | None = None  # where given: the subject has a row within WHERE


def values_of(one: Compiled, table: pa.Table) -> Values:
    """The values of an indicator from the columns of its query, in the order of the table's rows."""
    columns = [table.column(name).combine_chunks() for name in one.columns]
    rows = None
    if one.rows is not None:
        rows = np.asarray(_vector(table.column(one.rows).combine_chunks()).num > 0, dtype=bool)
    if one.plain:
        data, null = _plain(one, columns[0])
    else:
        data, null = _stepped(one, columns, table.num_rows)
    return Values(data, null, rows)


def _plain(one: Compiled, column: pa.Array) -> tuple[NDArray[Any], Mask]:
    if one.type.numeric:
        vector = _number(one, column)
        return vec.round_to(vector, one.type.scale), vector.null
    null = _nulls(column)
    if one.type.name == "bool" and pa.types.is_boolean(column.type):
        return _truth(column)[0].astype(np.int64), null
    if one.type.name == "date" and _is_day(column.type):
        return _days(column), null
    if one.type.name == "code" and _is_text(column.type):
        return np.array(column.to_pylist(), dtype=object), null
    raise _wrong(one, column.type)


def _stepped(one: Compiled, columns: Sequence[pa.Array], rows: int) -> tuple[NDArray[Any], Mask]:
    step = Step({f"part{number}": _operand(one, column) for number, column in enumerate(columns)}, rows)
    if one.type.name == "bool" and is_condition(one.step):
        held, null = step.truth(one.step)
        return held.astype(np.int64), null
    if not one.type.numeric:
        raise _wrong(one, pa.float64())
    vector = step.number(one.step)
    return vec.round_to(vector, one.type.scale), vector.null


def _operand(one: Compiled, column: pa.Array) -> Vector | Truth:
    return _truth(column) if pa.types.is_boolean(column.type) else _number(one, column)


def _number(one: Compiled, column: pa.Array) -> Vector:
    if not (pa.types.is_integer(column.type) or pa.types.is_decimal(column.type) or pa.types.is_null(column.type)):
        raise _wrong(one, column.type)
    return _vector(column)


def _wrong(one: Compiled, kind: pa.DataType) -> WrongFigures:
    return WrongFigures(
        Said(
            f"指标 {one.name} 声明为 {one.declared_type}，计算结果却是 {kind}",
            f"indicator {one.name} declares {one.declared_type}, its SQL gives {kind}",
        ),
        todo=Said("让 SQL 的结果与 type 一致", "make the SQL give what `type` says"),
        where=one.name,
    )


def _nulls(column: pa.Array) -> Mask:
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False), dtype=bool)


def _vector(column: pa.Array) -> Vector:
    """Integers and decimals as integers over a power of ten."""
    null = _nulls(column)
    if pa.types.is_null(column.type):
        return vec.nothing(len(column))
    if pa.types.is_integer(column.type):
        filled = column.fill_null(0) if column.null_count else column
        return Vector(filled.to_numpy(zero_copy_only=False).astype(np.int64), 1, null)
    data = _unscaled(column.cast(pa.decimal128(38, column.type.scale)))
    return Vector(np.where(null, 0, data) if column.null_count else data, 10**column.type.scale, null)


def _unscaled(column: pa.Decimal128Array) -> NDArray[Any]:
    """The unscaled integers of decimals, read from their 16 bytes; 64 bits where all of them fit."""
    buffer = column.buffers()[1]
    if buffer is None or len(column) == 0:
        return np.zeros(len(column), dtype=np.int64)
    halves = np.frombuffer(buffer, dtype=np.int64).reshape(-1, 2)[column.offset : column.offset + len(column)]
    low, high = halves[:, 0], halves[:, 1]
    valid = ~_nulls(column)
    if bool(np.all((high == low >> 63) | ~valid)) and vec.bound(np.where(valid, low, 0)) < vec.LIMIT:
        return low
    wide: NDArray[Any] = (high.astype(object) << 64) | low.view(np.uint64).astype(object)
    return wide


def _truth(column: pa.Array) -> Truth:
    filled = column.fill_null(False) if column.null_count else column
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=bool), _nulls(column)


def _is_day(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind))


def _days(column: pa.Array) -> NDArray[Any]:
    """Ordinals of the days: 1 is 0001-01-01, as `date.fromordinal` counts."""
    days = column.cast(pa.date32()).cast(pa.int32()).fill_null(0)
    return np.asarray(days.to_numpy(zero_copy_only=False), dtype=np.int64) + _EPOCH


def stored(value: Any, kind: ValueType) -> int | str | None:
    """A value as a snapshot stores it: a decimal as its unscaled integer, a truth as 0 or 1, a date as its
    ordinal, undefined as None.
    """
    if value is None:
        return None
    match kind.name:
        case "int":
            return int(value)
        case "decimal":
            return int(Decimal(str(value)).scaleb(kind.scale))
        case "bool":
            return int(bool(value))
        case "date":
            day = value if isinstance(value, date) else date.fromisoformat(str(value))
            return day.toordinal()
        case _:
            return str(value)
