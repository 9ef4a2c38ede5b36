"""The limits of a monitor: which of them a release has crossed since the last look.

`above` and `below` are crossed when the value passes the limit and did not at the last look; `changed` when the item
says anything else than then. What is withheld crosses nothing; an unknown value is on neither side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

import msgspec
from msgspec import UNSET

from puhui.disclosure.rules import OutRule
from puhui.model.question import ReleaseKind
from puhui.model.refusal import Said
from puhui.model.refusals_question import BadRequest
from puhui.packs.packset import PackSet
from puhui.wire.answers import ItemForm
from puhui.wire.messages import LimitForm


class Seen(msgspec.Struct, frozen=True):
    """What an item said at a look. `value` None: unknown, or undefined."""

    known: bool
    withheld: bool
    value: str | int | bool | None

    def __repr__(self) -> str:
        return "Seen('…')"


def check_limits(limits: Sequence[LimitForm], rules: Sequence[OutRule], packs: PackSet) -> None:
    """Each limit is of an item that leaves in a form which can cross it. Raises BadRequest that names the place."""
    by_name = {rule.name: rule for rule in rules}
    for place, limit in enumerate(limits):
        rule = by_name.get(limit.item)
        if rule is None or rule.form is ReleaseKind.WITHHELD:
            raise _wrong(f"limits[{place}].item", "产品不给出该项", "the product does not give this item")
        if limit.when == "changed":
            if limit.value is not UNSET:
                raise _wrong(f"limits[{place}].value", "changed 不带数值", "`changed` has no value")
        elif _number(limit.value) is None:
            raise _wrong(f"limits[{place}].value", "限值应为数", "the limit is not a number")
        elif not _is_number(rule, packs):
            raise _wrong(f"limits[{place}].when", "该项不以数值给出", "the item does not leave as a number")


def seen_of(limits: Sequence[LimitForm], items: Iterable[ItemForm]) -> dict[str, Seen]:
    """What is remembered of a release: the watched items alone."""
    watched = {limit.item for limit in limits}
    return {
        item.name: Seen(item.known, item.form == "withheld", None if item.value is UNSET else item.value)
        for item in items
        if item.name in watched
    }


def crossed(limits: Sequence[LimitForm], before: Mapping[str, Seen], now: Mapping[str, Seen]) -> tuple[str, ...]:
    """The items of which a limit was crossed between two looks, each once, in the order of the limits."""
    found = (limit.item for limit in limits if _crossed(limit, before.get(limit.item), now.get(limit.item)))
    return tuple(dict.fromkeys(found))


def _crossed(limit: LimitForm, before: Seen | None, now: Seen | None) -> bool:
    if now is None or now.withheld:
        return False
    if limit.when == "changed":
        return before is not None and not before.withheld and before != now
    return _beyond(limit, now) and not (before is not None and _beyond(limit, before))


def _beyond(limit: LimitForm, seen: Seen) -> bool:
    value, edge = _number(seen.value), _number(limit.value)
    if not seen.known or value is None or edge is None:
        return False
    return value > edge if limit.when == "above" else value < edge


def _number(value: object) -> Decimal | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _is_number(rule: OutRule, packs: PackSet) -> bool:
    declared = packs.indicators[rule.indicator].head.type
    return rule.form is ReleaseKind.VALUE and declared.startswith(("int", "decimal"))


def _wrong(where: str, zh: str, en: str) -> BadRequest:
    return BadRequest(Said(zh, en), todo=Said("按 /v1/products 改正", "mend it by /v1/products"), where=where)
