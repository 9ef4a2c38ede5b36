"""The text that is shown before a letter is signed: the pack's wording with what this letter says, in one language.

Promise: the same letter gives the same text, byte for byte, so that its digest in the document says what was read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from puhui.consent.letter import Terms
from puhui.packs.forms import Words
from puhui.packs.forms_answers import Letter
from puhui.wire.letters import Named, text_of

_WINDOW = {
    "letter": Words(zh="授权期内", en="in all"),
    "month": Words(zh="每月", en="a month"),
    "year": Words(zh="每年", en="a year"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What the admission records and the packs call whoever and whatever the letter names (PIPL art. 17, 23)."""

    institution: Named
    end_user: Named | None
    purpose: Words


def shown_text(letter: Letter, names: Names, terms: Terms, language: str) -> str:
    """What the subject reads: title, who may ask, text, every tick, and the letter's own figures."""
    ticks = [f"[ ] {tick.id}: {_in(tick.text, language)}" for tick in letter.ticks]
    lines = [_in(letter.title, language), _grantee(names, terms, language), _in(letter.text, language), *ticks]
    lines += _figures(terms, _in(names.purpose, language), language)
    return unicodedata.normalize("NFC", "\n".join(lines) + "\n")


def text_digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, base64."""
    return text_of(sha256(text.encode()).digest())


def _grantee(names: Names, terms: Terms, language: str) -> str:
    who = f"{_in(names.institution, language)} ({terms.institution})"
    said = _in(Words(zh="被授权机构：", en="Authorised institution: "), language) + who
    if names.end_user is None:
        return said
    for_whom = f"{_in(names.end_user, language)} ({terms.end_user})"
    return said + _in(Words(zh="，为最终用户：", en=", for the end user: "), language) + for_whom


def _figures(terms: Terms, purpose: str, language: str) -> Sequence[str]:
    window = _in(_WINDOW[terms.window], language)
    if language == "en":
        return (
            f"Purpose: {purpose}. Data of the last {terms.range_months} months.",
            f"Queries {window}: at most {terms.cap}. In force for {terms.life_days} days.",
            f"The institution may keep an answer for {terms.retention_days} days.",
        )
    return (
        f"用途：{purpose}。数据范围：近 {terms.range_months} 个月。",
        f"次数：{window}至多 {terms.cap} 次；有效期 {terms.life_days} 天。",
        f"机构保存结果至多 {terms.retention_days} 天。",
    )


def _in(words: Words | Named, language: str) -> str:
    return words.en if language == "en" else words.zh
