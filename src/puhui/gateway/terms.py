"""What the packs in use ask of a permit, by product: worked out once for a set of packs."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import structs

from puhui.consent.caps import Purposes
from puhui.consent.permit import Ask, ProductTerms, Rules
from puhui.disclosure.derive import Study, study_of
from puhui.disclosure.gates import article_of
from puhui.disclosure.products import asks_of
from puhui.model.subject import SubjectKind
from puhui.packs.forms_answers import Product
from puhui.packs.packset import PackSet
from puhui.packs.sql import read
from puhui.packs.sql_tables import tables_of

Studies = Mapping[str, Study]


def studies_of(packs: PackSet) -> Studies:
    """Every indicator that a product asks for, held against the catalogue. The set was checked when activated."""
    tables = tables_of(packs)
    asked = {name for product in packs.products.values() for name in product.asks}
    indicators = (packs.indicators[name] for name in sorted(asked))
    return {
        one.name: study_of(read(one.sql, tables, file=one.file, first_line=one.sql_line), packs) for one in indicators
    }


def rules_of_packs(packs: PackSet, studies: Studies) -> Rules:
    """The terms of every product, and the limits of every purpose."""
    products = {name: terms_of(product, packs, studies) for name, product in packs.products.items()}
    return Rules(products, Purposes(packs.purposes))


def terms_of(product: Product, packs: PackSet, studies: Studies) -> ProductTerms:
    """What one product asks of its basis, per kind of subject."""
    windows = (packs.indicators[name].head.window for name in product.asks)
    return ProductTerms(
        name=product.name,
        wording=product.letter or "",
        purpose=product.purpose,
        asks={SubjectKind(kind): _asks(product, kind, packs, studies) for kind in product.subjects},
        range_months=max(map(months_of, windows), default=0),
        checks=tuple(check.name for check in product.checks),
    )


def _asks(product: Product, kind: str, packs: PackSet, studies: Studies) -> tuple[Ask, ...]:
    alone, optional = structs.replace(product, subjects=[kind]), _optional_items(product, packs)
    return tuple(
        Ask(ask.item, ask.gate, article_of(ask.gate, product.purpose), ask.item in optional)
        for ask in asks_of(alone, studies)
    )


def _optional_items(product: Product, packs: PackSet) -> frozenset[str]:
    """The catalogue items that no other ticks open than those which the product lets the subject leave out."""
    letter = packs.letters.get(product.letter or "")
    if letter is None or not product.optional_ticks:
        return frozenset()
    needed = {item for tick in letter.ticks if tick.id not in product.optional_ticks for item in tick.items}
    return frozenset(item for tick in letter.ticks for item in tick.items) - needed


def months_of(window: str) -> int:
    """How many months back an indicator's window reaches: `12M` → 12; a state at one time: none."""
    return 0 if window in ("at", "latest") else int(window.removesuffix("M"))
