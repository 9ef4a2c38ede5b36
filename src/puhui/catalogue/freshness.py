"""Is a resource as new as its cycle promises? Decided by periods where it has them, by days since delivery
elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from puhui.model.time import month_end, months_back, period_of
from puhui.packs.forms import Resource

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"daily": 1, "weekly": 7}
_CYCLE_MONTHS = {"monthly": 1, "yearly": 12}


class State(StrEnum):
    FRESH = "fresh"  # what was due is here
    DUE = "due"  # the next delivery may come now and is not late yet
    LATE = "late"  # a delivery that should be here is not
    NEVER = "never"  # nothing was ever delivered


@dataclass(frozen=True, slots=True)
class Freshness:
    """`due_on`: the last day on which the next delivery is in time (None: no cycle). `missing`: late periods."""

    state: State
    due_on: date | None
    missing: tuple[str, ...] = ()


def freshness(resource: Resource, periods_held: Sequence[str], last_delivery: date | None, today: date) -> Freshness:
    """How fresh a resource is on `today`. `periods_held`: names as `model.time.period_of` makes them, any order."""
    if last_delivery is None:
        return Freshness(State.NEVER, None)
    if resource.period is not None and resource.period.grain in _MONTHS and periods_held:
        return _by_period(resource, resource.period.grain, frozenset(periods_held), today)
    return _by_delivery(resource, last_delivery, today)


def _by_period(resource: Resource, grain: str, held: frozenset[str], today: date) -> Freshness:
    lag = timedelta(days=resource.lag_days)
    late, waiting = [], None
    for end in _ends(grain, min(held), today):
        if period_of(end, grain) in held:
            continue
        if end + lag < today:
            late.append(period_of(end, grain))
        elif waiting is None:
            waiting = end
    due_on = (waiting or _end_of(grain, today)) + lag
    state = State.LATE if late else State.DUE if waiting is not None else State.FRESH
    return Freshness(state, due_on, tuple(late))


def _ends(grain: str, first: str, today: date) -> Iterator[date]:
    """The last days of the periods from `first` on that are over before `today`, oldest first."""
    ends = []
    end = months_back(_end_of(grain, today), _MONTHS[grain])
    while period_of(end, grain) >= first:
        ends.append(end)
        end = months_back(end, _MONTHS[grain])
    yield from reversed(ends)


def _end_of(grain: str, day: date) -> date:
    """The last day of the period that holds `day`."""
    months = _MONTHS[grain]
    last = (day.month + months - 1) // months * months
    return month_end(date(day.year, last, 1))


def _by_delivery(resource: Resource, last_delivery: date, today: date) -> Freshness:
    if resource.cycle in _DAYS:
        next_on = last_delivery + timedelta(days=_DAYS[resource.cycle])
    elif resource.cycle in _CYCLE_MONTHS:
        next_on = months_back(last_delivery, -_CYCLE_MONTHS[resource.cycle])
    else:  # by event, or none
        return Freshness(State.FRESH, None)
    due_on = next_on + timedelta(days=resource.lag_days)
    state = State.FRESH if today < next_on else State.DUE if today <= due_on else State.LATE
    return Freshness(state, due_on)
