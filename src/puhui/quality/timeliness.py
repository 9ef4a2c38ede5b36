"""时效性 (GB/T 36344-2018): how late the newest facts of a parcel came, against the resource's cycle and lag."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from puhui.model.tables import Tables, quoted
from puhui.model.time import end_of_period
from puhui.packs import forms

CYCLE_DAYS = {"daily": 1, "weekly": 7, "monthly": 31, "yearly": 366}
FADES_OVER = 4  # cycles of lateness after which the figure is 0


def timeliness(resource: forms.Resource, periods: Sequence[str], landed: date, tables: Tables) -> float | None:
    """1 where the newest period (or date) came within its cycle and lag, falling evenly to 0 four cycles later.

    None for resources without a cycle, and for parcels that state no date: nothing can be said of them.
    """
    cycle = CYCLE_DAYS.get(resource.cycle)
    newest = end_of_period(max(periods)) if periods else _newest_date(resource, landed, tables)
    if cycle is None or newest is None:
        return None
    due = newest + timedelta(days=resource.lag_days + (0 if periods else cycle))
    late = (landed - due).days
    return 1.0 if late <= 0 else round(max(0.0, 1 - late / (cycle * FADES_OVER)), 4)


def _newest_date(resource: forms.Resource, landed: date, tables: Tables) -> date | None:
    """The newest date of the good rows that is not after the landing: contracts may end in the future."""
    names = [quoted(field.name) for field in resource.fields if field.type == "date"]
    if not names:
        return None
    newest = ", ".join(f"max({name}) FILTER (WHERE {name} <= DATE '{landed}')" for name in names)
    found = [day for day in tables.rows(f"SELECT {newest} FROM staged WHERE bad = 0")[0] if day is not None]
    return max(found, default=None)
