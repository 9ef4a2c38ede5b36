"""The forms of the documents about questions: indicators, checks, products, letters, and the tests of a
pack."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from puhui.packs.forms import Form, Gate, Kind, Name, Purpose, ReleaseForm, SeverityName, Words

Channel = Literal[
    "filed_enterprise_bureau", "licensed_personal_bureau", "financing_credit_platform", "own_pull", "none"
]


class IndicatorHead(Form, frozen=True):
    """The YAML head of indicators/NAME.sql. The file's name is the indicator's name.

    `empty` is the value of a known subject without rows, or null: known but undefined. `bands` are
    ascending limits.
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


class Product(Form, frozen=True):
    """products/NAME.yaml: what an institution may contract."""

    format: Literal[1]
    name: Name
    title: Words
    kind: Literal["indicators", "verify", "report", "monitor"]
    purpose: Purpose
    channel: Channel
    subjects: Annotated[list[Kind], Meta(min_length=1)]
    indicators: list[Name] = field(default_factory=list)
    letter: Name | None = None


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


Rows = dict[str, list[dict[str, Any]]]


class Case(Form, frozen=True):
    """Rows in, figures out. `then` are corrections in order. Values keep their YAML type; decimals are
    exact."""

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
