"""Products under the column policy: a product inherits the gates of its indicators, its letter must open each.

For every kind of subject and every catalogue item that an indicator touches, the letter carries a tick whose gate is at
least the strictest that is derived, or the product is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from puhui.disclosure.derive import Study
from puhui.disclosure.gates import ART_18, CREDIT, PERSONS, article_of, opens, strictest
from puhui.model.refusal import Mistake, Said
from puhui.packs.finding import Checking
from puhui.packs.forms import Gate
from puhui.packs.forms_answers import Letter, Product
from puhui.packs.packset import PackSet


@dataclass(frozen=True, slots=True)
class Ask:
    """What a product asks of its letter: the strictest gate per catalogue item, and the indicator that asks it."""

    item: str
    gate: Gate
    indicator: str


def check_products(packs: PackSet, studies: Mapping[str, Study]) -> Iterator[Mistake]:
    """The refusals of every product. Names that do not exist are the loader's to report."""
    checking = Checking(packs, frozenset())
    for product in packs.products.values():
        yield from _indicators(checking, product)
        yield from _letter(checking, product, asks_of(product, studies))


def asks_of(product: Product, studies: Mapping[str, Study]) -> tuple[Ask, ...]:
    """The strictest gate of every item that a product's indicators touch, for its purpose and kinds of subject."""
    found: dict[str, Ask] = {}
    for name in product.asks:
        study = studies.get(name)
        gates = study.gates_by_item(product.purpose, product.subjects) if study is not None else {}
        for item, gate in gates.items():
            known = found.get(item)
            if known is None or strictest((known.gate, gate)) != known.gate:
                found[item] = Ask(item, gate, name)
    return tuple(found[item] for item in sorted(found))


def _indicators(checking: Checking, product: Product) -> Iterator[Mistake]:
    for place, name in product.places():
        indicator = checking.packs.indicators.get(name)
        if indicator is None:
            continue
        if product.purpose not in indicator.head.purposes:
            allowed = ", ".join(indicator.head.purposes)
            said = Said(
                f"指标 {name} 的用途是 {allowed}，不含 {product.purpose}",
                f"the indicator {name} is for {allowed}, not for {product.purpose}",
            )
            yield checking.mistake("products", product.name, place, "policy.product-purpose", said)
        strangers = [kind for kind in product.subjects if kind not in indicator.head.subjects]
        if len(strangers) == len(product.subjects):
            said = Said(
                f"指标 {name} 不适用于本产品的任何主体类型",
                f"the indicator {name} is for none of the product's subjects",
            )
            yield checking.mistake("products", product.name, place, "policy.product-subjects", said)


def _letter(checking: Checking, product: Product, asks: tuple[Ask, ...]) -> Iterator[Mistake]:
    letter = checking.packs.letters.get(product.letter or "")
    if product.letter is not None and letter is None:
        return  # the loader reports the name
    persons = [kind for kind in product.subjects if kind in PERSONS]
    if letter is None:
        yield from _no_letter(checking, product, asks, persons)
        return
    if letter.purpose != product.purpose:
        said = Said(
            f"授权书 {letter.name} 的用途是 {letter.purpose}，产品的是 {product.purpose}",
            f"the letter {letter.name} is for {letter.purpose}, the product for {product.purpose}",
        )
        yield checking.mistake("products", product.name, ("letter",), "policy.letter-purpose", said)
    for ask in asks:
        if ask.gate not in ("public", "prohibited") and not _ticked(letter, ask):
            yield _missing_tick(checking, product, letter, ask)


def _ticked(letter: Letter, ask: Ask) -> bool:
    return any(ask.item in tick.items and opens(tick.gate, ask.gate) for tick in letter.ticks)


def _missing_tick(checking: Checking, product: Product, letter: Letter, ask: Ask) -> Mistake:
    said = Said(
        f"授权书 {letter.name} 缺少对 {ask.item} 的 {ask.gate} 勾选项（指标 {ask.indicator} 需要）",
        f"the letter {letter.name} has no tick of gate {ask.gate} for {ask.item}, which {ask.indicator} needs",
    )
    found = checking.mistake("products", product.name, ("letter",), "policy.letter-lacks-tick", said)
    return Mistake(found.file, found.line, found.code, said, article_of(ask.gate, product.purpose), ask.item, "letter")


def _no_letter(
    checking: Checking, product: Product, asks: tuple[Ask, ...], persons: Sequence[str]
) -> Iterator[Mistake]:
    closed = [ask for ask in asks if ask.gate not in ("public", "prohibited")]
    about_persons = bool(persons) and product.purpose in CREDIT
    if not closed and not about_persons:
        return
    needs = ", ".join(f"{ask.item}: {ask.gate}" for ask in closed) or ", ".join(persons)
    article = ART_18 if about_persons else article_of(strictest(ask.gate for ask in closed), product.purpose)
    said = Said(f"产品没有授权书，但需要（{needs}）", f"the product has no letter and needs one ({needs})")
    found = checking.mistake("products", product.name, ("indicators",), "policy.no-letter", said)
    yield Mistake(found.file, found.line, found.code, said, article, closed[0].item if closed else "", "letter")
