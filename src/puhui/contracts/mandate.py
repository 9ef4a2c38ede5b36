"""Whether a contract lets this caller ask this product for this purpose, now. What no contract says is refused.

Promises: a `Mandate` is made here alone. What the law forbids is refused first and by its article, whoever asks and
whatever was signed; then product, purpose, end user and channel are each held against the contracts in force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from puhui.contracts.offer import NO_CHANNEL, OWN_PULL, Forbidden, Offer, Offers
from puhui.model.question import Caller, Mandate, Question
from puhui.model.refusal import Said
from puhui.model.refusals_question import (
    ChannelRefused,
    NoContract,
    ProhibitedItem,
    PurposeRefused,
    QuestionRefused,
    ScopeRefused,
)

SCOPE_OF_KIND = {"indicators": "answers", "verify": "answers", "report": "reports", "monitor": "monitors"}


@dataclass(frozen=True, slots=True)
class Line:
    """One product of one contract that is signed and not ended, ready for the hot path."""

    contract: str
    digest: bytes
    product: str
    purposes: frozenset[str]
    end_users: frozenset[str]
    channel: str
    holder: str
    record: str
    valid_from: datetime
    valid_until: datetime
    quotas: Mapping[str, int]
    plan: str


class Book(Protocol):
    """The contracts in force, held in memory."""

    def lines(self, institution: str, product: str) -> Sequence[Line]:
        """Lines of signed contracts that were not ended, the newest first. What was committed 50 ms ago is seen."""

    def licensed(self, holder: str, channel: str, record: str, day: date) -> bool:
        """Whether an admitted institution holds that licence record of that channel on a day."""

    def admitted(self, institution: str) -> bool:
        """Whether the institution is admitted at the moment."""


def mandate_for(caller: Caller, question: Question, book: Book, packs: Offers, now: datetime) -> Mandate:
    """The mandate for a question. `packs`: what the packs in use offer.

    Raises ProhibitedItem (with the article), NoContract, PurposeRefused, ChannelRefused, ScopeRefused.
    """
    offer = packs.products.get(question.product)
    if offer is None:
        raise _no_contract()
    forbidden = offer.forbidden.get(question.purpose)
    if forbidden is not None:
        raise prohibited(forbidden, question.purpose)
    line = _line(caller, question, book, now)
    if question.purpose != offer.purpose or offer.channel != line.channel:
        raise _purpose_refused() if question.purpose != offer.purpose else _channel_refused(offer.channel)
    if SCOPE_OF_KIND[offer.kind] not in caller.scopes:
        raise _scope_refused(SCOPE_OF_KIND[offer.kind])
    _check_channel(line, offer, book, now)
    end_user = "" if question.end_user == caller.institution else question.end_user
    return Mandate(
        caller,
        line.contract,
        end_user,
        offer.product,
        question.purpose,
        offer.channel,
        line.quotas,
        line.plan,
        line.digest,
    )


def _line(caller: Caller, question: Question, book: Book, now: datetime) -> Line:
    """The newest line that is valid now, for this purpose and end user."""
    valid = [
        line
        for line in book.lines(caller.institution, question.product)
        if line.valid_from <= now < line.valid_until and _may_ask_for(line, caller, question.end_user)
    ]
    if not valid or (question.end_user and not book.admitted(question.end_user)):
        raise _no_contract()
    for line in valid:
        if question.purpose in line.purposes:
            return line
    raise _purpose_refused()


def _may_ask_for(line: Line, caller: Caller, end_user: str) -> bool:
    """An intermediary names one of its end users; who asks for itself names nobody, or itself."""
    if line.end_users:
        return end_user in line.end_users
    return end_user in ("", caller.institution)


def _check_channel(line: Line, offer: Offer, book: Book, now: datetime) -> None:
    if offer.channel not in (OWN_PULL, NO_CHANNEL) and not book.licensed(
        line.holder, offer.channel, line.record, now.date()
    ):
        raise _channel_refused(offer.channel)


def prohibited(forbidden: Forbidden, purpose: str) -> ProhibitedItem:
    """The refusal that names item and article."""
    return ProhibitedItem(
        Said(
            f"法律禁止为 {purpose} 提供 {forbidden.item}", f"the law forbids {forbidden.item} for the purpose {purpose}"
        ),
        todo=Said("选用不含该事项的产品", "ask a product without this item"),
        article=forbidden.article,
        where=forbidden.item,
    )


def _refusal(kind: type[QuestionRefused], zh: str, en: str) -> QuestionRefused:
    return kind(kind.meaning, todo=Said(zh, en))


def _no_contract() -> QuestionRefused:
    return _refusal(NoContract, "与专区签订含该产品的合同", "make a contract with the zone that holds the product")


def _purpose_refused() -> QuestionRefused:
    return _refusal(PurposeRefused, "用合同所列的用途提问", "ask for a purpose that the contract lists")


def _channel_refused(channel: str) -> QuestionRefused:
    return ChannelRefused(
        Said(f"通道 {channel} 没有有效的许可或备案记录", f"the channel {channel} has no licence record in force"),
        todo=Said("更新许可或备案记录后再问", "have the licence record renewed, then ask again"),
    )


def _scope_refused(scope: str) -> QuestionRefused:
    return ScopeRefused(
        Said(f"机构的准入范围不含 {scope}", f"the institution was not admitted for `{scope}`"),
        todo=Said("向专区申请扩大准入范围", "ask the zone for the scope"),
    )
