"""Windows in which questions are counted: days, months and years of the zone's civil time (UTC+8, no summer time)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

CIVIL = timezone(timedelta(hours=8))
BUCKET = 512  # seconds; longer than a signed question may be sent again: 300 of its own and 60 of each clock


def bucket_of(at: datetime) -> int:
    """Which stretch of time a nonce is kept in: one that is sent again lies in this one or the one before."""
    return int(at.timestamp()) // BUCKET


CounterName = tuple[str, str, str]  # contract, product (empty: all of them), window


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows that one moment falls into, worked out once for a batch."""

    bucket: int
    day: str  # `day:2026-11-22`
    month: str  # `month:2026-11`

    @classmethod
    def at(cls, at: datetime) -> Windows:
        civil = at.astimezone(CIVIL)
        return cls(bucket_of(at), f"day:{civil:%Y-%m-%d}", f"month:{civil:%Y-%m}")

    @property
    def bill(self) -> str:
        """The month of the bill: `2026-11`."""
        return self.month.removeprefix("month:")

    def counters(self, contract: str, product: str) -> tuple[CounterName, ...]:
        """The counters of a question: its product's day, month and whole contract, and the month over all products."""
        return (
            (contract, product, self.day),
            (contract, product, self.month),
            (contract, product, "contract"),
            (contract, "", self.month),
        )


def same_window(window: str, one: datetime, other: datetime) -> bool:
    """Whether two moments fall into one window of a letter: `letter`, `month` or `year`."""
    if window == "letter":
        return True
    a, b = one.astimezone(CIVIL), other.astimezone(CIVIL)
    return a.year == b.year and (window == "year" or a.month == b.month)


def until_next(window: str, at: datetime) -> int | None:
    """Seconds until the next `day` or `month` begins, rounded up; None for one that does not come again."""
    civil = at.astimezone(CIVIL)
    today = civil.replace(hour=0, minute=0, second=0, microsecond=0)
    match window:
        case "day":
            begins = today + timedelta(days=1)
        case "month":
            begins = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
        case _:
            return None
    return -int((civil - begins).total_seconds() // 1)
