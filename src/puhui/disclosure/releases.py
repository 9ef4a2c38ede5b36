"""In which forms a figure may leave, seen from one column that it touches.

A form that the column's `release` lists is granted where the SQL gives just that form (a sum of a column that may leave
as a sum): then the figure itself is harmless and may leave in any form. Else only the coarser forms on the list remain.
"""

from __future__ import annotations

from typing import get_args

from puhui.packs.forms import Field, ReleaseForm
from puhui.packs.sql_touches import How

ALL: frozenset[str] = frozenset(get_args(ReleaseForm))
_COARSE = frozenset({"band", "flag", "age_band"})
_IDENTIFYING = ("uscc", "ric", "reg_no", "org_code", "tax_no", "local", "name", "phone", "address", "account")
_OUT_AS_IT_IS = (How.VALUE, How.BAND, How.MONTH, How.RANK)
# The forms on a column's list that each way of touching it satisfies.
_GRANTS: dict[How, frozenset[str]] = {
    How.VALUE: frozenset(),
    How.BAND: frozenset({"band"}),
    How.MONTH: frozenset({"month"}),
    How.RANK: frozenset({"rank", "month"}),
    How.SUM: frozenset({"sum"}),
    How.MEAN: frozenset({"mean"}),
    How.COUNT: frozenset({"count"}),
    How.FLAG: frozenset({"count", "month"}),
    How.SELECTS: frozenset({"count", "month"}),
}


def forms_left(released: frozenset[str], how: How) -> frozenset[str]:
    """The forms of the figure that a column with this `release` leaves, where it is touched this way."""
    if "value" in released or released & _GRANTS[how]:
        return ALL
    return released & _COARSE


def identifies(field: Field) -> bool:
    """An identifier, a name or a contact, also another subject's token."""
    return field.keep == "token" or field.semantic in _IDENTIFYING


def goes_out(how: How) -> bool:
    """Whether a column's own content reaches the figure."""
    return how in _OUT_AS_IT_IS
