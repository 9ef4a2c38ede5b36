"""The forms of the documents about questions: indicators, checks, products, letters, and the tests of a pack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from puhui.packs.forms import Form, Gate, Kind, Name, Purpose, ReleaseForm, SeverityName, Words

Channel = Literal[
    "filed_enterprise_bureau", "licensed_personal_bureau", "financing_credit_platform", "own_pull", "none"
]


OutForm = Literal["value", "band", "flag"]
Window = Literal["letter", "month", "year"]


class IndicatorHead(Form, frozen=True):
    """The YAML head of indicators/NAME.sql. The file's name is the indicator's name.

    `empty` is the value of a known subject without rows, or null: known but undefined. `bands` are ascending limits.
    """

    format: Literal[1]
    id: str
    title: Words
    group: str
    subjects: Annotated[list[Kind], Meta(min_length=1)]
    type: Annotated[str, Meta(pattern=r"^(int|decimal\([1-9][0-9]?,[0-9]{1,2}\)|bool|code|date)$")]
    window: Annotated[str, Meta(pattern=r"^([1-9][0-9]*M|at|latest)$")]
    release: list[ReleaseForm]
    purposes: Annotated[list[Purpose], Meta(min_length=1)]
    unit: str = ""
    empty: Any = None
    bands: list[Any] = field(default_factory=list)
    direction: str = ""
    typical_use: str = ""
    sources_any: bool | list[Name] = False  # one of the resources read (or of these) is enough to know
    parameters: list[Name] = field(default_factory=list)
    changes: str = ""
    origin: str = ""


class CheckHead(Form, frozen=True):
    """The YAML head of checks/NAME.sql: a SELECT of `line` of the bad rows FROM `rows`."""

    format: Literal[1]
    resource: Name
    severity: SeverityName
    title: Words


class Check(Form, frozen=True):
    """One yes/no check (核检): the value that the subject states in the letter against an indicator.

    `within`: at most `tolerance` (a share, 0.1 for a tenth) from the register's value. Unknown stays unknown.
    """

    name: Name
    indicator: Name
    compare: Literal["equal", "at_least", "at_most", "within"]
    title: Words
    tolerance: Decimal = Decimal(0)


class Section(Form, frozen=True):
    """One part of a report: a heading and the indicators under it."""

    title: Words
    indicators: Annotated[list[Name], Meta(min_length=1)]


class Product(Form, frozen=True):
    """products/NAME.yaml: what an institution may contract.

    `form`: in which form indicators leave, where their own release allows it (else the next coarser one); `forms`: for
    some of them another. `checks` belong to `verify`, `sections` to `report`. `optional_ticks`: of its letter, what
    the subject may leave out; what they alone open is then withheld by name.
    """

    format: Literal[1]
    name: Name
    title: Words
    kind: Literal["indicators", "verify", "report", "monitor"]
    purpose: Purpose
    channel: Channel
    subjects: Annotated[list[Kind], Meta(min_length=1)]
    indicators: list[Name] = field(default_factory=list)
    letter: Name | None = None
    form: OutForm = "value"
    forms: dict[Name, OutForm] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    optional_ticks: list[Name] = field(default_factory=list)

    def places(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every indicator that the document names, with the path to where it does."""
        yield from ((("indicators", at), name) for at, name in enumerate(self.indicators))
        for at, section in enumerate(self.sections):
            yield from ((("sections", at, "indicators", place), name) for place, name in enumerate(section.indicators))
        yield from ((("checks", at, "indicator"), check.indicator) for at, check in enumerate(self.checks))

    @property
    def asks(self) -> tuple[str, ...]:
        """Every indicator that an answer is made of, each once, in order."""
        return tuple(dict.fromkeys(name for _, name in self.places()))


class Tick(Form, frozen=True):
    """One separately ticked item of a letter: the gate it opens, for which items of the catalogue."""

    id: Name
    gate: Gate
    items: list[str]
    text: Words


