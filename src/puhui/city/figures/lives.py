"""What the truth knows of one subject: its accepted rows, the day, the parameters. Figures are plain
functions over it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from puhui.model.time import months_back

Row = Mapping[str, Any]
Outcome = Fraction | Decimal | int | bool | str | date | None  # None: known but undefined


@dataclass(frozen=True, slots=True)
class Life:
    """Accepted rows of one subject by resource or relation, facts that may no longer be used left out."""

    rows: Mapping[str, Sequence[Row]]
    as_of: date
    parameters: Mapping[str, Any]

    def of(self, source: str) -> Sequence[Row]:
        return self.rows.get(source, ())

    def back(self, months: int) -> date:
        """The day after which a window of so many months begins."""
        return months_back(self.as_of, months)

    def within(self, source: str, field: str, months: int) -> list[Row]:
        """Rows whose day in `field` lies in the window of the last `months` months."""
        start = self.back(months)
        return [row for row in self.of(source) if row[field] is not None and start < row[field] <= self.as_of]

    def before(self, source: str, field: str, months: int) -> list[Row]:
        """Rows of the window of equal length that ends where the last `months` months begin."""
        start, end = self.back(2 * months), self.back(months)
        return [row for row in self.of(source) if row[field] is not None and start < row[field] <= end]

    def by_now(self, source: str, field: str) -> list[Row]:
        """Rows whose day in `field` is stated and not after the day of the figures."""
        return [row for row in self.of(source) if row[field] is not None and row[field] <= self.as_of]


@dataclass(frozen=True, slots=True)
class Truth:
    """One indicator as the city computes it: what it reads (source → fields), and how."""

    name: str
    reads: Mapping[str, frozenset[str]]
    compute: Callable[[Life], Outcome]


ALL: dict[str, Truth] = {}


def figure(**reads: str) -> Callable[[Callable[[Life], Outcome]], Callable[[Life], Outcome]]:
    """Registers a function under its own name; each source is given with the fields that the figure looks at."""

    def register(compute: Callable[[Life], Outcome]) -> Callable[[Life], Outcome]:
        fields = {source: frozenset(text.split()) for source, text in reads.items()}
        ALL[compute.__name__] = Truth(compute.__name__, fields, compute)
        return compute

    return register


def total(rows: Iterable[Row], field: str) -> Decimal | None:
    """The sum of the stated amounts; None where no row states one."""
    stated = [row[field] for row in rows if row[field] is not None]
    return sum(stated, Decimal(0)) if stated else None


def total_or_zero(rows: Iterable[Row], field: str) -> Decimal:
    return total(rows, field) or Decimal(0)


def ratio(part: Decimal | int | Fraction | None, base: Decimal | int | Fraction | None) -> Fraction | None:
    """The exact quotient; undefined without a part, or over nothing or zero."""
    if part is None or base is None or base == 0:
        return None
    return Fraction(part) / Fraction(base)


def growth(now: Decimal | int | None, then: Decimal | int | None) -> Fraction | None:
    """(now − then) / then; undefined unless the base is above zero."""
    if now is None or then is None or then <= 0:
        return None
    return ratio(now - then, then)


def completed_months(start: date, end: date) -> int:
    """Whole months from start to end."""
    return (end.year - start.year) * 12 + end.month - start.month - (1 if end.day < start.day else 0)


def month_number(day: date) -> int:
    return day.year * 12 + day.month


def longest_run(numbers: Iterable[int]) -> int:
    """How many whole numbers follow one another at most."""
    present = set(numbers)
    best = 0
    for number in present:
        if number - 1 not in present:
            end = number
            while end in present:
                end += 1
            best = max(best, end - number)
    return best


def active(row: Row, start: str, end: str, as_of: date) -> bool:
    """Begun (or of unknown beginning) by the day, and not ended before it."""
    return (row[start] is None or row[start] <= as_of) and (row[end] is None or row[end] >= as_of)
