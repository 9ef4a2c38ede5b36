"""Purposes and caps: what a letter may say at most, by the packs' dated tables; looked at when signed and when used.

Promises: a breach names the attribute; a table that grew stricter binds letters that were signed before it, one that
grew wider does not widen them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from puhui.consent.letter import Letter, Terms
from puhui.model.refusal import Said
from puhui.model.refusals_question import LetterRefused
from puhui.packs.forms_answers import PurposeLimits, PurposeTable

ZONE_TIME = timezone(timedelta(hours=8))  # Beijing: windows and days of age are the zone's, not the server's
CREDIT = ("lending", "guarantee")
ADULT = 18
PIPL_19 = "个人信息保护法 第十九条 (PIPL art. 19)"


@dataclass(frozen=True, slots=True)
class Purposes:
    """The tables of all purposes, and the limits in force on a day."""

    tables: Mapping[str, PurposeTable]

    def at(self, purpose: str, day: date) -> PurposeLimits | None:
        """The limits of a purpose, or None where letters of it are not allowed."""
        table = self.tables.get(purpose)
        return table.at(day) if table is not None else None


def breach(terms: Terms, limits: PurposeLimits | None) -> str:
    """The first attribute that goes beyond its limit; empty where none does."""
    if limits is None:
        return "purpose"
    if not 0 <= terms.range_months <= limits.range_months:
        return "range_months"
    if terms.mode == "once" and (terms.cap, terms.window) != (1, "letter"):
        return "use"
    largest = 1 if terms.mode == "once" else limits.cap(terms.window)
    if not 1 <= terms.cap <= largest:
        return "cap"
    if not 1 <= terms.life_days <= limits.life_days:
        return "life_days"
    return "" if 0 <= terms.retention_days <= limits.retention_days else "retention_days"


def check_terms(terms: Terms, limits: PurposeLimits | None) -> None:
    """Raises LetterRefused that names the attribute beyond its limit."""
    attribute = breach(terms, limits)
    if attribute:
        raise LetterRefused(
            Said(f"授权书的 {attribute} 超出该用途的上限", f"{attribute} goes beyond what the purpose allows"),
            todo=Said("按用途上限表缩小该项", "make it smaller: see the purpose's table in the packs"),
            article=PIPL_19,
            where=attribute,
        )


def zone_day(now: datetime) -> date:
    """The day it is in the zone."""
    return now.astimezone(ZONE_TIME).date()


def window_start(window: str, now: datetime) -> datetime | None:
    """When the window that holds `now` began, in UTC: a month or a year of the zone's time; None: with the letter."""
    if window == "letter":
        return None
    day = now.astimezone(ZONE_TIME).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (day if window == "month" else day.replace(month=1)).astimezone(UTC)


def uses_now(letter: Letter, now: datetime) -> int:
    """How often the letter was used in the window that holds `now`."""
    began = window_start(letter.window, now)
    if began is None:
        return letter.uses
    if letter.window_started is None or letter.window_started < began:
        return 0
    return letter.uses_in_window


def cap_now(letter: Letter, limits: PurposeLimits) -> int:
    """The letter's cap, or the purpose's where that is smaller by now."""
    return letter.cap if letter.mode == "once" else min(letter.cap, limits.cap(letter.window))


def is_minor(ric: str, day: date) -> bool:
    """Whether the bearer of a citizen number (18 characters) is under 18 on a day."""
    return ric[6:14] > f"{day.year - ADULT:04d}{day.month:02d}{day.day:02d}"
