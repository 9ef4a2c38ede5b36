"""What a city is made from: how many subjects, which seed, which months, how much dirt. Same settings, same bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from puhui.model.time import month_end, months_back

DISTRICT = 10_000  # subjects made at a time; bounds memory, part of the recipe: another value is another city

Days = npt.NDArray[np.datetime64]
Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of rows (or of subjects, where said) that are spoilt, near what real registers show."""

    bad_check_digit: float = 0.003
    bad_date: float = 0.001
    ragged_line: float = 0.0005
    text_amount: float = 0.01
    null_word: float = 0.02
    full_width: float = 0.002
    exact_duplicate: float = 0.002
    conflict: float = 0.001
    correction: float = 0.002
    branch_code: float = 0.004  # of firms: a second row under the same code
    shared_name: float = 0.006  # of firms: named like another firm
    renamed: float = 0.06  # of firms
    old_area: float = 0.068  # of firms: area code of an older revision of GB/T 2260
    office_area: float = 0.028  # of firms: area code of a registry office, in no revision
    name_only: float = 0.5  # of court rows about firms: no code
    name_variant: float = 0.4  # of name-only rows: brackets, spaces, form of the name


@dataclass(frozen=True, slots=True)
class Settings:
    """`subjects` counts firms and people; a third, rounded, are organisations."""

    subjects: int
    seed: int
    as_of: date = date(2026, 6, 30)
    months: int = 36
    monthly_parcels: int = 2  # how many of the newest months come in parcels of their own
    rates: Rates = field(default_factory=Rates)

    def __post_init__(self) -> None:
        if self.subjects < 30 or not 26 <= self.months <= 120:
            raise ValueError("a city has at least 30 subjects and 26 to 120 months")

    @property
    def month_ends(self) -> Days:
        """Last days of the city's months, oldest first; the newest is the month of `as_of`."""
        newest = month_end(self.as_of)
        ends = [months_back(newest, back) for back in range(self.months - 1, -1, -1)]
        return np.array(ends, dtype="datetime64[D]")

    def districts(self) -> list[tuple[int, int]]:
        """(first subject, number of subjects) of each district."""
        starts = range(0, self.subjects, DISTRICT)
        return [(start, min(DISTRICT, self.subjects - start)) for start in starts]


def organisations_of(subjects: int) -> int:
    """How many of a district's subjects are organisations: a third, rounded to the nearest."""
    return (subjects + 1) // 3


def rng_of(seed: int, district: int, purpose: str) -> np.random.Generator:
    """An independent stream for one purpose in one district, so that a new agency moves no other's numbers."""
    words = [seed, district, *purpose.encode()]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))
