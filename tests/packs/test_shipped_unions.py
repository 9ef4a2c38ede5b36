"""The shipped products may be contracted together, and the union check sees into what they are made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from puhui.bootstrap import default_packs
from puhui.contracts.differencing import findings
from puhui.contracts.offer import Offers
from puhui.desk.offers import offers_of


@pytest.fixture(scope="module")
def shipped() -> Offers:
    return offers_of(default_packs([]), date(2026, 11, 22))


def test_the_union_check_leaves_the_shipped_products_alone(shipped: Offers) -> None:
    assert list(findings([one for offer in shipped.products.values() for one in offer.shown])) == []


def test_it_sees_into_the_formulas_of_real_indicators(shipped: Offers) -> None:
    shown = {one.indicator: one for offer in shipped.products.values() for one in offer.shown}
    plain = {name for name, one in shown.items() if one.formula is not None}
    assert {"tax_paid_12m", "tax_paid_24m", "tax_burden_12m", "vat_sales_12m"} <= plain
    share, whole = shown["tax_burden_12m"], shown["vat_sales_12m"]
    assert {one.rule for one in findings([replace(share, product="p"), replace(whole, product="q")])} == {
        "rest-of-a-whole"
    }
    band = replace(whole, product="q", form="band")
    assert {one.rule for one in findings([replace(whole, product="p"), band])} == {"one-quantity-two-forms"}
    assert any(one.headcount for one in shown.values())


def test_what_a_product_offers_is_what_its_pack_says(shipped: Offers) -> None:
    offer = shipped.products["tax_loan_basic"]
    assert (offer.purpose, offer.channel, offer.kind) == ("lending", "filed_enterprise_bureau", "indicators")
    assert "SWJ-06" in offer.items and not offer.forbidden.get("lending")
    assert all(one.shown and one.items for one in shipped.products.values())


def test_what_is_closed_for_a_loan_has_its_article(shipped: Offers) -> None:
    closed = {item for item, purpose in shipped.closed if purpose == "lending"}
    assert closed and all(shipped.closed[(item, "lending")] for item in closed)
    assert not closed & {item for offer in shipped.products.values() for item in offer.items}
