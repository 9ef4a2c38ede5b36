"""From terms and the subject's choices to the letter's document, and back: what is signed is checked from scratch.

Promises: a document that the rules would not have drafted is refused, however well it is signed; ticks are the
subject's own, each by itself; stated values are at most three per subject and item.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from puhui.consent.bases import opens
from puhui.consent.letter import Terms
from puhui.consent.wording import Names, shown_text, text_digest
from puhui.model.refusal import Said
from puhui.model.refusals_question import LetterRefused
from puhui.model.subject import Identifier
from puhui.packs.forms_answers import Letter
from puhui.packs.packset import PackSet
from puhui.wire.letters import (
    Grantee,
    Grantor,
    LetterDocument,
    SignedBy,
    Use,
    Wording,
    time_of,
    time_text,
)

STATED_AT_MOST = 3  # values of one item that one subject may state in letters, all told
LONGEST_VALUE = 64  # characters of a stated value
CLOCK = timedelta(hours=1)  # between the draft and the signature


@dataclass(frozen=True, slots=True)
class Choices:
    """What the subject decides: which ticks, which values are stated, the language, and who signs."""

    ticks: tuple[str, ...]
    stated: Mapping[str, str] = field(repr=False)
    language: Literal["zh", "en"]
    signer: SignedBy


@dataclass(frozen=True, slots=True)
class Frame:
    """Of one letter, what neither side chooses: its id, the zone, the grantor, the names of those it names."""

    id: str
    zone: str
    grantor: Identifier
    names: Names


def draft(frame: Frame, wording: Letter, terms: Terms, choices: Choices, start: datetime) -> LetterDocument:
    """The document that would be signed. Raises LetterRefused for ticks that the wording does not have."""
    text = shown_text(wording, frame.names, terms, choices.language)
    return LetterDocument(
        v=1,
        id=frame.id,
        zone=frame.zone,
        grantor=Grantor(kind=_kind(frame.grantor), value=frame.grantor.value),
        institution=Grantee(id=terms.institution, name=frame.names.institution),
        end_user=terms.end_user,
        purpose=terms.purpose,
        wording=Wording(letter=wording.name, language=choices.language, digest=text_digest(text)),
        ticks=choices.ticks,
        items=ticked_items(wording, choices.ticks),
        range_months=terms.range_months,
        use=Use(mode=terms.mode, cap=terms.cap, window=terms.window),
        retention_days=terms.retention_days,
        start=time_text(start),
        end=time_text(start + timedelta(days=terms.life_days)),
        stated=dict(choices.stated),
        signer=choices.signer,
    )


def check_drafted(document: LetterDocument, frame: Frame, wording: Letter, terms: Terms, now: datetime) -> None:
    """Whether the rules would have drafted this very document, now. Raises LetterRefused that names the part."""
    choices = Choices(document.ticks, document.stated, document.wording.language, document.signer)
    start = time_of(document.start)
    if abs(now - start) > CLOCK:
        raise refused("授权书的起始时间与当前时间不符", "the letter does not start now", "start")
    drafted = draft(frame, wording, terms, choices, start)
    for part in LetterDocument.__struct_fields__:
        if getattr(drafted, part) != getattr(document, part):
            raise refused(f"授权书的 {part} 与规则不符", f"{part} is not what the rules would have drafted", part)


def terms_of(document: LetterDocument) -> Terms:
    """The terms that a document states."""
    life = time_of(document.end) - time_of(document.start)
    return Terms(
        institution=document.institution.id,
        end_user=document.end_user,
        wording=document.wording.letter,
        purpose=document.purpose,
        range_months=document.range_months,
        mode=document.use.mode,
        cap=document.use.cap,
        window=document.use.window,
        retention_days=document.retention_days,
        life_days=life.days,
    )


def ticked_items(wording: Letter, ticks: Sequence[str]) -> dict[str, str]:
    """Item → the most closed gate that the chosen ticks open. Raises LetterRefused."""
    known = [tick.id for tick in wording.ticks]
    if not ticks or list(ticks) != [tick for tick in known if tick in ticks]:
        raise refused("勾选项为空、重复或不属于该授权书", "ticks are none, twice, or not of this wording", "ticks")
    items: dict[str, str] = {}
    for tick in wording.ticks:
        for item in tick.items if tick.id in ticks else ():
            if item not in items or opens(tick.gate, items[item]):
                items[item] = tick.gate
    return items


def check_stated(stated: Mapping[str, str], wording: str, packs: PackSet, earlier: Iterable[str]) -> None:
    """`earlier`: names of checks stated in the subject's letters so far. Raises LetterRefused beyond three per item."""
    item_of = {check.name: check.indicator for product in packs.products.values() for check in product.checks}
    allowed = {c.name for product in packs.products.values() if product.letter == wording for c in product.checks}
    counted = Counter(item_of.get(name, name) for name in (*earlier, *stated))
    for name, value in stated.items():
        if name not in allowed:
            raise refused(f"没有名为 {name} 的核对项", f"this wording has no check named {name}", "stated")
        if not _plain(value):
            raise refused("申报值的写法不合要求", "a stated value is plain text of 64 characters at most", "stated")
        if counted[item_of[name]] > STATED_AT_MOST:
            raise refused(f"{name} 的申报值已达三个", f"three values of {name} were stated already", "stated")


def _plain(value: str) -> bool:
    return 0 < len(value) <= LONGEST_VALUE and value.isprintable() and unicodedata.is_normalized("NFC", value)


def _kind(grantor: Identifier) -> Literal["uscc", "ric"]:
    match grantor.kind:
        case "uscc":
            return "uscc"
        case "ric":
            return "ric"
        case _:
            raise refused("授权书须写明统一社会信用代码或身份证号", "a grantor is named by uscc or ric", "grantor")


def refused(zh: str, en: str, where: str) -> LetterRefused:
    """A refusal that names the part of the letter."""
    return LetterRefused(
        Said(zh, en), todo=Said("按规则重新拟定授权书", "draft the letter again by the rules"), where=where
    )
