"""What may leave of one subject's figures: the last step before the log. Nothing here widens what a rule says.

Unknown is told from zero, withheld from unknown, and each says why.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from puhui.disclosure.rules import OTHER_KIND, POLICY, STALE, OutRule
from puhui.model.figures import Figure, Figures, Value
from puhui.model.question import Permit, Release, ReleasedItem, ReleaseKind
from puhui.model.subject import TOKEN_KIND_AT

NOT_STATED = "not-stated"  # a yes/no check without a value in the letter
OBJECTED = "objected"
STALE_AFTER_DAYS = 31  # a snapshot's facts are looked at again by then: 条例 art. 16 counts whole days


@dataclass(frozen=True, slots=True)
class Source:
    """Where the figures come from, as an answer names it: one snapshot and its editions with their digests."""

    snapshot: int
    as_of: date
    known_at: datetime
    pack_set: str
    editions: tuple[tuple[str, int, str], ...] = field(repr=False)


def let_out(
    figures: Figures,
    permit: Permit,
    rules: Sequence[OutRule],
    source: Source,
    *,
    today: date,
    objected: Set[str] = frozenset(),
) -> Release:
    """The release of a permit's figures. `objected`: catalogue items that the subject disputes at the moment."""
    items = items_let_out(figures, rules, permit.stated, today=today, objected=objected)
    return Release(permit, items, source.snapshot, source.as_of, source.known_at, source.pack_set, source.editions)


def items_let_out(
    figures: Figures,
    rules: Sequence[OutRule],
    stated: Mapping[str, str],
    *,
    today: date,
    objected: Set[str] = frozenset(),
) -> tuple[ReleasedItem, ...]:
    """Each item in its form, in the order of the rules. `today`: of the question; facts may have faded by it."""
    by_name = {figure.indicator: figure for figure in figures.figures}
    stale = (today - figures.as_of).days > STALE_AFTER_DAYS
    kind = figures.subject[TOKEN_KIND_AT]
    return tuple(_item(rule, by_name.get(rule.indicator), kind, stated, stale, objected) for rule in rules)


def _item(
    rule: OutRule, figure: Figure | None, kind: str, stated: Mapping[str, str], stale: bool, objected: Set[str]
) -> ReleasedItem:
    if kind not in rule.kinds or figure is None:
        return _withheld(rule, OTHER_KIND)
    if rule.form is ReleaseKind.WITHHELD:
        return _withheld(rule, POLICY)
    if stale and rule.adverse:
        return _withheld(rule, STALE)
    if rule.compare and rule.name not in stated:
        return _withheld(rule, NOT_STATED)
    flags = (OBJECTED,) if objected and rule.items & objected else ()
    held = figure.coverage if figure.coverage and figure.coverage[0] < figure.coverage[1] else None
    if not figure.known:
        return ReleasedItem(
            rule.name, rule.form, None, rule.unit, rule.definition, False, figure.reason, held, flags
        )  # fmt: skip
    value = _formed(rule, figure.value, stated)
    return ReleasedItem(rule.name, rule.form, value, rule.unit, rule.definition, True, None, held, flags)


def _withheld(rule: OutRule, why: str) -> ReleasedItem:
    return ReleasedItem(rule.name, ReleaseKind.WITHHELD, None, "", rule.definition, False, why)


def _formed(rule: OutRule, value: Value | None, stated: Mapping[str, str]) -> Value | None:
    """The value in the rule's form; None stays: defined for nobody like this."""
    if value is None:
        return None
    if rule.compare:
        return agrees(value, stated[rule.name], rule.compare, rule.tolerance)
    if rule.form is ReleaseKind.BAND and isinstance(value, int | Decimal):
        return rule.labels[bisect_right(rule.limits, value)]
    return value


def agrees(value: Value, stated: str, compare: str, tolerance: Decimal) -> bool:
    """Whether the register's value bears out what the subject stated. Texts agree exactly, numbers as numbers."""
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        return str(value) == stated.strip()
    try:
        claim = Decimal(stated.strip())
    except InvalidOperation:
        return False
    match compare:
        case "at_least":
            return value >= claim
        case "at_most":
            return value <= claim
        case "within":
            return abs(value - claim) <= abs(Decimal(value)) * tolerance
        case _:
            return value == claim
