"""What one institution was told about one subject, and whether another answer would show more than either may.

Answers are deterministic for a basis, a product and a snapshot, so asking again tells nothing new. What is left are two
products whose forms of one indicator together narrow it down: such pairs are found once, when products are prepared,
and the log's transaction refuses the second of a pair within the budget's window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from puhui.disclosure.rules import OutRule
from puhui.model.question import ReleaseKind

WINDOW_DAYS = 366  # as long as an institution may combine what it was told


def clashes(rules: Mapping[str, Sequence[OutRule]]) -> dict[str, frozenset[str]]:
    """Product → the products that may not be answered about the same subject as well. `rules`: by product."""
    found: dict[str, set[str]] = {name: set() for name in rules}
    for one, other in combinations(sorted(rules), 2):
        if any(narrows(a, b) for a in rules[one] for b in rules[other]):
            found[one].add(other)
            found[other].add(one)
    return {name: frozenset(others) for name, others in found.items()}


def narrows(one: OutRule, other: OutRule) -> bool:
    """Whether two releases of one indicator show more together than each alone: bands of different limits, a band and a
    check against a number. A value beside a band shows nothing that the value does not."""
    if one.indicator != other.indicator or ReleaseKind.WITHHELD in (one.form, other.form):
        return False
    if ReleaseKind.VALUE in (one.form, other.form):
        return False
    return (one.limits, one.compare) != (other.limits, other.compare)
