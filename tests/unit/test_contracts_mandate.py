"""What no contract says is refused, each by its own code; what the law forbids is refused first, by its article."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from puhui.contracts.mandate import mandate_for
from puhui.contracts.offer import Offer
from puhui.model.institution import Licence
from puhui.model.refusals_question import (
    ChannelRefused,
    NoContract,
    ProhibitedItem,
    PurposeRefused,
    QuestionRefused,
    ScopeRefused,
)

from .partners_made import ARTICLE, CALLER, NOW, Pages, closed_offer, institution, line, offer, offers, question


def test_a_mandate_says_what_the_contract_says() -> None:
    mandate = mandate_for(CALLER, question(), Pages(), offers(), NOW)
    assert (mandate.caller, mandate.contract, mandate.product, mandate.purpose) == (
        CALLER,
        "C-1",
        "tax_loan",
        "lending",
    )
    assert (mandate.end_user, mandate.channel, mandate.quotas) == ("", "filed_enterprise_bureau", {"day": 10})
    assert mandate_for(CALLER, question(end_user="bank-a"), Pages(), offers(), NOW) == mandate, "itself, by its name"
    assert (mandate.plan, mandate.digest) == ('{"kind":"free"}', b"g" * 32)


@pytest.mark.parametrize(
    ("asked", "held", "refused"),
    [
        ({"product": "unheard"}, {}, NoContract),
        ({}, {"product": "other"}, NoContract),
        ({}, {"valid_until": NOW}, NoContract),
        ({}, {"valid_from": NOW + timedelta(seconds=1)}, NoContract),
        ({"purpose": "guarantee"}, {}, PurposeRefused),
        ({"purpose": "guarantee"}, {"purposes": frozenset({"guarantee", "lending"})}, PurposeRefused),
        ({}, {"purposes": frozenset({"guarantee"})}, PurposeRefused),
        ({"end_user": "bank-b"}, {}, NoContract),
        ({}, {"end_users": frozenset({"bank-b"})}, NoContract),
        ({"end_user": "bank-c"}, {"end_users": frozenset({"bank-b"})}, NoContract),
        ({"end_user": "bank-c"}, {"end_users": frozenset({"bank-c"})}, NoContract),
        ({}, {"channel": "licensed_personal_bureau"}, ChannelRefused),
        ({}, {"record": "B-2"}, ChannelRefused),
        ({}, {"holder": "bank-b"}, ChannelRefused),
        ({}, {"holder": ""}, ChannelRefused),
    ],
)
def test_default_is_to_deny(asked: dict[str, Any], held: dict[str, Any], refused: type[QuestionRefused]) -> None:
    book = Pages((line(**held),), (institution(), institution(id="bank-b", licences=())))
    with pytest.raises(refused):
        mandate_for(CALLER, question(**asked), book, offers(), NOW)


def test_another_institution_has_another_contract() -> None:
    with pytest.raises(NoContract):
        mandate_for(replace(CALLER, institution="bank-b"), question(), Pages(), offers(), NOW)


def test_a_bureau_names_the_end_user_it_asks_for() -> None:
    book = Pages((line(end_users=frozenset({"bank-b"})),), (institution(), institution(id="bank-b")))
    assert mandate_for(CALLER, question(end_user="bank-b"), book, offers(), NOW).end_user == "bank-b"
    with pytest.raises(NoContract):
        mandate_for(CALLER, question(), book, offers(), NOW)
    gone = replace(book, institutions=(institution(),))
    with pytest.raises(NoContract):
        mandate_for(CALLER, question(end_user="bank-b"), gone, offers(), NOW)


def test_a_licence_ends_on_its_day() -> None:
    book = Pages((line(valid_until=NOW + timedelta(days=99)),))
    last = NOW.replace(month=12, day=31)
    assert mandate_for(CALLER, question(), book, offers(), last).channel == "filed_enterprise_bureau"
    with pytest.raises(ChannelRefused):
        mandate_for(CALLER, question(), book, offers(), last + timedelta(days=1))


def test_a_bank_goes_through_the_licence_of_its_bureau() -> None:
    licence = Licence("filed_enterprise_bureau", "B-9", date(2026, 1, 1))
    book = Pages(
        (line(holder="bureau-z", record="B-9"),),
        (institution(licences=()), institution(id="bureau-z", licences=(licence,))),
    )
    assert mandate_for(CALLER, question(), book, offers(), NOW).contract == "C-1"
    with pytest.raises(ChannelRefused):
        mandate_for(CALLER, question(), replace(book, institutions=(institution(licences=()),)), offers(), NOW)


@pytest.mark.parametrize("channel", ["own_pull", "none"])
def test_some_channels_need_no_licence(channel: str) -> None:
    book = Pages((line(channel=channel, holder="", record=""),), ())
    assert mandate_for(CALLER, question(), book, offers(offer(channel=channel)), NOW).channel == channel


@pytest.mark.parametrize(("kind", "scope"), [("report", "reports"), ("monitor", "monitors"), ("verify", "answers")])
def test_a_kind_of_product_needs_its_scope(kind: str, scope: str) -> None:
    caller = replace(CALLER, scopes=frozenset({scope}))
    assert mandate_for(caller, question(), Pages(), offers(offer(kind=kind)), NOW).product == "tax_loan"
    with pytest.raises(ScopeRefused):
        mandate_for(replace(CALLER, scopes=frozenset({"letters"})), question(), Pages(), offers(offer(kind=kind)), NOW)


@pytest.mark.parametrize("held", [(), (line(product="clinic", channel="none"),)])
def test_what_the_law_forbids_is_refused_by_its_article_contract_or_not(held: tuple[Any, ...]) -> None:
    packs = offers(offer(), closed_offer("lending"))
    with pytest.raises(ProhibitedItem) as refused:
        mandate_for(CALLER, question(product="clinic"), Pages(held), packs, NOW)
    assert (refused.value.article, refused.value.where) == (ARTICLE, "WJW-05")
    assert "WJW-05" in refused.value.said.zh


def test_packs_that_changed_after_the_signature_refuse() -> None:
    changed: Offer = replace(offer(), forbidden=closed_offer("lending").forbidden)
    with pytest.raises(ProhibitedItem):
        mandate_for(CALLER, question(), Pages(), offers(changed), NOW)


def test_the_newest_contract_that_fits_counts() -> None:
    book = Pages((line(contract="C-3", purposes=frozenset({"guarantee"})), line(contract="C-2"), line(contract="C-1")))
    assert mandate_for(CALLER, question(), book, offers(), NOW).contract == "C-2"
