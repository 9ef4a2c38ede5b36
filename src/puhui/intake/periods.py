"""Which period each row of a parcel belongs to, which periods the parcel replaces, and which it makes complete."""

from __future__ import annotations

import re
from dataclasses import dataclass

from puhui.model.delivery import Manifest
from puhui.model.refusal import Said
from puhui.model.refusals import ParcelMismatch
from puhui.model.tables import Tables, literal, quoted
from puhui.packs import forms

_LENGTHS = {"month": 7, "year": 4, "day": 10}  # of a date written as 2026-09-30
_GRAINS = {"month": r"\d{4}-(0[1-9]|1[0-2])", "quarter": r"\d{4}Q[1-4]", "year": r"\d{4}", "day": r"\d{4}-\d\d-\d\d"}


@dataclass(frozen=True, slots=True)
class Periods:
    """`sql`: the period of a staged row `s`. `held`: the periods that the edition holds once this parcel is in it.
    `replaced`: what a snapshot replaces. `outside_sql`: TRUE for a row whose own date is outside the stated periods."""

    sql: str
    held: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    outside_sql: str = "FALSE"


def periods_of(resource: forms.Resource, manifest: Manifest, staged: str, tables: Tables) -> Periods:
    """By the manifest where it states a period, else by the rows' own dates. ParcelMismatch for a malformed one."""
    rule = resource.period
    if rule is None:
        return Periods(sql=literal(manifest.period))
    is_number = resource.field(rule.field).type == "int"  # a year that stands as a number
    own = own_period_sql(rule, "s", is_number=is_number)
    if not manifest.period:
        days = f"(SELECT DISTINCT {quoted(rule.field)} FROM {staged} WHERE bad = 0)"
        found = tables.rows(f"SELECT DISTINCT {own} FROM {days} s ORDER BY 1")
        present = tuple(row[0] for row in found if row[0])
        return Periods(sql=own, held=present, replaced=present)
    stated = spread(manifest.period, rule.grain)
    listed = ", ".join(literal(period) for period in stated)
    outside = f"({own} <> '' AND {own} NOT IN ({listed}))"
    # one stated period names the delivery: late rows of earlier months travel in it and are replaced with it
    sql = (
        literal(stated[0])
        if len(stated) == 1
        else f"CASE WHEN {own} IN ({listed}) THEN {own} ELSE {literal(stated[-1])} END"
    )
    return Periods(sql=sql, held=stated, replaced=stated, outside_sql=outside)


def own_period_sql(rule: forms.PeriodRule, alias: str, *, is_number: bool = False) -> str:
    """SQL: the period that a row's own date falls in; empty text where the date is missing."""
    column = f"{alias}.{quoted(rule.field)}" if alias else quoted(rule.field)
    if is_number:
        return f"coalesce({column}::VARCHAR, '')"
    if rule.grain == "quarter":
        text = f"year({column})::VARCHAR || 'Q' || quarter({column})::VARCHAR"
    else:
        text = f"left({column}::VARCHAR, {_LENGTHS[rule.grain]})"
    return f"coalesce({text}, '')"


def spread(stated: str, grain: str) -> tuple[str, ...]:
    """The periods that a manifest's text names: one, or `first/last` for months and years."""
    first, _, last = stated.partition("/")
    last = last or first
    if not (re.fullmatch(_GRAINS[grain], first) and re.fullmatch(_GRAINS[grain], last)) or last < first:
        raise ParcelMismatch(
            Said(f"所报期间 {stated} 与资源的周期 {grain} 不符", f"the stated period {stated} is not a {grain} period"),
            todo=Said("写成 2026-09 或 2026-01/2026-06 的样子", "write it like 2026-09 or 2026-01/2026-06"),
        )
    if grain == "month":
        return tuple(_months(first, last))
    if grain == "year":
        return tuple(str(year) for year in range(int(first), int(last) + 1))
    if first != last:
        raise ParcelMismatch(
            Said("该周期不支持一次投送多期", "several periods at once need a grain of months or years"),
            todo=Said("逐期投送", "deliver them one by one"),
        )
    return (first,)


def _months(first: str, last: str) -> list[str]:
    low, high = (int(text[:4]) * 12 + int(text[5:]) - 1 for text in (first, last))
    return [f"{index // 12:04d}-{index % 12 + 1:02d}" for index in range(low, high + 1)]
