"""What a new version of a pack changes, document by document, and what of it loosens. Reads two loaded sets; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import msgspec

from puhui.packs.diff_effects import Effect, effect_of, gates_loosened, worst
from puhui.packs.digests import definition_digest
from puhui.packs.forms import DatedValue, Field, Parameter, Resource
from puhui.packs.forms_answers import Letter, Product, PurposeTable, TableRules, Tick
from puhui.packs.packset import SECTIONS, Indicator, Pack, PackSet, SqlCheck


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `part`: where in the document, empty for the whole; `where`: purposes and kinds that it opens."""

    section: str
    name: str
    part: str
    kind: str  # added | removed | changed
    was: Any = None
    now: Any = None
    effect: Effect = Effect.NEUTRAL
    where: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The change as `--json` prints it."""
        return {
            "section": self.section,
            "name": self.name,
            "part": self.part,
            "kind": self.kind,
            "was": self.was,
            "now": self.now,
            "effect": self.effect.value,
            "where": list(self.where),
        }


@dataclass(frozen=True, slots=True)
class _At:
    """The document that two versions are compared in."""

    section: str
    name: str

    def changed(self, part: str, was: Any, now: Any, effect: Effect, where: Sequence[str] = ()) -> Change:
        return Change(self.section, self.name, part, "changed", _plain(was), _plain(now), effect, tuple(where))

    def added(self, part: str, now: Any, effect: Effect = Effect.NEUTRAL) -> Change:
        return Change(self.section, self.name, part, "added", None, _plain(now), effect)

    def removed(self, part: str, was: Any, effect: Effect = Effect.NEUTRAL) -> Change:
        return Change(self.section, self.name, part, "removed", _plain(was), None, effect)


def pack_changes(name: str, old: PackSet, new: PackSet) -> list[Change]:
    """What the pack `name` of the set `new` changes against that of `old`; against nothing where `old` has it not."""
    before = next((pack for pack in old.packs if pack.name == name), None)
    after = next(pack for pack in new.packs if pack.name == name)
    found: list[Change] = []
    if before is not None:
        found += _attributes(_At("pack", name), before.head, after.head, skip=("name", "format"))
    for section in SECTIONS:
        held = before.contents.section(section) if before else {}
        found += _documents(section, held, after.contents.section(section), old, new)
    return found


def loosened(changes: Sequence[Change]) -> list[Change]:
    """Those of the changes that let more leave, or check less."""
    return [change for change in changes if change.effect is Effect.LOOSENED]


def _documents(
    section: str, held: Mapping[str, Any], given: Mapping[str, Any], old: PackSet, new: PackSet
) -> Iterator[Change]:
    for name in sorted({*held, *given}):
        at = _At(section, name)
        if name not in held:
            yield at.added("", _named(given[name], new))
        elif name not in given:
            yield at.removed("", _named(held[name], old), _of_removal(held[name]))
        elif isinstance(held[name], Indicator):
            yield from _indicator(at, held[name], given[name], old, new)
        elif held[name] != given[name]:
            yield from _COMPARED.get(section, _attributes)(at, held[name], given[name])


def _named(document: Any, packs: PackSet) -> Any:
    """What a whole document is shown as: an indicator's digest, the title of another."""
    if isinstance(document, Indicator):
        return definition_digest(document, packs)
    head = document.head if isinstance(document, SqlCheck) else document
    return getattr(head, "title", None)


def _of_removal(document: Any) -> Effect:
    """A check that is gone checks nothing."""
    return Effect.LOOSENED if isinstance(document, SqlCheck) else Effect.NEUTRAL


def _indicator(at: _At, was: Indicator, now: Indicator, old: PackSet, new: PackSet) -> Iterator[Change]:
    digests = definition_digest(was, old), definition_digest(now, new)
    if digests[0] == digests[1]:
        return
    yield at.changed("", *digests, Effect.NEUTRAL)
    yield from _attributes(at, was.head, now.head)
    if was.sql.strip() != now.sql.strip():
        yield at.changed("sql", was.sql, now.sql, Effect.NEUTRAL)
    for name in now.head.parameters:
        if name in was.head.parameters and old.parameter(name) != new.parameter(name):
            yield at.changed("parameter", name, name, Effect.NEUTRAL)


def _check(at: _At, was: SqlCheck, now: SqlCheck) -> Iterator[Change]:
    yield from _attributes(at, was.head, now.head)
    if was.sql.strip() != now.sql.strip():
        yield at.changed("sql", was.sql, now.sql, Effect.NEUTRAL)


def _resource(at: _At, was: Resource, now: Resource) -> Iterator[Change]:
    yield from _attributes(at, was, now, skip=("fields", "checks"))
    yield from _listed(at, "fields", _by("name", was.fields), _by("name", now.fields))
    yield from _listed(at, "checks", _by("id", was.checks), _by("id", now.checks), gone=Effect.LOOSENED)


