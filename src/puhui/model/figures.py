"""Figures: the values of indicators for one subject, and the snapshot they come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

Value = int | Decimal | bool | str | date


class Unknown(StrEnum):
    """Why a figure is not known. What is unknown is never zero."""

    ABSENT = "absent"  # the subject is in no row, and the source does not claim to be complete
    INCOMPLETE = "incomplete"  # a month of the window was not delivered
    CONFLICT = "conflict"  # rows of one key differ in a field that the figure reads
    SOURCE_TIMEOUT = "source-timeout"
    ERASED = "erased"


class Figure(Struct, frozen=True):  # thirty and more for each answer: a Struct is made ten times quicker
    """One indicator of one subject. `known` without `value`: the figure is defined for nobody like this (zero base)."""

    indicator: str
    known: bool
    value: Value | None = None
    reason: Unknown | None = None
    coverage: tuple[int, int] | None = None  # months held, months asked


@dataclass(frozen=True, slots=True)
class Definition:
    """What one indicator of a snapshot was: name, digest of its file and parameters, type, unit, editions read."""

    name: str
    digest: str
    type: str
    unit: str
    editions: tuple[tuple[str, int], ...]
    coverage: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All indicators of all subjects, valid at `as_of`, as known at `known_at`. Made by indicators."""

    number: int
    as_of: date
    known_at: datetime
    pack_set: str  # digest of the active packs
    engine: str
    built_at: datetime
    subjects: int
    definitions: tuple[Definition, ...]
    editions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Raw indicator values of one subject out of one snapshot; may not leave. Made by indicators."""

    subject: str
    snapshot: int
    as_of: date
    figures: tuple[Figure, ...]
