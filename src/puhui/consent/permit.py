"""The permit: the only key to figures. Mandate, subject, and a basis in force that covers both.

Promises: a caller learns why only from a letter that it holds itself and that is about this very subject; whatever else
fails looks like every other hidden refusal. The row is read by one look-up; the sequencer compares state, version and
cap once more when it commits.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import NoReturn, Protocol

from puhui.consent.bases import PURPOSES, concerns, opens
from puhui.consent.caps import CREDIT, PIPL_19, Purposes, cap_now, is_minor, uses_now, window_start, zone_day
from puhui.consent.letter import Letter, State
from puhui.model.question import BasisKind, Mandate, Permit, Question
from puhui.model.refusal import Said
from puhui.model.refusals_question import (
    LetterNotInForce,
    LetterSpent,
    MissingTick,
    NoBasis,
    PurposeRefused,
    QuestionRefused,
    SubjectRefused,
)
from puhui.model.subject import Subject, SubjectKind
from puhui.packs.forms_answers import PurposeLimits

PERSONS = (SubjectKind.PERSON, SubjectKind.SOLE_TRADER)
ART_18 = "征信业管理条例 第十八条 (Credit Reporting Regulation art. 18)"
PIPL_15 = "个人信息保护法 第十五条 (PIPL art. 15)"


class Letters(Protocol):
    """The letters as the hot path reads them. Every call sees what was committed before it."""

    def letter(self, letter_id: str) -> Letter | None:
        """The row of that id, or None. One SELECT."""

    def stated(self, letter: Letter) -> Mapping[str, str]:
        """The stated values of its document, unsealed. Raises NoSubject where the subject is erased."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a product asks of its basis for one item: the strictest gate, and the article that asks for it.

    `optional`: the product lets the subject leave its tick out; the item is then withheld.
    """

    item: str
    gate: str
    article: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ProductTerms:
    """A product as a permit needs it, prepared once: `asks` per kind of subject, by the column policy.

    `wording`: the pack's letter; empty where every item is public. `checks`: names of yes/no checks, whose values the
    letter must state. `range_months`: how far back its figures look.
    """

    name: str
    wording: str
    purpose: str
    asks: Mapping[SubjectKind, tuple[Ask, ...]]
    range_months: int
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What the packs in use say: products by name, and the purposes' limits."""

    products: Mapping[str, ProductTerms]
    purposes: Purposes


def permit_for(
    mandate: Mandate, subject: Subject, question: Question, letters: Letters, rules: Rules, now: datetime
) -> Permit:
    """The permit of a question. Raises NoBasis, SubjectRefused (hidden); LetterNotInForce, LetterSpent, MissingTick,
    PurposeRefused about a letter that the caller holds."""
    terms = rules.products[mandate.product]
    asks = terms.asks.get(subject.kind)
    if asks is None:
        raise _no_basis()
    day = zone_day(now)
    _protect_minor(mandate, subject, question, day)
    if question.basis is None:
        return _open_to_all(mandate, subject, question, terms, asks)
    letter = letters.letter(question.basis.id)
    if letter is None or not _held(letter, mandate, subject, question.basis.kind):
        raise _no_basis()
    _check_in_force(letter, now)
    limits = rules.purposes.at(terms.purpose, day)
    if limits is None:
        _not_in_force("purpose", "its purpose is no longer allowed")
    _check_covers(letter, terms, limits, now)
    unticked = _unticked(letter, asks)
    cap = _check_left(letter, limits, now)
    items = {ask.item: "public" for ask in asks if ask.gate == "public"} | dict(letter.items)
    return Permit(
        mandate=mandate,
        subject=subject,
        pseudonym=pseudonym_of(mandate.caller.pseudonym_key, subject),
        basis=question.basis,
        basis_digest=letter.digest,
        version=letter.version,
        items=items,
        unticked=unticked,
        stated=letters.stated(letter) if terms.checks else {},
        question=question.digest,
        retention_days=min(letter.retention_days, limits.retention_days),
        cap=cap,
        window=letter.window,
    )


def pseudonym_of(key: bytes, subject: Subject) -> str:
    """What one institution knows a subject by: HMAC-SHA256 under its own key, 128 bits in hexadecimal."""
    return "S-" + hmac.digest(key, subject.token.encode(), "sha256").hex()[:32]


def _protect_minor(mandate: Mandate, subject: Subject, question: Question, day: date) -> None:
    """No credit about anybody under 18; a person is asked by the number that tells the age."""
    if mandate.purpose in CREDIT and subject.kind is SubjectKind.PERSON:
        about = question.about
        if about.kind != "ric" or is_minor(about.value, day):
            raise SubjectRefused(
                Said("不得为贷款查询未满十八周岁的人", "nobody under 18 is asked about for credit"),
                todo=_NOTHING,
                article=ART_18,
            )


