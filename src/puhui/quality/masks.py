"""How a value is shown in a message: by the field's mask rule, never whole where it says something about a person."""

from __future__ import annotations

from puhui.packs.forms import Field

_SHOWN = 24  # characters of a plain value


def masked(value: str, field: Field) -> str:
    """`value` as its field's mask rule lets a steward see it. What could identify or hurt is suppressed."""
    if field.mask == "none" and field.pi == "N" and field.keep == "lake":
        return value[:_SHOWN]
    match field.mask:
        case "keep_ends":
            return _ends(value)
        case "keep_surname":
            return value[:1] + "*" * (len(value) - 1)
        case "township":
            return value[:6] + "…"
        case _:
            return "*" * min(len(value), 6) if field.pi != "N" or field.mask != "none" else _ends(value)


def _ends(value: str) -> str:
    """First three and last four, and only where something stays hidden between them."""
    return f"{value[:3]}…{value[-4:]}" if len(value) > 11 else "*" * min(len(value), 6)