class Letter(Form, frozen=True):
    """letters/NAME.yaml: the wording of an authorisation letter."""

    format: Literal[1]
    name: Name
    title: Words
    purpose: Purpose
    ticks: list[Tick]
    text: Words


Source = Annotated[str, Meta(min_length=1)]


class LimitSources(Form, frozen=True):
    """Where each limit of a purpose comes from."""

    range_months: Source
    uses: Source
    life_days: Source
    retention_days: Source


class PurposeLimits(Form, frozen=True):
    """The largest that a letter of one purpose may say. `uses`: window (`letter`, `month`, `year`) → cap in it;
    a window that is not named is not allowed."""

    from_: date = field(name="from")
    range_months: Annotated[int, Meta(ge=0)]
    uses: Annotated[dict[Window, Annotated[int, Meta(ge=1)]], Meta(min_length=1)]
    life_days: Annotated[int, Meta(ge=1)]
    retention_days: Annotated[int, Meta(ge=0)]
    sources: LimitSources

    def cap(self, window: str) -> int:
        """The largest cap of a window; 0 where that window is not allowed."""
        return next((cap for named, cap in self.uses.items() if named == window), 0)


class PurposeTable(Form, frozen=True):
    """purposes/NAME.yaml: the limits of letters for one purpose, dated."""

    format: Literal[1]
    name: Purpose
    title: Words
    values: Annotated[list[PurposeLimits], Meta(min_length=1)]

    def at(self, day: date) -> PurposeLimits | None:
        """The limits in force on a day (the newest `from` not after it); None before the first."""
        due = [dated for dated in self.values if dated.from_ <= day]
        return max(due, key=lambda dated: dated.from_) if due else None


class RuleSources(Form, frozen=True):
    """Where each rule of tables over groups comes from."""

    least: Source
    largest: Source
    share: Source
    percent: Source
    anonymous: Source


class GroupLimits(Form, frozen=True):
    """What tables over groups of subjects keep from a day on; never looser than the house's own rules, which stand here
    as limits. `least`: subjects in a cell; `largest`, `share`: so many subjects make at most this share of a sum;
    `percent`: nobody in a cell may know the largest amount more exactly; `anonymous`: persons that must be alike.
    """

    from_: date = field(name="from")
    least: Annotated[int, Meta(ge=10, le=1000)]
    largest: Annotated[int, Meta(ge=2, le=8)]
    share: Decimal
    percent: Decimal
    anonymous: Annotated[int, Meta(ge=5, le=1000)]
    sources: RuleSources

    def __post_init__(self) -> None:
        if not Decimal(0) < self.share <= Decimal("0.9"):
            raise ValueError("`share` is above 0 and at most 0.9")
        if not Decimal("0.1") <= self.percent <= 1:
            raise ValueError("`percent` is at least 0.1 and at most 1")


class TableRules(Form, frozen=True):
    """tables/NAME.yaml: the rules of tables over groups of subjects, dated. Of several packs' the strictest count."""

    format: Literal[1]
    name: Name
    title: Words
    values: Annotated[list[GroupLimits], Meta(min_length=1)]

    def at(self, day: date) -> GroupLimits | None:
        """The rules in force on a day (the newest `from` not after it); None before the first."""
        due = [dated for dated in self.values if dated.from_ <= day]
        return max(due, key=lambda dated: dated.from_) if due else None


Rows = dict[str, list[dict[str, Any]]]


class Case(Form, frozen=True):
    """Rows in, figures out. `then` are corrections in order. Values keep their YAML type; decimals are exact."""

    name: str
    indicator: Name
    rows: Rows
    figures: dict[str, Any]
    periods: dict[str, str | list[str]] = field(default_factory=dict)
    complete: list[Name] | None = None
    then: list[Rows] = field(default_factory=list)
    as_of: date | None = None


class PackTest(Form, frozen=True):
    """tests/NAME.yaml"""

    format: Literal[1]
    name: Name
    as_of: date
    cases: Annotated[list[Case], Meta(min_length=1)]
