"""What the packs in use offer: of every product its channel, what the law forbids of it, in which form items leave.

Made once for a set of packs; contracts are proposed and questions are answered against the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from puhui.contracts.formula import formula_of, identity_of
from puhui.contracts.offer import Forbidden, Offer, Offers, Shown
from puhui.disclosure.derive import Study, study_of
from puhui.disclosure.gates import KINDS_ABOUT, article_of, gate_of_rows
from puhui.disclosure.rules import OutRule, rules_of
from puhui.model.figures import Definition
from puhui.model.question import ReleaseKind
from puhui.packs.forms import KINDS, PURPOSES
from puhui.packs.forms_answers import Product
from puhui.packs.packset import PackSet
from puhui.packs.sql import Reading, readings_of
from puhui.packs.sql_tables import field_of


def offers_of(packs: PackSet, today: date, readings: Mapping[str, Reading] | None = None) -> Offers:
    """Every product of a set. `today`: which values of dated parameters count. `readings`: if they exist already.

    It takes a second to work out, and one contract asks for it three times: the newest is remembered.
    """
    global _newest
    if _newest is None or _newest[0] is not packs or _newest[1] != today:
        _newest = (packs, today, _offers(packs, today, readings))
    return _newest[2]


_newest: tuple[PackSet, date, Offers] | None = None


def _offers(packs: PackSet, today: date, readings: Mapping[str, Reading] | None) -> Offers:
    read = readings_of(packs) if readings is None else readings
    asked = {name for product in packs.products.values() for name in product.asks}
    studies = {name: study_of(read[name], packs) for name in asked}
    offers = {name: _offer(product, packs, studies, today) for name, product in packs.products.items()}
    return Offers(packs.digest, offers, _closed(packs))


def _offer(product: Product, packs: PackSet, studies: Mapping[str, Study], today: date) -> Offer:
    items = {seen.resource.item_id for name in product.asks for seen in studies[name].seen}
    forbidden: dict[str, Forbidden] = {}
    for purpose in PURPOSES:
        found = _forbidden(product, studies, purpose)
        if found is not None:
            forbidden[purpose] = found
    shown = tuple(_shown(product, packs, studies, today))
    return Offer(product.name, product.kind, product.purpose, product.channel, frozenset(items), forbidden, shown)


def _forbidden(product: Product, studies: Mapping[str, Study], purpose: str) -> Forbidden | None:
    """The first item, in the order of the product, whose gate is closed for the purpose."""
    for name in product.asks:
        for item, gate in sorted(studies[name].gates_by_item(purpose, product.subjects).items()):
            if gate == "prohibited":
                return Forbidden(item, article_of(gate, purpose))
    return None


def _closed(packs: PackSet) -> dict[tuple[str, str], str]:
    """Items whose very rows are closed for a purpose, whoever they are about."""
    return {
        (resource.item_id, purpose): article_of("prohibited", purpose)
        for resource in packs.resources.values()
        for purpose in PURPOSES
        if all(gate_of_rows(resource, purpose, kind) == "prohibited" for kind in KINDS_ABOUT.get(resource.about, KINDS))
    }


def _shown(product: Product, packs: PackSet, studies: Mapping[str, Study], today: date) -> Iterator[Shown]:
    parameters = {name: parameter.at(today) for name, parameter in packs.parameters.items()}
    definitions = {name: Definition(name, "", "", "", ()) for name in product.asks}  # forms need no snapshot
    for rule in rules_of(product, packs, studies, definitions):
        if rule.form is not ReleaseKind.WITHHELD:
            yield _item(product, packs, studies[rule.indicator], rule, parameters)


def _listed(packs: PackSet, table: str, column: str) -> frozenset[str] | None:
    """Every code that a column can hold, where its list is closed and every row has one."""
    resource = packs.resources.get(table)
    field = field_of(resource, column) if resource is not None else None
    if field is None or not field.required or field.code_list is None:
        return None
    codes = packs.codes[field.code_list]
    return None if codes.open else frozenset(one.code for one in codes.values)


def _item(product: Product, packs: PackSet, study: Study, rule: OutRule, parameters: Mapping[str, Any]) -> Shown:
    head = packs.indicators[rule.indicator].head
    far = sorted({seen.touch.table for seen in study.seen if seen.touch.table in packs.relations})
    return Shown(
        product=product.name,
        item=rule.name,
        indicator=rule.indicator,
        form=rule.form.value,
        identity=identity_of(study.reading, parameters.get),
        limits=rule.limits,
        compare=rule.compare,
        yes_no=head.type == "bool",
        formula=formula_of(study.reading, parameters.get, lambda table, column: _listed(packs, table, column)),
        headcount=far[0] if far and head.type == "int" else "",
    )
