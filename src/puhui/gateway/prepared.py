"""What an answer needs of a product over one snapshot, worked out once for both: the hot path's tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from puhui.disclosure.history import clashes
from puhui.disclosure.let_out import Source
from puhui.disclosure.rules import OutRule, rules_of
from puhui.gateway.record import template_of
from puhui.gateway.terms import Studies
from puhui.indicators.read import definitions_in
from puhui.indicators.store import FiguresReader
from puhui.model.figures import Snapshot
from puhui.packs.digests import definition_digest
from puhui.packs.forms_answers import Product
from puhui.packs.packset import PackSet

EditionDigests = Callable[[Snapshot], Mapping[tuple[str, int], str]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One product over one snapshot. `names`: the indicators to read; `clashes`: products that, answered about the same
    subject too, would show more than either may; `template`: what its records have in common."""

    product: Product
    rules: tuple[OutRule, ...]
    names: tuple[str, ...]
    source: Source
    clashes: frozenset[str]
    template: bytes


class Products:
    """The products of the packs in use, prepared when they are first asked and anew after each swap of snapshots."""

    def __init__(self, packs: PackSet, studies: Studies, digests: EditionDigests) -> None:
        """`digests`: (resource, edition) → digest, for the editions of a snapshot."""
        self.packs = packs
        self._studies = studies
        self._digests = digests
        self._kept: dict[tuple[str, int], Prepared] = {}

    def prepared(self, name: str, reader: FiguresReader) -> Prepared:
        """The product over the reader's snapshot. Raises SnapshotBehind."""
        key = name, reader.snapshot.number
        found = self._kept.get(key)
        if found is None:
            self._kept = {kept: one for kept, one in self._kept.items() if kept[1] == key[1]}
            found = self._kept[key] = self._prepare(self.packs.products[name], reader)
        return found

    def _prepare(self, product: Product, reader: FiguresReader) -> Prepared:
        packs, snapshot = self.packs, reader.snapshot
        wanted = {name: definition_digest(packs.indicators[name], packs) for name in product.asks}
        definitions = definitions_in(reader, wanted)
        digests = self._digests(snapshot)
        read_from = sorted({edition for definition in definitions.values() for edition in definition.editions})
        editions = tuple((name, number, digests[name, number]) for name, number in read_from)
        rules = rules_of(product, packs, self._studies, definitions)
        source = Source(snapshot.number, snapshot.as_of, snapshot.known_at, snapshot.pack_set, editions)
        return Prepared(
            product=product,
            rules=rules,
            names=product.asks,
            source=source,
            clashes=self._clashing(product, snapshot),
            template=template_of(rules, source, product.name),
        )

    def _clashing(self, product: Product, snapshot: Snapshot) -> frozenset[str]:
        definitions = {definition.name: definition for definition in snapshot.definitions}
        near = (p for p in self.packs.products.values() if set(p.asks) & set(product.asks))
        rules = {
            other.name: rules_of(other, self.packs, self._studies, definitions)
            for other in near
            if set(other.asks) <= definitions.keys()
        }
        return clashes(rules)[product.name]
