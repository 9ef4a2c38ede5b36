"""Headers: names made comparable, made unique for the engine, and told from the titles that stand above
them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00ad"  # byte-order marks and zero-width characters that files carry
BLANKS = " \t\r\n\f\v\u00a0\u3000" + "".join(chr(code) for code in range(0x2000, 0x200B)) + "\u202f\u205f"
_INVISIBLE = str.maketrans("", "", INVISIBLE)
_SPACES = re.compile(rf"[{BLANKS}_\-‐‑–—·/\\、:;.,。*\"'“”]+")
_UNIT = re.compile(r"\((?:单位[:]?)?[^()]*\)|\[[^\[\]]*\]|【[^【】]*】")


def shown(name: str) -> str:
    """A delivered name without invisible characters and outer blanks."""
    return name.translate(_INVISIBLE).strip(BLANKS)


def comparable(name: str) -> str:
    """A name for comparing: full width to half width, lower case, without blanks, dashes and quotes."""
    return _SPACES.sub("", unicodedata.normalize("NFKC", shown(name))).casefold()


def bare(name: str) -> str:
    """As `comparable`, without remarks in brackets such as a unit: 实缴金额(元) → 实缴金额."""
    text = unicodedata.normalize("NFKC", shown(name))
    short = _SPACES.sub("", _UNIT.sub("", text)).casefold()
    return short or comparable(name)


def unique_columns(header: Sequence[str], reserved: Iterable[str] = ("line",)) -> tuple[str, ...]:
    """Names for the engine: blank ones are `column_N`, repeated ones (whatever their case) get `_2`, `_3`
    …"""
    used = {name.casefold() for name in reserved}
    names = []
    for number, delivered in enumerate(header, 1):
        name = base = shown(delivered).replace("\x00", "") or f"column_{number}"
        again = 1
        while name.casefold() in used:
            again += 1
            name = f"{base}_{again}"
        used.add(name.casefold())
        names.append(name)
    return tuple(names)


def banner_rows(rows: Sequence[Sequence[str]]) -> int:
    """How many leading rows are a title or blank: rows with at most one filled cell above a wider row."""
    filled = [sum(bool(shown(cell)) for cell in row) for row in rows]
    widest = max(filled, default=0)
    if widest < 2:
        return next((n for n, count in enumerate(filled) if count), 0)
    return next(n for n, count in enumerate(filled) if count > 1)
