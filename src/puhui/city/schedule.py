"""Which parcels an agency sends, in which order: history in one, the newest months one by one, then late and
correcting ones; the month that never came is planned here too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from puhui.city.layouts import Layout
from puhui.city.settings import Settings, Truth, Whole

MISSING = {"DL-03": 20}  # item: how many months back the parcel is that never came
LATE = frozenset({"GJJ-02"})  # the last month but one comes after the last
MONTHLY = frozenset({"SWJ-06", "SWJ-03", "RSJ-03", "GJJ-02", "DL-03", "JH-04"})  # the others send their months at once
CORRECTED = frozenset({"SWJ-06", "RSJ-03", "DL-03", "SCJ-16", "YYF-02"})
GROWING = frozenset({"SCJ-01", "SCJ-08", "SCJ-21", "FY-01", "FY-02", "FY-03", "FGW-05"})  # a base, then an increment


@dataclass(frozen=True, slots=True)
class Planned:
    """One parcel to come. `first` to `last` are places of months; −1 also stands for rows before the first month."""

    item: str
    kind: str
    period: str
    first: int
    last: int
    rank: tuple[int, int]  # order of coming
    corrects: bool = False  # of rows that an earlier parcel of these months had wrong

    def holds(self, month: Whole) -> Truth:
        """Which rows are of this parcel, by their months."""
        return (month >= self.first) & (month <= self.last)


def schedule(layout: Layout, settings: Settings) -> list[Planned]:
    """The parcels of one resource, in order of coming."""
    if layout.is_monthly:
        plan = _by_months(layout.item, settings)
    elif layout.period and layout.period[1] == "year":
        years = f"{settings.as_of.year - 3}/{settings.as_of.year - 1}"
        plan = [Planned(layout.item, "snapshot", years, -1, settings.months, (0, 0))]
    elif layout.item in GROWING:
        plan = _base_and_increment(layout.item, settings)
    else:
        plan = [Planned(layout.item, "snapshot", "", -1, settings.months, (0, 0))]
    if layout.item in CORRECTED:
        mended = plan[-2] if len(plan) > 1 else plan[0]
        plan.append(
            Planned(layout.item, "correction", mended.period, mended.first, mended.last, (90, 0), corrects=True)
        )
    return sorted(plan, key=lambda planned: planned.rank)


def _base_and_increment(item: str, settings: Settings) -> list[Planned]:
    last = settings.months - 1
    increment = Planned(item, "increment", "", last, settings.months, (last, 1))
    return [Planned(item, "snapshot", "", -1, last - 1, (0, 0)), increment]


def _by_months(item: str, settings: Settings) -> list[Planned]:
    last = settings.months - 1
    newest = settings.monthly_parcels if item in MONTHLY else 0
    runs = [(0, last - newest)]
    if item in MISSING:
        gap = last - MISSING[item]
        runs = [(0, gap - 1), (gap + 1, last - newest)]
    plan = [Planned(item, "snapshot", _period(settings, a, b), a, b, (0, a)) for a, b in runs]
    for month in range(last - newest + 1, last + 1):
        late = item in LATE and month == last - 1
        rank = (80, month) if late else (month, 0)
        plan.append(Planned(item, "snapshot", _period(settings, month, month), month, month, rank))
    return plan


def _period(settings: Settings, first: int, last: int) -> str:
    names = [str(np.datetime64(settings.month_ends[at], "M")) for at in (first, last)]
    return names[0] if first == last else "/".join(names)
