"""Every indicator once more, in plain Python over a subject's true rows: what the engines are held against.

Written from the indicators' definitions, one function each, apart from their SQL.
"""

from __future__ import annotations

from puhui.city.figures import (
    employment,
    income,
    invoice,
    judicial,
    property,
    registration,
    rural,
    tax,
    utility,
)
from puhui.city.figures.lives import ALL

__all__ = [
    "ALL",
    "employment",
    "income",
    "invoice",
    "judicial",
    "property",
    "registration",
    "rural",
    "tax",
    "utility",
]
