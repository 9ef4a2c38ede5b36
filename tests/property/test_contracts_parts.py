"""The union check against a slow clear referee: every set of parts is tried one by one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from puhui.contracts.differencing import findings
from puhui.contracts.formula import Atom, Formula
from puhui.contracts.offer import Shown

KINDS = "abcde"
CODES = st.frozensets(st.sampled_from(KINDS), min_size=1)


def shown(product: str, codes: frozenset[str]) -> Shown:
    atom = Atom("payments", "SUM(paid)", True, codes=(("kind", codes),))
    name = "".join(sorted(codes))
    return Shown(product, name, name, "value", name, formula=Formula((atom,), single=True))


def rests(items: Sequence[frozenset[str]]) -> set[tuple[frozenset[str], str]]:
    """(whole, kind): the kind's own sum follows from the whole and some disjoint parts of it, and no item shows it."""
    found = set()
    for whole in items:
        parts = [one for one in items if one < whole]
        for size in range(1, len(parts) + 1):
            for group in combinations(parts, size):
                covered: frozenset[str] = frozenset().union(*group)
                rest = whole - covered
                if sum(map(len, group)) == len(covered) and len(rest) == 1 and rest not in items:
                    found.add((whole, min(rest)))
    return found


@given(st.lists(CODES, min_size=1, max_size=8, unique=True))
def test_every_rest_that_can_be_worked_out_is_found(items: list[frozenset[str]]) -> None:
    union = [shown(f"p{place}", codes) for place, codes in enumerate(items)]
    told = {(one.items[0], one.shows.en) for one in findings(union)}
    expected = {("".join(sorted(whole)), f"the part of kind = {kind}") for whole, kind in rests(items)}
    assert told == expected


@given(st.lists(CODES, min_size=1, max_size=8, unique=True))
def test_what_one_product_shows_is_reviewed_with_it(items: list[frozenset[str]]) -> None:
    assert list(findings([shown("p", codes) for codes in items])) == []
