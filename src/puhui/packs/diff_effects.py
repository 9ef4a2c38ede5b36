"""Whether a change of a pack lets more leave than before: loosened, tightened, or neither. In doubt it is loosened.

Each kind of attribute has one rule. A change that loosens in one place and tightens in another counts as loosened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import Any

from puhui.packs.forms import GATES, KINDS, PURPOSES, Field

Rule = Callable[[Any, Any], "Effect"]


class Effect(StrEnum):
    """What a change does to what may leave, or to what is checked on the way in."""

    LOOSENED = "loosened"
    TIGHTENED = "tightened"
    NEUTRAL = "neutral"


def effect_of(attribute: str, was: Any, now: Any) -> Effect:
    """The effect of one changed attribute of a document, by its name."""
    rule = _RULES.get(attribute)
    return rule(was, now) if rule else Effect.NEUTRAL


def gates_loosened(was: Field, now: Field) -> tuple[list[str], Effect]:
    """Where a field's gate became more open, as `purpose.kind`, and the effect of all its changes of gate."""
    steps = [
        (f"{purpose}.{kind}", _by_rank(GATES)(was.gate_for(purpose, kind), now.gate_for(purpose, kind)))
        for purpose in PURPOSES
        for kind in KINDS
    ]
    return [place for place, effect in steps if effect is Effect.LOOSENED], worst([effect for _, effect in steps])


def worst(effects: Collection[Effect]) -> Effect:
    """Of several effects: loosened before tightened."""
    return next((one for one in (Effect.LOOSENED, Effect.TIGHTENED) if one in effects), Effect.NEUTRAL)


def _by_rank(from_open_to_closed: Sequence[Any]) -> Rule:
    def rule(was: Any, now: Any) -> Effect:
        step = from_open_to_closed.index(now) - from_open_to_closed.index(was)
        return Effect.LOOSENED if step < 0 else Effect.TIGHTENED if step > 0 else Effect.NEUTRAL

    return rule


def _more_is_looser(was: Any, now: Any) -> Effect:
    """Of lists: what is listed more. Of numbers: the larger one."""
    if not isinstance(was, list):
        return Effect.LOOSENED if now > was else Effect.TIGHTENED
    more, fewer = [one for one in now if one not in was], [one for one in was if one not in now]
    return Effect.LOOSENED if more else Effect.TIGHTENED if fewer else Effect.NEUTRAL


def _use(was: str, now: str) -> Effect:
    rank = {use: place for place, uses in enumerate(_USES) for use in uses}
    return _by_rank(range(len(_USES)))(rank[was], rank[now])


def _mask(was: str, now: str) -> Effect:
    """Masks hide different things: only between one and none is it clear."""
    return Effect.LOOSENED if now == "none" else Effect.TIGHTENED if was == "none" else Effect.NEUTRAL


def _safeguard(was: Any, now: Any) -> Effect:
    """Something that protects, there or not."""
    return Effect.NEUTRAL if bool(was) == bool(now) else Effect.TIGHTENED if now else Effect.LOOSENED


def _adverse(was: Any, now: Any) -> Effect:
    """Adverse facts fade: each way in which one did must be there still, as early."""
    if was is None or now is None:
        return _safeguard(was, now)
    kept = [_fades(old, now.retires) for old in was.retires]
    return Effect.TIGHTENED if all(kept) else Effect.LOOSENED


def _fades(old: Any, retires: Sequence[Any]) -> bool:
    same = [one for one in retires if (one.rule, one.field) == (old.rule, old.field)]
    return any((one.years or 0) <= (old.years or 0) and set(old.values) <= set(one.values) for one in same)


def _aggregate(was: Any, now: Any) -> Effect:
    """An exception from the gate: to have one is looser than to have none."""
    if was is None or now is None:
        return Effect.LOOSENED if now else Effect.TIGHTENED
    return worst([_by_rank(GATES)(was.gate, now.gate), _more_is_looser(was.forms, now.forms)])


def _forms(was: dict[str, str], now: dict[str, str]) -> Effect:
    """Exceptions from a product's form. One that is gone falls back to the product's own: seen as looser."""
    kept = [_RULES["form"](form, now[name]) for name, form in was.items() if name in now]
    return Effect.LOOSENED if set(was) != set(now) else worst(kept)


def _uses(was: dict[str, int], now: dict[str, int]) -> Effect:
    """How often in a window; one that is not named is not allowed."""
    return worst([_by_number(was.get(window, 0), now.get(window, 0)) for window in {*was, *now}])


def _more_is_stricter(was: Any, now: Any) -> Effect:
    return _more_is_looser(now, was)


def _by_number(was: int, now: int) -> Effect:
    return Effect.NEUTRAL if was == now else _more_is_looser(was, now)


_USES = (("score",), ("rule",), ("verify",), ("reference",), ("policy_only", "service_only"), ("blocked",))
_RULES: dict[str, Rule] = {
    "grade": _by_rank(("G1", "G2", "G3", "G4")),
    "credit_gate": _by_rank(GATES),
    "use": _use,
    "release": _more_is_looser,
    "purposes": _more_is_looser,
    "subjects": _more_is_looser,
    "indicators": _more_is_looser,
    "items": _more_is_looser,
    "threshold": _more_is_looser,
    "keep": _by_rank(("lake", "token", "vault", "drop")),
    "pi": _by_rank(("N", "P", "S")),
    "mask": _mask,
    "severity": _by_rank(("warn", "set_aside", "refuse")),
    "manifest_signature": _by_rank(("optional", "required")),
    "operation_consent": _by_rank(("not_required", "required")),
    "steward_release": _safeguard,
    "required": _safeguard,
    "letter": _safeguard,
    "form": _by_rank(("value", "band", "flag")),
    "forms": _forms,
    "uses": _uses,
    "range_months": _more_is_looser,
    "life_days": _more_is_looser,
    "retention_days": _more_is_looser,
    "tolerance": _more_is_looser,
    "least": _more_is_stricter,
    "largest": _more_is_stricter,
    "share": _more_is_looser,
    "percent": _more_is_stricter,
    "anonymous": _more_is_stricter,
    "tick_gate": _by_rank(GATES[::-1]),  # a stricter tick opens more
    "adverse": _adverse,
    "aggregate_gate": _aggregate,
    "ends": lambda was, now: _more_is_looser(now or [], was or []),  # fewer rows that end letters: looser
}
