"""The text that is shown before a letter is signed: the pack's wording with what this letter says, in one language.

Promise: the same letter gives the same text, byte for byte, so that its digest in the document says what was read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
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


def shown_text(letter: Letter, name: Named, terms: Terms, purpose: Words, language: str) -> str:
    """What the subject reads: title, who may ask, text, every tick, and the letter's own figures."""
    ticks = [f"[ ] {tick.id}: {_in(tick.text, language)}" for tick in letter.ticks]
    lines = [_in(letter.title, language), _grantee(name, terms, language), _in(letter.text, language), *ticks]
    return unicodedata.normalize("NFC", "\n".join([*lines, *_figures(terms, _in(purpose, language), language)]) + "\n")


def text_digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, base64."""
    return text_of(sha256(text.encode()).digest())


def _grantee(name: Named, terms: Terms, language: str) -> str:
    who = f"{_in(Words(zh=name.zh, en=name.en), language)} ({terms.institution})"
    for_whom = f" → {terms.end_user}" if terms.end_user else ""
    return _in(Words(zh="被授权机构：", en="Authorised institution: "), language) + who + for_whom


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


def _in(words: Words, language: str) -> str:
    return words.en if language == "en" else words.zh