def _parameter(at: _At, was: Parameter, now: Parameter) -> Iterator[Change]:
    yield from _attributes(at, was, now, skip=("values",))
    yield from _listed(at, "from", _dated(was), _dated(now))


def _limits(at: _At, was: PurposeTable | TableRules, now: PurposeTable | TableRules) -> Iterator[Change]:
    """Limits that begin later are measured by those in force until then."""
    yield from _attributes(at, was, now, skip=("values",))
    for change in _listed(at, "from", _dated(was), _dated(now)):
        begins = date.fromisoformat(change.part.split(".")[1])
        before, after = now.at(begins - timedelta(days=1)), now.at(begins)
        if change.kind == "added" and before is not None:
            steps = [one.effect for one in _attributes(at, before, after)]
            yield replace(change, effect=worst(steps))
        else:
            yield change


def _dated(document: Parameter | PurposeTable | TableRules) -> dict[str, Any]:
    return {value.from_.isoformat(): value for value in document.values}


def _letter(at: _At, was: Letter, now: Letter) -> Iterator[Change]:
    """A letter opens what its ticks name: more ticks open more."""
    yield from _attributes(at, was, now, skip=("ticks",))
    yield from _listed(
        at, "ticks", _by("id", was.ticks), _by("id", now.ticks), more=Effect.LOOSENED, gone=Effect.TIGHTENED
    )


def _product(at: _At, was: Product, now: Product) -> Iterator[Change]:
    """What an institution may ask: more of it, or in a finer form, is looser."""
    yield from _attributes(at, was, now, skip=("indicators", "checks", "sections"))
    before, after = list(dict.fromkeys(was.asks)), list(dict.fromkeys(now.asks))
    if before != after:
        yield at.changed("indicators", before, after, effect_of("indicators", before, after))
    yield from _listed(at, "checks", _by("name", was.checks), _by("name", now.checks), more=Effect.LOOSENED)
    if [one.title for one in was.sections] != [one.title for one in now.sections]:
        yield at.changed("sections", len(was.sections), len(now.sections), Effect.NEUTRAL)


def _codes(at: _At, was: Any, now: Any) -> Iterator[Change]:
    yield from _attributes(at, was, now, skip=("values", "table"))
    yield from _listed(at, "values", _by("code", was.values), _by("code", now.values))


def _test(at: _At, was: Any, now: Any) -> Iterator[Change]:
    """Cases are many and let nothing out: that they changed is enough."""
    yield at.changed("", len(was.cases), len(now.cases), Effect.NEUTRAL)


def _by(key: str, listed: Sequence[Any]) -> dict[str, Any]:
    return {getattr(one, key): one for one in listed}


def _listed(
    at: _At,
    part: str,
    was: Mapping[str, Any],
    now: Mapping[str, Any],
    *,
    more: Effect = Effect.NEUTRAL,
    gone: Effect = Effect.NEUTRAL,
) -> Iterator[Change]:
    """Named parts of a document, each compared with the one of its name."""
    for name in [*was, *(name for name in now if name not in was)]:
        place = f"{part}.{name}"
        if name not in was:
            yield at.added(place, now[name], more)
        elif name not in now:
            yield at.removed(place, was[name], gone)
        elif isinstance(was[name], DatedValue) and was[name] != now[name]:
            yield at.changed(place, was[name], now[name], Effect.NEUTRAL)
        else:
            yield from _attributes(at, was[name], now[name], under=f"{place}.")


def _attributes(at: _At, was: Any, now: Any, *, under: str = "", skip: Sequence[str] = ()) -> Iterator[Change]:
    """Every attribute of a form that differs."""
    for name in was.__struct_fields__:
        old, new = getattr(was, name), getattr(now, name)
        if name in skip or old == new:
            continue
        if name == "gate" and isinstance(was, Field):
            places, effect = gates_loosened(was, now)
            yield at.changed(f"{under}gate", old, new, effect, places)
        else:
            attribute = "tick_gate" if name == "gate" and isinstance(was, Tick) else name
            yield at.changed(f"{under}{name.rstrip('_')}", old, new, effect_of(attribute, old, new))


def _plain(value: Any) -> Any:
    """As JSON carries it: decimals as text, days in ISO form."""
    return msgspec.to_builtins(value)


_COMPARED: dict[str, Callable[[_At, Any, Any], Iterator[Change]]] = {
    "resources": _resource,
    "parameters": _parameter,
    "products": _product,
    "purposes": _limits,
    "tables": _limits,
    "letters": _letter,
    "codes": _codes,
    "checks": _check,
    "tests": _test,
}


def changed_packs(old: PackSet, new: PackSet) -> list[Pack]:
    """The packs of `new` that are not in `old`, or not with this digest."""
    held = {pack.name: pack.digest for pack in old.packs}
    return [pack for pack in new.packs if held.get(pack.name) != pack.digest]
