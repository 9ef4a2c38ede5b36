"""What the packs in use say of each product: worked out once for a set, read by proposals and questions alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from puhui.contracts.formula import Formula

OWN_PULL, NO_CHANNEL = "own_pull", "none"  # channels that nobody holds a licence of
CREDIT = ("lending", "guarantee")


@dataclass(frozen=True, slots=True)
class Forbidden:
    """An item of the catalogue that the law closes for a purpose, and its article."""

    item: str
    article: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One item of a product as it leaves: `form` value, band or flag; `limits` of bands; `compare` of a yes/no check.

    `formula`: what the figure is made of, where its SQL is plain enough to tell. `identity`: the same text means the
    same quantity, under whichever name.
    """

    product: str
    item: str
    indicator: str
    form: str
    identity: str
    limits: tuple[Decimal, ...] = ()
    compare: str = ""
    yes_no: bool = False
    formula: Formula | None = None
    headcount: str = ""  # the relation through which it counts other subjects


@dataclass(frozen=True, slots=True)
class Offer:
    """One product. `forbidden`: purpose → what the law forbids of it for that purpose; `items` of the catalogue."""

    product: str
    kind: str
    purpose: str
    channel: str
    items: frozenset[str]
    forbidden: Mapping[str, Forbidden]
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Offers:
    """Every product of a set of packs. `closed`: (item, purpose) → the article that closes the item altogether."""

    digest: str
    products: Mapping[str, Offer]
    closed: Mapping[tuple[str, str], str]
