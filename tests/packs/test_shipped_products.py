"""Products of every kind are shipped, and none of them takes from another what a bank was already told."""

from __future__ import annotations

import pytest

from puhui.bootstrap import default_packs
from puhui.disclosure.history import clashes
from puhui.disclosure.rules import OutRule, rules_of
from puhui.gateway.terms import rules_of_packs, studies_of
from puhui.model.figures import Definition
from puhui.model.question import ReleaseKind
from puhui.packs.packset import PackSet

Rules = dict[str, tuple[OutRule, ...]]


@pytest.fixture(scope="module")
def shipped() -> PackSet:
    return default_packs([])


@pytest.fixture(scope="module")
def rules(shipped: PackSet) -> Rules:
    studies = studies_of(shipped)
    definitions = {name: Definition(name, "", "", "", ()) for name in shipped.indicators}
    return {name: rules_of(product, shipped, studies, definitions) for name, product in shipped.products.items()}


def test_every_kind_is_shipped(shipped: PackSet) -> None:
    assert {product.kind for product in shipped.products.values()} == {"indicators", "verify", "report", "monitor"}


def test_nothing_of_a_product_is_withheld_by_policy(rules: Rules) -> None:
    withheld = {name: [r.name for r in found if r.form is ReleaseKind.WITHHELD] for name, found in rules.items()}
    watched = ("tax_loan_check", "tax_loan_report", "tax_loan_monitor", "sme_credit_monitor")
    assert {name: withheld[name] for name in watched} == {name: [] for name in watched}


def test_shipped_products_do_not_shut_one_another_out(rules: Rules) -> None:
    assert {name: others for name, others in clashes(rules).items() if others} == {}


def test_a_check_asks_its_letter_for_the_stated_values(shipped: PackSet, rules: Rules) -> None:
    terms = rules_of_packs(shipped, studies_of(shipped)).products["tax_loan_check"]
    assert terms.checks == ("stated_sales", "stated_headcount")
    assert {rule.form for rule in rules["tax_loan_check"]} == {ReleaseKind.FLAG}


def test_a_report_has_each_item_under_one_heading(shipped: PackSet) -> None:
    report = shipped.products["tax_loan_report"]
    listed = [name for section in report.sections for name in section.indicators]
    assert len(listed) == len(set(listed)) and list(report.asks) == listed