def _open_to_all(
    mandate: Mandate, subject: Subject, question: Question, terms: ProductTerms, asks: tuple[Ask, ...]
) -> Permit:
    """A product about firms whose every item is public needs no letter; about persons it always does."""
    if subject.kind in PERSONS or any(ask.gate != "public" for ask in asks) or terms.checks:
        raise _no_basis()
    return Permit(
        mandate=mandate,
        subject=subject,
        pseudonym=pseudonym_of(mandate.caller.pseudonym_key, subject),
        basis=None,
        basis_digest=b"",
        version=0,
        items={ask.item: "public" for ask in asks},
        question=question.digest,
    )


def _held(letter: Letter, mandate: Mandate, subject: Subject, kind: BasisKind) -> bool:
    """Whether the caller may know anything of the letter: it is this caller's and about this subject."""
    return (
        letter.basis is kind
        and letter.institution == mandate.caller.institution
        and letter.end_user == mandate.end_user
        and concerns(letter, subject.token)
        and letter.state not in (State.PROPOSED, State.DECLINED)
    )


def _check_in_force(letter: Letter, now: datetime) -> None:
    if letter.state is not State.ACTIVE:
        article = PIPL_15 if letter.state is State.REVOKED else ""
        _not_in_force("state", letter.state.value.lower(), article)
    if now < letter.start:
        _not_in_force("start", "not begun")
    if now >= letter.end:
        _not_in_force("end", "expired")


def _check_covers(letter: Letter, terms: ProductTerms, limits: PurposeLimits, now: datetime) -> None:
    """Purpose, wording, range and stated values; the purpose's table as it is today."""
    if letter.purpose != terms.purpose or terms.purpose not in PURPOSES[letter.basis]:
        raise PurposeRefused(_OTHER_PURPOSE, todo=_ASK_SUBJECT, article=ART_18, where="purpose")
    if letter.basis is BasisKind.LETTER and letter.wording != terms.wording:
        raise PurposeRefused(_OTHER_WORDING, todo=_ASK_SUBJECT, article=ART_18, where="wording")
    if now >= letter.start + timedelta(days=limits.life_days):
        _not_in_force("life_days", "older than its purpose allows by now")
    if terms.range_months > min(letter.range_months, limits.range_months):
        raise _spent("range_months")
    if any(name not in letter.stated for name in terms.checks):
        raise MissingTick(_NOT_STATED, todo=_ASK_SUBJECT, where="stated")


def _unticked(letter: Letter, asks: tuple[Ask, ...]) -> frozenset[str]:
    """The items whose tick the subject left out where the product lets them. Raises MissingTick for one that the
    product needs, and where the letter opens nothing of it at all."""
    items = letter.items
    missing = [ask for ask in asks if ask.gate != "public" and not opens(items.get(ask.item, ""), ask.gate)]
    if not missing:
        return frozenset()
    closed = sum(ask.gate != "public" for ask in asks)
    for ask in missing:
        if not ask.optional or ask.gate == "prohibited" or len(missing) == closed:
            raise MissingTick(
                Said(
                    f"授权书没有对 {ask.item} 的 {ask.gate} 勾选",
                    f"the letter has no tick of {ask.gate} for {ask.item}",
                ),
                todo=_ASK_SUBJECT,
                article=ask.article,
                where=ask.item,
            )
    return frozenset(ask.item for ask in missing)


def _check_left(letter: Letter, limits: PurposeLimits, now: datetime) -> int:
    """The cap that holds now. Raises LetterSpent with the time of the next window."""
    cap = cap_now(letter, limits)
    if uses_now(letter, now) >= cap:
        refused = _spent("cap")
        refused.retry_after = seconds_to_next(letter.window, now)
        raise refused
    return cap


def seconds_to_next(window: str, now: datetime) -> int | None:
    """Seconds until the next window begins, rounded up; None where none does."""
    began = window_start(window, now)
    if began is None:
        return None
    inside_next = began + timedelta(days=32 if window == "month" else 366)
    following = window_start(window, inside_next)
    return ceil((following - now).total_seconds()) if following else None


_NOTHING = Said("无须处理", "there is nothing to do")
_ASK_SUBJECT = Said("请主体重新签署覆盖该事项的授权书", "ask the subject for a letter that covers it")
_OTHER_PURPOSE = Said("授权书是为另一用途签署的", "the letter was signed for another purpose")
_OTHER_WORDING = Said("授权书不是该产品的授权书", "the letter is not the one of this product")
_NOT_STATED = Said("授权书没有写明核对所需的申报值", "the letter does not state the value that the check needs")


def _not_in_force(where: str, en: str, article: str = "") -> NoReturn:
    refused = LetterNotInForce(
        Said("授权书现在不生效", f"the letter is not in force: {en}"), todo=_ASK_SUBJECT, article=article, where=where
    )
    raise refused


def _spent(where: str) -> LetterSpent:
    return LetterSpent(
        Said(f"授权书规定的 {where} 不够或已用完", f"the letter's {where} is too small or used up"),
        todo=Said("等下一周期，或请主体重新签署", "wait for the next window, or ask the subject for another letter"),
        article=PIPL_19,
        where=where,
    )


def _no_basis() -> QuestionRefused:
    return NoBasis(Said("没有可用的依据", "there is no basis for this question"), todo=_NOTHING)
