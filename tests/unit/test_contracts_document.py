"""The contract's document: canonical, signed for what it is, and refused with every fault when it is proposed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from puhui.contracts.agreement import check_contract
from puhui.contracts.contract import (
    Signature,
    check_signature,
    draw_up,
    id_of,
    read_contract,
    sign_contract,
    signature_of,
    text_of,
)
from puhui.model.refusals_question import ContractRefused, ProhibitedItem
from puhui.wire.canonical import canonical

from .partners_made import ARTICLE, NOW, Pages, closed_offer, contract, granted, institution, key, offer, offers, terms


def test_a_contract_is_its_document() -> None:
    made = contract()
    assert made.document == canonical(terms()) and read_contract(made.document) == made
    assert made.id == id_of(made.digest) and made.id.startswith("C-") and len(made.id) == 28
    assert (made.valid_from, made.plan) == (NOW, '{"kind":"free"}')
    assert made.granted("tax_loan") is not None and made.granted("other") is None


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"extra": 1},
        {"products": []},
        {"products": [granted(), granted()]},
        {"products": [granted(purposes=[])]},
        {"products": [granted(purposes=["gossip"])]},
        {"products": [granted(quotas={"hour": 1})]},
        {"products": [granted(quotas={"day": 0})]},
        {"products": [granted(through={"channel": "back_door"})]},
        {"institution": "Bank A"},
        {"valid_until": text_of(NOW)},
        {"valid_until": "2026-13-01T00:00:00Z"},
        {"valid_until": "tomorrow"},
        {"plan": {"kind": "per_call", "fen": 1.5}},
        {"plan": "free"},
    ],
)
def test_what_is_no_contract(change: dict[str, Any]) -> None:
    with pytest.raises(ContractRefused):
        draw_up(terms(**change))


def test_only_the_canonical_bytes_are_the_document() -> None:
    for raw in (json.dumps(terms(), indent=1).encode(), contract().document + b"\n", b"", b"[]", b"\xff"):
        with pytest.raises(ContractRefused):
            read_contract(raw)


def test_a_signature_is_over_this_document_by_this_key_and_as_a_contract() -> None:
    made, other = contract(), contract(made=text_of(NOW + timedelta(seconds=1)))
    signature = sign_contract(made.document, key())
    assert signature_of(json.dumps(signature.as_dict())) == signature
    check_signature(made.document, signature, key().verifying())
    for document, given, holder in (
        (other.document, signature, key()),
        (made.document, signature, key("bank-b/1")),
        (made.document, Signature("bank-a/1", key().sign(made.document)), key()),
        (made.document, Signature("bank-a/2", signature.signature), key()),
    ):
        with pytest.raises(ContractRefused):
            check_signature(document, given, holder.verifying())


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"key_id": "a", "signature": "no base64!"}', '"x"', "null"])
def test_a_file_that_is_no_signature(text: str) -> None:
    with pytest.raises(ContractRefused):
        signature_of(text)


THROUGH = granted()["through"]
BANK_B = institution(id="bank-b")
BOOK = Pages((), (institution(), BANK_B))


def test_a_contract_that_fits_is_let_through() -> None:
    check_contract(contract(), offers(), BOOK, (), NOW)
    check_contract(contract(end_users=["bank-b"], items=["SWJ-06"]), offers(), BOOK, (), NOW)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"products": [granted("unheard")]}, "no product unheard"),
        ({"products": [granted(purposes=["lending", "guarantee"])]}, "not for guarantee"),
        ({"items": ["SCJ-01"]}, "does not name: SWJ-06"),
        ({"institution": "bank-z"}, "not admitted"),
        ({"end_users": ["bank-z"]}, "end user bank-z"),
        ({"end_users": ["bank-a"]}, "end user bank-a"),
        ({"valid_from": text_of(NOW - timedelta(days=9)), "valid_until": text_of(NOW)}, "over already"),
        ({"valid_until": text_of(NOW + timedelta(days=4000))}, "five years"),
        ({"products": [granted(through={"channel": "licensed_personal_bureau"})]}, "is filed_enterprise_bureau"),
        ({"products": [granted(through={**THROUGH, "record": "?"})]}, "no such licence"),
        ({"products": [granted(through={"channel": "filed_enterprise_bureau"})]}, "nobody named"),
        ({"valid_from": "2027-01-01T00:00:00Z", "valid_until": "2027-02-01T00:00:00Z"}, "no such licence"),
    ],
)  # fmt: skip
def test_each_fault_of_a_contract_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ContractRefused, match=named):
        check_contract(contract(**change), offers(), BOOK, (), NOW)


def test_a_loan_goes_through_a_lawful_channel() -> None:
    without = granted(through={"channel": "none"})
    with pytest.raises(ContractRefused, match="names no lawful channel"):
        check_contract(contract(products=[without]), offers(offer(channel="none")), BOOK, (), NOW)
    welfare = granted(purposes=["welfare"], through={"channel": "none"})
    check_contract(contract(products=[welfare]), offers(offer(channel="none", purpose="welfare")), BOOK, (), NOW)


def test_a_prohibited_item_is_refused_by_its_article_before_anything_else() -> None:
    packs = offers(offer(), closed_offer("lending"), closed={("WJW-05", "lending"): ARTICLE})
    for change in (
        {"products": [granted("clinic", through={"channel": "none"})]},
        {"items": ["SWJ-06", "WJW-05"]},
        {"products": [granted("unheard"), granted("clinic")], "institution": "bank-z"},
    ):
        with pytest.raises(ProhibitedItem) as refused:
            check_contract(contract(**change), packs, BOOK, (), NOW)
        assert (refused.value.article, refused.value.where) == (ARTICLE, "WJW-05")
    medical = granted("clinic", purposes=["medical"], through={"channel": "none"})
    check_contract(contract(products=[medical]), packs, BOOK, (), NOW)
