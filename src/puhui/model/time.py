"""Calendar rules of figures: months, windows, periods (docs/explanation/delivery-contract.md, "Time")."""

from __future__ import annotations

import calendar
from datetime import date


def month_end(day: date) -> date:
    """The last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def months_back(day: date, months: int) -> date:
    """`months` calendar months before `day`; a month's last day goes to a month's last day."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, last if day == month_end(day) else min(day.day, last))


def month_ends_in(after: date, until: date) -> tuple[date, ...]:
    """Every last day of a month in (after, until], oldest first."""
    found = []
    end = month_end(after)
    if end <= after:
        end = month_end(date(after.year + after.month // 12, after.month % 12 + 1, 1))
    while end <= until:
        found.append(end)
        end = month_end(date(end.year + end.month // 12, end.month % 12 + 1, 1))
    return tuple(found)


def period_of(day: date, grain: str) -> str:
    """The name of the period that holds `day`: `2026-09`, `2026Q3`, `2026`, or the day itself."""
    match grain:
        case "month":
            return f"{day:%Y-%m}"
        case "quarter":
            return f"{day.year}Q{(day.month + 2) // 3}"
        case "year":
            return f"{day.year}"
        case _:
            return day.isoformat()


def end_of_period(name: str) -> date | None:
    """The last day of the period of that name (`2026-09`, `2026Q3`, `2026`, `2026-09-30`), or None for another text."""
    digits = name.replace("Q", "-Q").split("-")
    try:
        match digits:
            case [year] if len(year) == 4:
                return date(int(year), 12, 31)
            case [year, quarter] if quarter.startswith("Q"):
                return month_end(date(int(year), 3 * int(quarter[1:]), 1))
            case [year, month]:
                return month_end(date(int(year), int(month), 1))
            case _:
                return date.fromisoformat(name)
    except ValueError:
        return None
