"""Names and addresses of a district, drawn from the word lists; firms that share a name are planted here."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from puhui.city import words
from puhui.city.columns import joined, numbered, pick
from puhui.city.settings import Settings, Truth, Whole


def person_names(rng: np.random.Generator, count: int) -> pa.Array:
    """Surname and one or two characters."""
    second = pick(words.GIVEN_SECOND, rng.integers(0, len(words.GIVEN_SECOND), count))
    blank = pa.array([""] * 1, pa.string())
    short = rng.random(count) < 0.25
    first = pick(words.GIVEN_FIRST, rng.integers(0, len(words.GIVEN_FIRST), count))
    first = pc.if_else(pa.array(short), blank[0], first)
    return joined(pick(words.SURNAMES, rng.integers(0, len(words.SURNAMES), count)), first, second)


def addresses(rng: np.random.Generator, home: Whole) -> pa.Array:
    """Province to house number, in the area at `home`."""
    count = len(home)
    area = pick([name for _, name in words.HOME_AREAS], home)
    town = pick(words.TOWNS, rng.integers(0, len(words.TOWNS), count))
    street = pick(words.STREETS, rng.integers(0, len(words.STREETS), count))
    return numbered(joined(area, town, street), rng.integers(1, 400, count), "号")


def firm_names(
    settings: Settings, rng: np.random.Generator, place: int, kind: Whole, trade: Whole, renamed: Truth
) -> tuple[pa.Array, pa.Array]:
    """(today's names, former names: null where never renamed). A few firms carry another firm's name."""
    count = len(kind)
    sign = _sign_of(place)
    today = _unique(_drawn_names(rng, sign, kind, trade))
    shared = (rng.random(count) < settings.rates.shared_name) & (kind == 0)
    donor = np.arange(count)
    donor[shared] = rng.integers(0, count, int(shared.sum()))
    donor = np.where(kind[donor] == 0, donor, np.arange(count))
    former = _unique(_drawn_names(rng, sign, kind, trade), avoid=today)
    return pick(today, donor), pick(former, np.arange(count), where=renamed)


def _unique(drawn: pa.Array, avoid: pa.Array | None = None) -> pa.Array:
    """The same names, with a character more before the form where a name was met before."""
    seen: set[str] = set(avoid.to_pylist()) if avoid is not None else set()
    signs = words.BRANDS_SECOND
    found: list[str] = []
    for name in drawn.to_pylist():
        at = 0
        fresh = name
        while fresh in seen:
            fresh = name[:4] + signs[at % len(signs)] + signs[at // len(signs) % len(signs)] + name[4:]
            at += 1
        seen.add(fresh)
        found.append(fresh)
    return pa.array(found, pa.string())


def _sign_of(place: int) -> str:
    """Three characters that every name of a district carries, so that no two districts share a name."""
    signs = words.BRANDS_SECOND
    base = len(signs)
    return "" if place == 0 else "".join(signs[place // base**power % base] for power in range(3))


def _drawn_names(rng: np.random.Generator, sign: str, kind: Whole, trade: Whole) -> pa.Array:
    count = len(kind)

    def draw(source: tuple[str, ...]) -> pa.Array:
        return pick(source, rng.integers(0, len(source), count))

    city, first, second = draw(words.CITY_WORDS), draw(words.BRANDS_FIRST), draw(words.BRANDS_SECOND)
    third = draw(words.BRANDS_FIRST)
    craft = pick([t[1] for t in words.TRADES], trade)
    firm = joined(city, sign, first, second, third, craft, draw(words.FORMS))
    coop = joined(city, sign, first, second, draw(words.COOP_PRODUCTS), "专业合作社")
    stall = joined(city, sign, draw(words.SURNAMES), first, second, draw(words.STALLS))
    school = joined("新余市", sign, first, second, draw(words.INSTITUTIONS))
    club = joined("新余市", sign, first, third, draw(words.ASSOCIATIONS))
    return pc.choose(pa.array(kind), firm, coop, stall, school, club)
