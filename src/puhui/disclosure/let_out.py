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
NOT_TICKED = "not-ticked"  # the basis leaves the item out, and the product can do without it
OBJECTED = "objected"
_SAFE = 2**53 - 1  # larger integers are no JSON numbers (RFC 7493)
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
    items = items_let_out(figures, rules, permit.stated, today=today, objected=objected, unticked=permit.unticked)
    return Release(permit, items, source.snapshot, source.as_of, source.known_at, source.pack_set, source.editions)


def items_let_out(
    figures: Figures,
    rules: Sequence[OutRule],
    stated: Mapping[str, str],
    *,
    today: date,
    objected: Set[str] = frozenset(),
    unticked: Set[str] = frozenset(),
) -> tuple[ReleasedItem, ...]:
    """Each item in its form, in the order of the rules. `today`: of the question; facts may have faded by it.

    `unticked`: catalogue items that the basis leaves out.
    """
    by_name = {figure.indicator: figure for figure in figures.figures}
    case = _Case(
        kind=figures.subject[TOKEN_KIND_AT],
        stated=stated,
        stale=(today - figures.as_of).days > STALE_AFTER_DAYS,
        objected=objected,
        unticked=unticked,
    )
    return tuple([_item(rule, by_name.get(rule.indicator), case) for rule in rules])


@dataclass(frozen=True, slots=True)
class _Case:
    """What the items of one release share."""

    kind: str
    stated: Mapping[str, str]
    stale: bool
    objected: Set[str]
    unticked: Set[str]


def _item(rule: OutRule, figure: Figure | None, case: _Case) -> ReleasedItem:
    if figure is None or case.kind not in rule.kinds:
        return _withheld(rule, OTHER_KIND)
    if (rule.hindered or case.unticked) and (why := _why_withheld(rule, case)):
        return _withheld(rule, why)
    held = figure.coverage
    if held is not None and held[0] >= held[1]:
        held = None
    value = figure.value
    if value is not None and not rule.as_is:
        value = _formed(rule, value, case.stated)
    flags = (OBJECTED,) if case.objected and rule.items & case.objected else ()
    return ReleasedItem(
        rule.name, rule.form, rule.unit, rule.definition, figure.known, value, figure.reason, held, flags
    )


def _why_withheld(rule: OutRule, case: _Case) -> str:
    if rule.form is ReleaseKind.WITHHELD:
        return POLICY
    if case.unticked and rule.items & case.unticked:
        return NOT_TICKED
    if case.stale and rule.adverse:
        return STALE
    if rule.compare and rule.name not in case.stated:
        return NOT_STATED
    return ""


def _withheld(rule: OutRule, why: str) -> ReleasedItem:
    return ReleasedItem(rule.name, ReleaseKind.WITHHELD, "", rule.definition, False, None, why)


def _formed(rule: OutRule, value: Value, stated: Mapping[str, str]) -> Value:
    """A known value in the rule's form, as it stands in JSON."""
    if rule.compare:
        return agrees(value, stated[rule.name], rule.compare, rule.tolerance)
    if rule.form is ReleaseKind.BAND and isinstance(value, int | Decimal):
        return rule.labels[bisect_right(rule.limits, value)]
    return value if rule.exact else plainly(value)


def plainly(value: Value) -> Value:
    """A value that JSON keeps: integers beyond 2^53 - 1 as text (RFC 7493), decimals without an exponent."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if type(value) is int and not -_SAFE <= value <= _SAFE else value


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
