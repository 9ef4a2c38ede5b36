"""What an institution may ask at the moment: its contracts' products, described so that a risk team can use them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from puhui.contracts.mandate import Line
from puhui.disclosure.rules import OutRule
from puhui.gateway.rooms import Rooms
from puhui.model.question import Caller
from puhui.model.refusals_question import SnapshotBehind
from puhui.packs.forms import Words
from puhui.packs.forms_answers import Product
from puhui.wire.answers import moment


def products_offered(caller: Caller, rooms: Rooms) -> list[dict[str, Any]]:
    """Each product that a contract in force holds, with its items as they would leave now."""
    names = sorted({line.product for line in _lines(caller, rooms)})
    return [_product(name, rooms) for name in names]


def mandates_offered(caller: Caller, rooms: Rooms) -> list[dict[str, Any]]:
    """Each line of the contracts in force."""
    return [
        {
            "channel": line.channel,
            "contract": line.contract,
            "end_users": sorted(line.end_users),
            "product": line.product,
            "purposes": sorted(line.purposes),
            "quotas": dict(line.quotas),
            "valid_from": moment(line.valid_from),
            "valid_until": moment(line.valid_until),
        }
        for line in _lines(caller, rooms)
    ]


def _lines(caller: Caller, rooms: Rooms) -> Iterator[Line]:
    now = rooms.now()
    for name in sorted(rooms.offers.products):
        lines = rooms.book.lines(caller.institution, name)
        yield from (line for line in lines if line.valid_from <= now < line.valid_until)


def _product(name: str, rooms: Rooms) -> dict[str, Any]:
    product = rooms.products.packs.products[name]
    head = {
        "channel": product.channel,
        "kind": product.kind,
        "letter": product.letter or "",
        "product": name,
        "purpose": product.purpose,
        "sections": _sections(product),
        "subjects": list(product.subjects),
        "title": _words(product.title),
    }
    try:
        prepared = rooms.products.prepared(name, rooms.figures)
    except SnapshotBehind:
        return {**head, "items": [], "ready": False}
    return {**head, "items": [_item(rule, product, rooms) for rule in prepared.rules], "ready": True}


def _sections(product: Product) -> list[dict[str, Any]]:
    """The headings of a report, each with the names of its items in order."""
    return [{"items": section.indicators, "title": _words(section.title)} for section in product.sections]


def _item(rule: OutRule, product: Product, rooms: Rooms) -> dict[str, Any]:
    """An item as it would leave; of a yes/no check, how the stated value is held against the register's."""
    check = next((check for check in product.checks if check.name == rule.name), None)
    title = check.title if check else rooms.products.packs.indicators[rule.indicator].head.title
    compared = {"compare": rule.compare, "tolerance": format(rule.tolerance, "f")} if check else {}
    return {
        **compared,
        "bands": list(rule.labels),
        "definition": rule.definition,
        "form": rule.form.value,
        "name": rule.name,
        "title": _words(title),
        "unit": rule.unit,
    }


def _words(title: Words) -> dict[str, str]:
    return {"en": title.en, "zh": title.zh}
