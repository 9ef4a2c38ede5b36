"""Whether a contract may be made as it is: held against packs, licences and the institution's other contracts.

The same checks run when it is proposed and again when it is signed, for packs and licences may change between the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from puhui.contracts.contract import Contract, Granted, Signature
from puhui.contracts.differencing import check_union
from puhui.contracts.mandate import Book, prohibited
from puhui.contracts.offer import CREDIT, NO_CHANNEL, OWN_PULL, Forbidden, Offer, Offers, Shown
from puhui.model.refusal import Said
from puhui.model.refusals_question import ContractRefused

LONGEST_DAYS = 5 * 366


class Contracts(Protocol):
    """The table of contracts. Each writing method is one transaction with its event, durable once it returns."""

    def contract(self, contract_id: str) -> Contract | None: ...

    def states(self, institution: str = "") -> Sequence[Mapping[str, Any]]:
        """Every contract: id, institution, state, valid_from, valid_until, ended_at, products, end_users."""

    def in_force(self, at: datetime) -> Sequence[Contract]:
        """Signed, not ended, and not over yet; those that begin later too."""

    def sign(self, contract: Contract, signatures: Sequence[Signature], *, by: Sequence[str], at: datetime) -> None:
        """Put it in force with both signatures; `by`: the two officers. Repeatable."""

    def end(self, contract_id: str, *, by: str, at: datetime, reason: str) -> None:
        """End it now: the next question is refused. Repeatable."""


def check_contract(contract: Contract, offers: Offers, book: Book, others: Sequence[Contract], now: datetime) -> None:
    """Raises ProhibitedItem (with the article), ContractRefused (every fault), Differencing (naming the products).

    `others`: every contract in force of any institution.
    """
    _check_law(contract, offers)
    faults = list(_faults(contract, offers, book, now))
    if faults:
        raise ContractRefused(
            Said("；".join(one.zh for one in faults), "; ".join(one.en for one in faults)),
            todo=Said("改正后重新提议", "mend it and propose it again"),
        )
    check_union(_union(contract, offers, others))


def _check_law(contract: Contract, offers: Offers) -> None:
    """What the law forbids comes before every other fault. Items that the parties name are looked at too."""
    for granted in contract.terms.products:
        offer = offers.products.get(granted.product)
        for purpose in granted.purposes:
            forbidden = offer.forbidden.get(purpose) if offer is not None else None
            if forbidden is not None:
                raise prohibited(forbidden, purpose)
            for item in contract.terms.items:
                article = offers.closed.get((item, purpose))
                if article is not None:
                    raise prohibited(Forbidden(item, article), purpose)


def _faults(contract: Contract, offers: Offers, book: Book, now: datetime) -> Iterator[Said]:
    terms = contract.terms
    if contract.valid_until <= now:
        yield Said("合同已经到期", "the contract is over already")
    if (contract.valid_until - contract.valid_from).days > LONGEST_DAYS:
        yield Said("合同期限不得超过五年", "a contract lasts five years at most")
    if not book.admitted(terms.institution):
        yield Said(f"机构 {terms.institution} 未准入", f"the institution {terms.institution} is not admitted")
    for end_user in terms.end_users:
        if end_user == terms.institution or not book.admitted(end_user):
            yield Said(f"最终用户 {end_user} 未准入", f"the end user {end_user} is not another admitted institution")
    for granted in terms.products:
        offer = offers.products.get(granted.product)
        if offer is None:
            yield Said(f"没有产品 {granted.product}", f"there is no product {granted.product}")
            continue
        yield from _product_faults(contract, granted, offer)
        yield from _channel_faults(contract, granted, offer, book, now)


def _product_faults(contract: Contract, granted: Granted, offer: Offer) -> Iterator[Said]:
    strange = [purpose for purpose in granted.purposes if purpose != offer.purpose]
    if strange:
        yield Said(
            f"产品 {offer.product} 的用途是 {offer.purpose}，不含 {'、'.join(strange)}",
            f"the product {offer.product} is for {offer.purpose}, not for {', '.join(strange)}",
        )
    beyond = sorted(offer.items - set(contract.terms.items)) if contract.terms.items else []
    if beyond:
        yield Said(
            f"产品 {offer.product} 涉及合同未列的事项 {'、'.join(beyond)}",
            f"the product {offer.product} touches items that the contract does not name: {', '.join(beyond)}",
        )


def _channel_faults(contract: Contract, granted: Granted, offer: Offer, book: Book, now: datetime) -> Iterator[Said]:
    through = granted.through
    if through.channel != offer.channel:
        yield Said(
            f"产品 {offer.product} 的通道是 {offer.channel}",
            f"the channel of the product {offer.product} is {offer.channel}",
        )
    elif offer.channel == NO_CHANNEL and offer.purpose in CREDIT:
        yield Said(
            f"产品 {offer.product} 用于信贷，须写明合法通道",
            f"the product {offer.product} is for credit and names no lawful channel",
        )
    elif offer.channel not in (NO_CHANNEL, OWN_PULL):
        day = max(now, contract.valid_from).date()
        if not book.licensed(through.holder, offer.channel, through.record, day):
            yield Said(
                f"产品 {offer.product}：{through.holder or '（未写明）'} 没有该通道有效的许可记录",
                f"the product {offer.product}: {through.holder or '(nobody named)'} holds no such licence",
            )


def _union(contract: Contract, offers: Offers, others: Sequence[Contract]) -> Iterator[Shown]:
    """What all products together show to whoever may combine them: the institution and all who ask through it."""
    parties = _parties(contract)
    names = {granted.product for granted in contract.terms.products}
    for other in others:
        if other.id != contract.id and parties & _parties(other):
            names |= {granted.product for granted in other.terms.products}
    for name in sorted(names):
        offer = offers.products.get(name)
        yield from offer.shown if offer is not None else ()


def _parties(contract: Contract) -> set[str]:
    """Who sees the answers of a contract: the institution, and its end users."""
    return {contract.terms.institution, *contract.terms.end_users}
