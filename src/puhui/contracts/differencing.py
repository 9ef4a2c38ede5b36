"""The union check: what an institution's products would show together that none of them shows.

Done when a contract is proposed and when it is signed, over all products that the institution may ask (its contracts in
force and the new one; those asked through one bureau counted with the bureau's). Items that one product shows together
were reviewed with that product when its pack was adopted, and are not found again here.

Promises: for products whose figures have plain formulas it finds a value beside a band of the same quantity, bands of
different limits, a whole and all but one of its parts, windows that differ by a month, the last unknown of a formula,
and two headcounts of the same people. What is not plain is compared by quantity alone: budgets hold at run time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from puhui.contracts.formula import Atom
from puhui.contracts.offer import Shown
from puhui.model.refusal import Said
from puhui.model.refusals_question import Differencing

NARROWEST_WINDOW = 1  # months: two windows that differ by so few show single events
_MOST_UNIONS = 4096  # of parts tried for one whole; more parts than this takes are of no real pack
_EXACT = "value"


@dataclass(frozen=True, slots=True)
class Finding:
    """What some products show together. `rule`: a stable code; `products` and `items` that do it."""

    rule: str
    products: tuple[str, ...]
    items: tuple[str, ...]
    shows: Said


def check_union(shown: Iterable[Shown]) -> None:
    """Raises Differencing, naming the products and what they would show."""
    found = list(findings(tuple(shown)))
    if found:
        raise _refused(found)


def findings(shown: Sequence[Shown]) -> Iterator[Finding]:
    """Everything that the union shows beyond its products."""
    together = _reviewed(shown)
    for one, other in combinations(shown, 2):
        if not _seen_together((one, other), together):
            yield from _pair(one, other)
    exact = [one for one in shown if one.form == _EXACT and one.formula is not None]
    for whole in exact:
        for group, said in (*_parts(whole, exact), *_last_unknown(whole, exact)):
            if not _seen_together(group, together):
                yield _finding("rest-of-a-whole", group, said)


def _pair(one: Shown, other: Shown) -> Iterator[Finding]:
    if one.identity == other.identity:
        if said := _narrowed(one, other):
            yield _finding("one-quantity-two-forms", (one, other), said)
    elif one.form == other.form == _EXACT:
        if one.headcount and one.headcount == other.headcount:
            said = Said("同一批人的两个人数之差，可低至一人", "the difference of two headcounts, down to one person")
            yield _finding("two-headcounts", (one, other), said)
        elif rest := _left_out(one, other):
            said = Said(f"{rest} 的部分", f"the part of {rest}")
            yield _finding("rest-of-a-whole", (one, other), said)
        elif _windows_close(one, other):
            said = Said("单独一个月的数值", "the figure of a single month")
            yield _finding("windows-a-month-apart", (one, other), said)


def _narrowed(one: Shown, other: Shown) -> Said | None:
    """What two forms of one quantity show. A value beside a check shows nothing that the value does not."""
    forms = {one.form, other.form}
    if one.yes_no or (one.form, one.limits, one.compare) == (other.form, other.limits, other.compare):
        return None
    if forms == {_EXACT, "band"}:
        return Said("分档背后的数值", "the value behind the band")
    if _EXACT in forms:
        return None
    return Said("比任一分档更窄的区间", "a narrower range than either band or check")


def _left_out(one: Shown, other: Shown) -> str:
    """`kind = a`, where the two are alike but that one of them leaves this value out."""
    first, second = _single(one), _single(other)
    if first is None or second is None or not first.additive:
        return ""
    for column in {name for name, _ in (*first.excluded, *second.excluded)}:
        rest = first.excluded_of(column) ^ second.excluded_of(column)
        if len(rest) == 1 and first.but_excluded_of(column) == second.but_excluded_of(column):
            return f"{column} = {min(rest)}"
    return ""


def _windows_close(one: Shown, other: Shown) -> bool:
    first, second = _single(one), _single(other)
    if first is None or second is None or not (first.additive and first.months and second.months):
        return False
    return first.but_months() == second.but_months() and abs(first.months - second.months) <= NARROWEST_WINDOW


def _parts(whole: Shown, exact: Sequence[Shown]) -> Iterator[tuple[tuple[Shown, ...], Said]]:
    """A sum or count over some codes, and other items that give it for all of them but one."""
    total = _single(whole)
    for column, codes in total.codes if total is not None and total.additive else ():
        same = total.but_codes_of(column) if total is not None else None
        parts: dict[frozenset[str], Shown] = {}
        for one in exact:
            atom = _single(one)
            held = atom.codes_of(column) if atom is not None else None
            if atom is not None and held is not None and held < codes and atom.but_codes_of(column) == same:
                parts.setdefault(held, one)
        for covered, group in _unions(parts):
            (rest,) = codes - covered if len(codes - covered) == 1 else ("",)
            if rest and frozenset({rest}) not in parts:
                yield (whole, *group), Said(f"{column} = {rest} 的部分", f"the part of {column} = {rest}")


def _unions(parts: dict[frozenset[str], Shown]) -> Iterator[tuple[frozenset[str], tuple[Shown, ...]]]:
    """Every union of disjoint parts, with a group that makes it."""
    made: dict[frozenset[str], tuple[Shown, ...]] = {frozenset(): ()}
    for codes, one in sorted(parts.items(), key=lambda part: sorted(part[0])):
        for covered, group in list(made.items()):
            if not covered & codes and len(made) < _MOST_UNIONS:
                made.setdefault(covered | codes, (*group, one))
    yield from ((covered, group) for covered, group in made.items() if group)


def _last_unknown(whole: Shown, exact: Sequence[Shown]) -> Iterator[tuple[tuple[Shown, ...], Said]]:
    """A figure of several atoms, all but one of which other items give."""
    atoms = set(whole.formula.atoms) if whole.formula is not None else set()
    if len(atoms) < 2:
        return
    known = {atom: one for one in exact if (atom := _single(one)) in atoms and one is not whole}
    missing = [atom for atom in atoms if atom not in known]
    if len(missing) == 1:
        text = missing[0].measure
        yield (whole, *known.values()), Said(f"{text} 的数值", f"the value of {text}")


def _single(one: Shown) -> Atom | None:
    return one.formula.atoms[0] if one.formula is not None and one.formula.single else None


def _reviewed(shown: Sequence[Shown]) -> dict[str, frozenset[tuple[str, ...]]]:
    """Product → what it shows, whatever it is called."""
    products = {one.product for one in shown}
    return {name: frozenset(_key(one) for one in shown if one.product == name) for name in products}


def _key(one: Shown) -> tuple[str, ...]:
    return (one.identity, one.form, one.compare, *map(str, one.limits))


def _seen_together(group: Sequence[Shown], reviewed: dict[str, frozenset[tuple[str, ...]]]) -> bool:
    """Whether one product shows all of these."""
    keys = {_key(one) for one in group}
    return any(keys <= held for held in reviewed.values())


def _finding(rule: str, group: Sequence[Shown], said: Said) -> Finding:
    products = tuple(dict.fromkeys(one.product for one in group))
    return Finding(rule, products, tuple(dict.fromkeys(one.item for one in group)), said)


def _refused(found: Sequence[Finding]) -> Differencing:
    first = found[0]
    zh, en = "、".join(first.products), ", ".join(first.products)
    items = ", ".join(first.items)
    more = len({one.products for one in found}) - 1
    return Differencing(
        Said(
            f"产品 {zh} 合并（{items}）会得出{first.shows.zh}" + (f"；另有 {more} 组" if more else ""),
            f"the products {en} together ({items}) would show {first.shows.en}" + (f"; {more} more" if more else ""),
        ),
        todo=Said(
            "从合同中去掉其中一个产品，或先结束另一份合同",
            "leave one of the products out of the contract, or end the other contract first",
        ),
        where=first.rule,
    )
